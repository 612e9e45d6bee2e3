package consumer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
// the checkpoint tells of. Where it refuses, it leaves no file behind that was not
// there before.
func openJournal(ctx context.Context, cfg Config, deps Deps, v *voice) (_ *journal, err error) {
	j := &journal{out: &untilStopped{ctx, deps.Stdout}, seen: deps.Seen}
	made := false
	defer func() {
		if err == nil {
			return
		}
		err = errors.Join(err, j.close())
		if made && !errors.Is(err, errLocked) { // by then it may be the other consumer's output
			err = errors.Join(err, os.Remove(cfg.Output))
		}
	}()
	found := false
	if cfg.Checkpoint != "" {
		if err = checkOutput(cfg.Output); err != nil {
			return j, err
		}
		// Whoever has the checkpoint may touch the output. Only where there is none
		// yet the output comes first: it is what was asked for, and may not be had.
		if j.mark, err = openMark(ctx, cfg.Checkpoint, 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return j, err
		}
		if cfg.Output != "" {
			if made, err = j.openOutput(cfg.Output); err != nil {
				return j, err
			}
		}
		if j.mark == nil {
			if j.mark, err = openMark(ctx, cfg.Checkpoint, os.O_CREATE); err != nil {
				return j, err
			}
		}
		if j.state, found, err = j.mark.load(); err != nil {
			return j, err
		}
		j.placed = found
	}
	if cfg.Output != "" {
		if err = j.bringBack(cfg, v, found); err != nil {
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

// checkOutput refuses what is there under the output's name and is no file. It
// does so before anything is opened: to open a device may do something.
func checkOutput(path string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("open output: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("output %s is not a file that can be cut back: name one, or redirect standard output instead", path)
	}
	return nil
}

// openOutput opens the output, and makes it if it is missing.
func (j *journal) openOutput(path string) (made bool, err error) {
	const flags = os.O_RDWR | os.O_APPEND | os.O_CREATE
	file, err := os.OpenFile(path, flags|os.O_EXCL, 0o644)
	made = err == nil
	if errors.Is(err, fs.ErrExist) {
		file, err = os.OpenFile(path, flags, 0o644)
	}
	if err != nil {
		return false, fmt.Errorf("open output: %w", err)
	}
	j.file, j.out = file, file
	return made, nil
}

// bringBack cuts off of the output what the checkpoint does not cover. A file that
// no checkpoint tells of is somebody's, and is only added to.
func (j *journal) bringBack(cfg Config, v *voice, found bool) error {
	name, err := relative(cfg.Checkpoint, cfg.Output)
	if err != nil {
		return err
	}
	if found && j.state.Output != "" && j.state.Output != name {
		return fmt.Errorf("checkpoint %s belongs to the output %s: give %s a checkpoint of its own",
			cfg.Checkpoint, j.state.Output, cfg.Output)
	}
	found = found && j.state.Output != ""
	info, err := j.file.Stat()
	if err != nil {
		return fmt.Errorf("measure output: %w", err)
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
