package consumer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/taskctl/taskctl/pkg/task"
)

// journal is where lines go and where it is remembered how far they have gone.
// The order is: line out, output synced, checkpoint. Whatever is killed in
// between, the output holds what the checkpoint says and perhaps more, and the
// next run cuts off what is more, because those events come again.
type journal struct {
	out   io.Writer
	file  *os.File // the output file, which out is then; nil: none
	mark  *markFile
	state checkpoint // as it will be saved
	seen  func(task.Position)

	lines   []byte        // not yet out
	last    task.Position // of the last event in lines
	pending bool          // last has not been told to seen
	placed  bool          // state.Position is meant: false until the first welcome of a new journal
	dirty   bool          // state.Position is not yet saved
}

// openJournal finds out where to go on, and brings the output to the state that
// the checkpoint tells of.
func openJournal(ctx context.Context, cfg Config, deps Deps, v *voice) (_ *journal, err error) {
	j := &journal{out: &untilStopped{ctx, deps.Stdout}, seen: deps.Seen}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.close())
		}
	}()
	found := false
	if cfg.Checkpoint != "" {
		if j.mark, err = openMark(ctx, cfg.Checkpoint); err != nil {
			return j, err
		}
		if j.state, found, err = j.mark.load(); err != nil {
			return j, err
		}
		j.placed = found
	}
	if cfg.Output != "" {
		if err = j.openOutput(cfg, v, found); err != nil {
			return j, err
		}
	}
	if cfg.Since != nil && (!found || j.state.Since != cfg.Since.String()) {
		j.state.Position, j.state.Since, j.placed = *cfg.Since, cfg.Since.String(), true
		found = false
	}
	j.dirty = !found // from the first line on there is a checkpoint that tells where it began
	return j, nil
}

// openOutput opens the output and cuts off what the checkpoint does not cover. A
// file that no checkpoint tells of is somebody's, and is only added to.
func (j *journal) openOutput(cfg Config, v *voice, found bool) error {
	name, err := relative(cfg.Checkpoint, cfg.Output)
	if err != nil {
		return err
	}
	if found && j.state.Output != "" && j.state.Output != name {
		return fmt.Errorf("checkpoint %s belongs to the output %s: give %s a checkpoint of its own",
			cfg.Checkpoint, j.state.Output, cfg.Output)
	}
	found = found && j.state.Output != ""
	if j.file, err = os.OpenFile(cfg.Output, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644); err != nil {
		return fmt.Errorf("open output: %w", err)
	}
	j.out = j.file
	info, err := j.file.Stat()
	if err != nil {
		return fmt.Errorf("open output: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("output %s is not a file that can be cut back: redirect standard output instead", cfg.Output)
	}
	size, covered := info.Size(), j.state.Length
	j.state.Output = name
	switch {
	case !found:
		return j.endLine(size)
	case size > covered:
		v.say(v.lang.ConsumerOutputCut(cfg.Output, size-covered))
		if err := j.file.Truncate(covered); err != nil {
			return fmt.Errorf("cut output: %w", err)
		}
	case size == 0 && covered > 0:
		v.say(v.lang.ConsumerOutputAnew(cfg.Output))
	case size < covered:
		return fmt.Errorf("output %s has %d bytes and its checkpoint %s tells of %d: move one of them away",
			cfg.Output, size, cfg.Checkpoint, covered)
	}
	return nil
}

// endLine keeps the first line from joining one that somebody left unfinished.
func (j *journal) endLine(size int64) error {
	if size == 0 {
		return nil
	}
	var last [1]byte
	if _, err := j.file.ReadAt(last[:], size-1); err != nil {
		return fmt.Errorf("read output: %w", err)
	}
	if last[0] != '\n' {
		j.lines = append(j.lines, '\n')
	}
	return nil
}

// relative names the output as seen from its checkpoint, so that the two can be
// moved together.
func relative(checkpoint, output string) (string, error) {
	from, err := filepath.Abs(filepath.Dir(checkpoint))
	if err != nil {
		return "", fmt.Errorf("find checkpoint: %w", err)
	}
	to, err := filepath.Abs(output)
	if err != nil {
		return "", fmt.Errorf("find output: %w", err)
	}
	if name, err := filepath.Rel(from, to); err == nil {
		return name, nil
	}
	return to, nil // on another drive
}

// event notes that lines now ends with the line of the event at p.
func (j *journal) event(p task.Position) { j.last, j.pending = p, true }

// move notes that everything up to p is done with.
func (j *journal) move(p task.Position) {
	j.dirty = j.dirty || j.state.Position != p
	j.state.Position, j.placed = p, true
}

// print puts the lines out, in one write, and tells how far they go.
func (j *journal) print() error {
	if len(j.lines) > 0 {
		if _, err := j.out.Write(j.lines); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		j.lines = j.lines[:0]
	}
	if j.pending {
		j.pending = false
		j.seen(j.last)
	}
	return nil
}

// flush puts the lines out and makes the checkpoint say so.
func (j *journal) flush() error {
	if err := j.print(); err != nil {
		return err
	}
	if j.mark == nil || !j.placed || !j.dirty {
		return nil
	}
	if j.file != nil {
		if err := j.file.Sync(); err != nil {
			return fmt.Errorf("sync output: %w", err)
		}
		info, err := j.file.Stat()
		if err != nil {
			return fmt.Errorf("measure output: %w", err)
		}
		j.state.Length = info.Size()
	}
	if err := j.mark.save(j.state); err != nil {
		return err
	}
	j.dirty = false
	return nil
}

// close releases the files. What was flushed is written.
func (j *journal) close() error {
	var errs []error
	if j.file != nil {
		errs = append(errs, j.file.Close())
	}
	if j.mark != nil {
		errs = append(errs, j.mark.close())
	}
	return errors.Join(errs...)
}
