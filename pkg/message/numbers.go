package message

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Numbers as people write them in each language.

// decimal is a number that is formatted with the decimal comma of Spanish.
type decimal float64

// Format implements fmt.Formatter.
func (d decimal) Format(s fmt.State, verb rune) {
	text := fmt.Sprintf(fmt.FormatString(s, verb), float64(d))
	_, _ = io.WriteString(s, strings.Replace(text, ".", ",", 1)) // a fmt.State takes everything
}

// localized returns the arguments of a text in the form of the language.
func (l Lang) localized(args []any) []any {
	if l != Spanish {
		return args
	}
	local := make([]any, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case float64:
			local[i] = decimal(arg)
		case time.Duration:
			local[i] = strings.ReplaceAll(arg.String(), ".", ",")
		default:
			local[i] = arg
		}
	}
	return local
}

// Number formats a number with a verb such as "%.1f%%".
func (l Lang) Number(format string, n float64) string {
	return fmt.Sprintf(format, l.localized([]any{n})...)
}

// Took formats a duration with three significant digits where it is short.
func (l Lang) Took(d time.Duration) string { return l.say("%s", "%s", rounded(d)) }

func rounded(d time.Duration) time.Duration {
	switch {
	case d < 10*time.Millisecond:
		return d.Round(10 * time.Microsecond)
	case d < time.Second:
		return d.Round(time.Millisecond)
	case d < time.Minute:
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(time.Second)
}

// Bytes formats a size in the largest unit of which there is one: 200 MiB in the
// settings is 200 MiB here.
func (l Lang) Bytes(n int64) string {
	for _, unit := range []struct {
		name string
		size int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n < unit.size {
			continue
		}
		if value := float64(n) / float64(unit.size); value < 100 && n%unit.size != 0 {
			return l.say("%.1f %s", "%.1f %s", value, unit.name)
		}
		return fmt.Sprintf("%d %s", (n+unit.size/2)/unit.size, unit.name)
	}
	return fmt.Sprintf("%d B", n)
}

// noun is a word for one of something and for any other number.
type noun struct{ one, many string }

// count is a number of things: "1 task", "2 tareas".
func (l Lang) count(n int64, en, es noun) string {
	word := en
	if l == Spanish {
		word = es
	}
	if n == 1 {
		return "1 " + word.one
	}
	return fmt.Sprintf("%d %s", n, word.many)
}

// tasks, events and the others are counted nouns of several texts.
func (l Lang) tasks(n int64) string {
	return l.count(n, noun{"task", "tasks"}, noun{"tarea", "tareas"})
}

func (l Lang) events(n int64) string {
	return l.count(n, noun{"event", "events"}, noun{"evento", "eventos"})
}

func (l Lang) clients(n int64) string {
	return l.count(n, noun{"client", "clients"}, noun{"cliente", "clientes"})
}

func (l Lang) connections(n int64) string {
	return l.count(n, noun{"connection", "connections"}, noun{"conexión", "conexiones"})
}

func (l Lang) lines(n int64) string {
	return l.count(n, noun{"line", "lines"}, noun{"línea", "líneas"})
}
