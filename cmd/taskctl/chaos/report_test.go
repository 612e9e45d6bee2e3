//go:build linux

package chaos

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taskctl/taskctl/pkg/task"
)

// report is what a run came to.
type report struct {
	history  *history
	killer   *killer
	crew     *crew
	audience *audience
}

// violations makes all the checks, and returns the first violation of each.
func (r *report) violations(t testing.TB, s *system, final listing) (found []*violation) {
	took := func(err error) {
		var v *violation
		if err != nil && !errors.As(err, &v) {
			v = &violation{what: err.Error()}
		}
		if v != nil {
			found = append(found, v)
		}
	}
	took(checkWrites(r.crew.writes(), r.history))
	took(checkFold(r.history, append(r.crew.watcher.listings, final)))
	for _, w := range r.crew.writers {
		for _, fault := range w.faults {
			took(errors.New(fault))
		}
	}
	for _, rec := range r.audience.recorders {
		var types []task.EventType
		if rec.name == "filtered.record" {
			types = []task.EventType{task.Created, task.Deleted}
		}
		took(checkFile(rec.path, func(f *os.File) error { return checkStream(rec.path, f, r.history, types...) }))
	}
	output := r.audience.output
	took(checkFile(output, func(f *os.File) error { return checkStream(output, f, r.history) }))
	log := s.create(t, "consumer.joined")
	took(r.audience.joinLog(log))
	took(checkFile(log.Name(), func(f *os.File) error { return checkLog(log.Name(), f, r.history) }))
	return found
}

func checkFile(path string, check func(*os.File) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return check(file)
}

const (
	nearLines  = 4
	nearEvents = 2
	wide       = 400 // characters of a line are shown
)

// surroundings show what a violation is about: its record, the log, the writes of
// those events, and what was being done to the system then.
func (r *report) surroundings(v *violation) string {
	var b strings.Builder
	show := func(format string, args ...any) {
		line := fmt.Sprintf(format, args...)
		if len(line) > wide {
			line = strings.ToValidUTF8(line[:wide], "") + "…"
		}
		b.WriteString("    " + line + "\n")
	}
	if v.line > 0 {
		b.WriteString("  the record:\n")
		_ = checkFile(v.record, func(f *os.File) error {
			return eachLine(f, func(n int, line string) error {
				if n >= v.line-nearLines && n <= v.line+nearLines {
					show("%d: %s", n, line)
				}
				return nil
			})
		})
	}
	e := r.history.at(v.seq)
	if e == nil {
		return b.String()
	}
	from, to := max(v.seq, nearEvents+1)-nearEvents, v.seq+nearEvents
	b.WriteString("  the log:\n")
	for seq := from; seq <= min(to, r.history.head()); seq++ {
		show("%s", r.history.at(seq).raw)
	}
	b.WriteString("  the writes:\n")
	for _, w := range r.crew.writes() {
		if w.answer != nil && w.answer.position.Seq >= from && w.answer.position.Seq <= to {
			show("%s", w)
		}
	}
	fmt.Fprintf(&b, "  what was done around %s:\n", e.Timestamp.Format("15:04:05.000"))
	for _, d := range r.killer.around(e.Timestamp) {
		show("%s", d)
	}
	return b.String()
}

// summary is the counts of a run.
func (r *report) summary() string {
	var acked, refused, nothing, attempts, lost, replayed int
	for _, w := range r.crew.writers {
		lost += w.lost
		replayed += w.replayed
		for _, op := range w.writes {
			attempts += op.attempts
			switch {
			case op.answer == nil:
			case !op.answer.done():
				refused++
			case op.nothing:
				nothing++
			default:
				acked++
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "writes acknowledged %d, and %d that change nothing; refused %d; attempts %d, of them without an answer %d; asked again after all %d\n",
		acked, nothing, refused, attempts, lost, replayed)
	fmt.Fprintf(&b, "events %d; looks at all tasks %d\n", r.history.head(), len(r.crew.watcher.listings))
	fmt.Fprintf(&b, "done: %s\n", r.killer.summary())
	b.WriteString("connections:")
	for _, rec := range r.audience.recorders {
		fmt.Fprintf(&b, " %s %d", strings.TrimSuffix(filepath.Base(rec.name), ".record"), rec.connections.Load())
	}
	fmt.Fprintf(&b, "; the slow one was %d events behind at the end", r.audience.lag)
	launchers, vain := r.killer.launcher.again()
	consumers, _ := r.audience.process.again()
	fmt.Fprintf(&b, "; started again: launcher %d (%d after a start that a kill made fail), output consumer %d", launchers, vain, consumers)
	return b.String()
}
