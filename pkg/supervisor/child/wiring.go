package child

import (
	"fmt"
	"strconv"
	"strings"
)

// Variable is the environment variable that tells a child how it is wired to
// its launcher. [Connect] removes it, so that no command of the user's inherits it.
const Variable = "TASKCTL_CHILD"

// Wiring names the descriptors that a child inherits. Its text is the value of
// [Variable]: "notify=3 lifeline=4 listen=5,6 gated".
type Wiring struct {
	Notify   int   // write end: lines up to the launcher
	Lifeline int   // read end: lines down, and its end of file means the launcher is gone
	Listen   []int // listening sockets
	Gated    bool  // accept no connection before the launcher says so
}

// firstInherited is the lowest descriptor after stdin, stdout and stderr.
const firstInherited = 3

// String renders w as [ParseWiring] reads it.
func (w Wiring) String() string {
	text := fmt.Sprintf("notify=%d lifeline=%d", w.Notify, w.Lifeline)
	if len(w.Listen) > 0 {
		numbers := make([]string, len(w.Listen))
		for i, fd := range w.Listen {
			numbers[i] = strconv.Itoa(fd)
		}
		text += " listen=" + strings.Join(numbers, ",")
	}
	if w.Gated {
		text += " gated"
	}
	return text
}

// ParseWiring reads the value of [Variable]. No descriptor may appear twice, and
// none may be one of the standard three.
func ParseWiring(text string) (Wiring, error) {
	var w Wiring
	seen := make(map[int]bool)
	number := func(digits string) (int, error) {
		fd, err := strconv.Atoi(digits)
		if err != nil || fd < firstInherited || fd > maxDescriptor {
			return 0, fmt.Errorf("%s: %q is no inherited descriptor", Variable, digits)
		}
		if seen[fd] {
			return 0, fmt.Errorf("%s: descriptor %d appears twice", Variable, fd)
		}
		seen[fd] = true
		return fd, nil
	}
	for _, field := range strings.Fields(text) {
		key, value, _ := strings.Cut(field, "=")
		var err error
		switch key {
		case "notify":
			w.Notify, err = number(value)
		case "lifeline":
			w.Lifeline, err = number(value)
		case "listen":
			for digits := range strings.SplitSeq(value, ",") {
				var fd int
				if fd, err = number(digits); err != nil {
					break
				}
				w.Listen = append(w.Listen, fd)
			}
		case "gated":
			w.Gated = true
		default:
			err = fmt.Errorf("%s: unknown word %q", Variable, key)
		}
		if err != nil {
			return Wiring{}, err
		}
	}
	if w.Notify == 0 || w.Lifeline == 0 {
		return Wiring{}, fmt.Errorf("%s: needs notify and lifeline, has %q", Variable, text)
	}
	return w, nil
}

// maxDescriptor bounds what a stranger's variable can make us touch.
const maxDescriptor = 1 << 20
