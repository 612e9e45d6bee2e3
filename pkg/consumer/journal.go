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
//
// The output is the file that stands at its path. Where somebody moves that away,
// deletes or empties it, the lines that are out go with it, and the next ones
// stand in the file that is there then.
type journal struct {
	cfg    Config
	voice  *voice
	out    io.Writer
	file   *os.File    // the output file, which out is then; nil: none
	opened os.FileInfo // of file
	mark   *markFile
	state  checkpoint // as it will be saved
	saved  checkpoint // as it was saved last; its Output is empty where it tells of none
	seen   func(task.Position)

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
	j := &journal{cfg: cfg, voice: v, out: &untilStopped{ctx, deps.Stdout}, seen: deps.Seen}
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
		if cfg.Output != "" {
			if err = checkOutput(cfg.Output); err != nil {
				return j, err
			}
		}
		// Whoever has the checkpoint may touch the output. Only where there is none
		// yet the output comes first: it is what was asked for, and may not be had.
		if j.mark, err = openMark(ctx, cfg.Checkpoint, 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return j, err
		}
		if cfg.Output != "" {
			if made, err = j.openOutput(); err != nil {
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
		j.placed, j.saved = found, j.state
	}
	if cfg.Output != "" {
		if err = j.bringBack(); err != nil {
			return j, err
		}
	}
	if cfg.Since != nil && (!found || j.state.Since != cfg.Since.String()) {
		j.state.Position, j.state.Since, j.placed = *cfg.Since, cfg.Since.String(), true
		found = false
	}
	// From the first line on there is a checkpoint that tells where it began.
	j.dirty = !found || j.state.Output != j.saved.Output
	return j, nil
}

// checkOutput refuses what is there under the output's name and is no file. It
// does so before anything is opened: to open a device may do something.
func checkOutput(path string) error {
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
func (j *journal) openOutput() (made bool, err error) {
	const flags = os.O_RDWR | os.O_APPEND | os.O_CREATE
	file, err := os.OpenFile(j.cfg.Output, flags|os.O_EXCL, 0o644)
	made = err == nil
	if errors.Is(err, fs.ErrExist) {
		file, err = os.OpenFile(j.cfg.Output, flags, 0o644)
	}
	if err != nil {
		return false, fmt.Errorf("open output: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return made, errors.Join(fmt.Errorf("measure output: %w", err), file.Close())
	}
	j.file, j.out, j.opened = file, file, info
	return made, nil
}

// bringBack cuts off of the output what the checkpoint does not cover. A file that
// no checkpoint tells of is somebody's, and is only added to.
func (j *journal) bringBack() error {
	name, err := relative(j.cfg.Checkpoint, j.cfg.Output)
	if err != nil {
		return err
	}
	size, covered := j.opened.Size(), j.saved.Length
	j.state.Output = name
	switch {
	case j.saved.Output == "":
		_, err := j.endLine(size)
		return err
	case j.saved.Output != name:
		return fmt.Errorf("checkpoint %s belongs to the output %s: give %s a checkpoint of its own",
			j.cfg.Checkpoint, j.saved.Output, j.cfg.Output)
	case size > covered:
		j.voice.say(j.voice.lang.ConsumerOutputCut(j.cfg.Output, size-covered))
		if err := j.file.Truncate(covered); err != nil {
			return fmt.Errorf("cut output: %w", err)
		}
	case size == 0 && covered > 0:
		return j.beginAnew(size)
	case size < covered:
		return fmt.Errorf("output %s has %d bytes and its checkpoint %s tells of %d: move one of them away",
			j.cfg.Output, size, j.cfg.Checkpoint, covered)
	}
	return nil
}

// stayAtPath makes the output the file that its path names now. There is a moment
// between the look and the write; lines that somebody moves away in it stand in
// the file that was moved.
func (j *journal) stayAtPath() error {
	info, err := os.Stat(j.cfg.Output)
	switch {
	case err == nil && os.SameFile(info, j.opened):
		if info.Size() == 0 && j.saved.Length > 0 {
			return j.beginAnew(0)
		}
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("find output: %w", err)
	}
	if err := checkOutput(j.cfg.Output); err != nil {
		return err
	}
	before := j.file
	if _, err := j.openOutput(); err != nil {
		return err
	}
	// The checkpoint is about to say that these lines are somewhere else for good.
	if err := errors.Join(before.Sync(), before.Close()); err != nil {
		return fmt.Errorf("sync output: %w", err)
	}
	size, err := j.endLine(j.opened.Size())
	if err != nil {
		return err
	}
	return j.beginAnew(size)
}

// beginAnew goes on in an output that has none of the lines that the checkpoint
// tells of, but size bytes that are somebody's. The checkpoint must say so before
// there is a line, or the next run would measure the old ones against it.
func (j *journal) beginAnew(size int64) error {
	j.voice.say(j.voice.lang.ConsumerOutputAnew(j.cfg.Output))
	if j.saved.Output == "" {
		return nil
	}
	j.saved.Length = size
	j.mark.synced = false // nor may a crash of the machine bring the old length back
	return j.mark.save(j.saved)
}

// endLine keeps the first line from joining one that somebody left unfinished. It
// returns what size comes to.
func (j *journal) endLine(size int64) (int64, error) {
	if size == 0 {
		return 0, nil
	}
	var last [1]byte
	if _, err := j.file.ReadAt(last[:], size-1); err != nil {
		return 0, fmt.Errorf("read output: %w", err)
	}
	if last[0] == '\n' {
		return size, nil
	}
	if _, err := j.file.Write([]byte{'\n'}); err != nil {
		return 0, fmt.Errorf("write output: %w", err)
	}
	return size + 1, nil
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
		if j.file != nil {
			if err := j.stayAtPath(); err != nil {
				return err
			}
		}
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
	j.saved, j.dirty = j.state, false
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
