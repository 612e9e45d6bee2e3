//go:build linux

package chaos

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taskctl/pkg/task"
)

// report holds the results of a run.
type report struct {
	history     *history
	killer      *killer
	writerGroup *writerGroup
	subscribers *subscribers
	hooks       []*hookReceiver
}

// violations holds the first violation of each check.
type violations []*violation

func (all *violations) add(err error) {
	var v *violation
	if err != nil && !errors.As(err, &v) {
		v = &violation{what: err.Error()}
	}
	if v != nil {
		*all = append(*all, v)
	}
}

// violations runs all checks.
func (r *report) violations(t testing.TB, s *system, final listing) (found violations) {
	found = r.broken(final)
	output := r.subscribers.output
	found.add(checkFile(output, func(f *os.File) error { return checkStream(output, f, r.history) }))
	for _, hook := range r.hooks {
		path := hook.recorder.path
		found.add(checkFile(path, func(f *os.File) error { return checkHook(path, f, r.history) }))
	}
	found.add(r.checkConsumerLog(t, r.subscribers.logs, filepath.Join(s.root, "consumer.joined")))
	return found
}

// checkConsumerLog joins the log of a launcher's own consumer into one file and checks it.
func (r *report) checkConsumerLog(t testing.TB, logs, joined string) error {
	t.Helper()
	file, err := os.Create(joined)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(joinLog(logs, file), file.Close()); err != nil {
		return err
	}
	return checkFile(joined, func(f *os.File) error { return checkLog(joined, f, r.history) })
}

// broken runs the common checks: of the writes, of the listed tasks during the run and
// at its end, and of the records.
func (r *report) broken(final ...listing) (found violations) {
	found.add(checkWrites(r.writerGroup.writes(), r.history))
	found.add(checkFold(r.history, append(r.writerGroup.lister.listings, final...)))
	for _, w := range r.writerGroup.writers {
		for _, fault := range w.faults {
			found.add(errors.New(fault))
		}
	}
	for _, rec := range r.subscribers.recorders {
		var types []task.EventType
		if rec.name == "filtered.record" {
			types = []task.EventType{task.Created, task.Deleted}
		}
		found.add(checkFile(rec.path, func(f *os.File) error { return checkStream(rec.path, f, r.history, types...) }))
	}
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
	maxLine    = 400 // characters of a line are shown
)

// surroundings shows the context of a violation: its record, the log, the writes of
// those events, and the killer's actions at that time.
func (r *report) surroundings(v *violation) string {
	var b strings.Builder
	show := func(format string, args ...any) {
		line := fmt.Sprintf(format, args...)
		if len(line) > maxLine {
			line = strings.ToValidUTF8(line[:maxLine], "") + "…"
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
	for _, w := range r.writerGroup.writes() {
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

// summary renders the counts of a run.
func (r *report) summary() string {
	var acked, refused, nothing, attempts, lost, replayed int
	for _, w := range r.writerGroup.writers {
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
	fmt.Fprintf(&b, "events %d; looks at all tasks %d\n", r.history.head(), len(r.writerGroup.lister.listings))
	fmt.Fprintf(&b, "done: %s\n", r.killer.summary())
	b.WriteString("connections:")
	for _, rec := range r.subscribers.recorders {
		fmt.Fprintf(&b, " %s %d", strings.TrimSuffix(filepath.Base(rec.name), ".record"), rec.connections.Load())
	}
	fmt.Fprintf(&b, "; the slow one was %d events behind at the end", r.subscribers.lag)
	if r.killer.launcher == nil {
		return b.String()
	}
	fmt.Fprintf(&b, "\n%s", hookSummary(r.hooks, r.history))
	launchers, vain := r.killer.launcher.again()
	consumers, _ := r.subscribers.process.again()
	fmt.Fprintf(&b, "; started again: launcher %d (%d after a start that a kill made fail), output consumer %d", launchers, vain, consumers)
	return b.String()
}
