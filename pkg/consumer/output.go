package consumer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"taskctl/pkg/checkpoint"
	"taskctl/pkg/task"
)

// output writes lines and records in the checkpoint how far they go. The order is:
// write the lines, sync the output file, save the checkpoint. After a kill at any
// point the file holds at least what the checkpoint says. The next run truncates
// the rest, because those events come again.
//
// The output file is the file at the path. If somebody moves, deletes or empties
// it, the lines in it go with it, and new lines go to the file that is then there.
type output struct {
	cfg        Config
	reporter   *reporter
	out        io.Writer        // file, or standard output
	file       *os.File         // nil: standard output
	fileInfo   os.FileInfo      // of file
	checkpoint *checkpoint.File // nil: none
	state      checkpoint.State // to be saved next
	saved      checkpoint.State // saved last; its Output is empty if the checkpoint names none
	reportSeen func(task.Position)

	lines      []byte        // not yet written
	last       task.Position // of the last event in lines
	unreported bool          // reportSeen has not been called with last
	positioned bool          // state.Position is valid: false until the first welcome of a new checkpoint
	dirty      bool          // state.Position is not saved
}

// openOutput loads the checkpoint and truncates the output file to it. If it fails,
// it leaves no new file behind.
func openOutput(ctx context.Context, cfg Config, deps Deps, r *reporter) (_ *output, err error) {
	o := &output{cfg: cfg, reporter: r, out: &stopWriter{ctx, deps.Stdout}, reportSeen: deps.Seen}
	created := false
	defer func() {
		if err == nil {
			return
		}
		err = errors.Join(err, o.close())
		if created && !errors.Is(err, checkpoint.ErrLocked) { // by then it may be the other consumer's output
			err = errors.Join(err, os.Remove(cfg.Output))
		}
	}()
	if err = cfg.Protected.check(cfg.Output, cfg.Checkpoint); err != nil {
		return o, err
	}
	if cfg.Checkpoint == "" {
		o.startAt(false)
		return o, nil
	}
	// Only the owner of the checkpoint may change the output. Without a checkpoint
	// the output is opened first: if that fails, no checkpoint is created.
	if o.checkpoint, err = openCheckpoint(ctx, cfg.Checkpoint, 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return o, err
	}
	if cfg.Output != "" {
		if created, err = o.openFile(); err != nil {
			return o, err
		}
	}
	if o.checkpoint == nil {
		if o.checkpoint, err = openCheckpoint(ctx, cfg.Checkpoint, os.O_CREATE); err != nil {
			return o, err
		}
	}
	var found bool
	if o.state, found, err = o.checkpoint.Load(); err != nil {
		return o, err
	}
	o.positioned, o.saved = found, o.state
	if cfg.Output != "" {
		if err = o.truncateToCheckpoint(); err != nil {
			return o, err
		}
	}
	o.startAt(found)
	return o, nil
}

// openCheckpoint opens the checkpoint. A file that cannot be opened is a FileError.
func openCheckpoint(ctx context.Context, path string, flag int) (*checkpoint.File, error) {
	file, err := checkpoint.Open(ctx, path, flag)
	if inner := (*fs.PathError)(nil); errors.As(err, &inner) && inner.Op == "open" {
		return nil, openError(path, err)
	}
	return file, err
}

// startAt applies Config.Since, unless the checkpoint continues a run with the same
// Since. found: there is a checkpoint.
func (o *output) startAt(found bool) {
	if since := o.cfg.Since; since != nil && (!found || o.state.Since != since.String()) {
		o.state.Position, o.state.Since, o.positioned = *since, since.String(), true
		found = false
	}
	// Before the first line there must be a checkpoint that says where it started.
	o.dirty = !found || o.state.Output != o.saved.Output
}

// event records that lines now ends with the line of the event at p.
func (o *output) event(p task.Position) { o.last, o.unreported = p, true }

// done records that everything up to p is done.
func (o *output) done(p task.Position) {
	o.dirty = o.dirty || o.state.Position != p
	o.state.Position, o.positioned = p, true
}

// write writes the lines in one call and reports the position they reach.
func (o *output) write() error {
	if len(o.lines) > 0 {
		if o.file != nil {
			if err := o.followPath(); err != nil {
				return err
			}
		}
		if _, err := o.out.Write(o.lines); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		o.lines = o.lines[:0]
	}
	if o.unreported {
		o.unreported = false
		o.reportSeen(o.last)
	}
	return nil
}

// flush writes the lines and saves the checkpoint.
func (o *output) flush() error {
	if err := o.write(); err != nil {
		return err
	}
	if o.checkpoint == nil || !o.positioned || !o.dirty {
		return nil
	}
	if o.file != nil {
		if err := o.file.Sync(); err != nil {
			return fmt.Errorf("sync output: %w", err)
		}
		info, err := o.file.Stat()
		if err != nil {
			return fmt.Errorf("measure output: %w", err)
		}
		o.state.Length = info.Size()
	}
	if err := o.checkpoint.Save(o.state); err != nil {
		return err
	}
	o.saved, o.dirty = o.state, false
	return nil
}

// close closes the files. It does not flush.
func (o *output) close() error {
	var errs []error
	if o.file != nil {
		errs = append(errs, o.file.Close())
	}
	if o.checkpoint != nil {
		errs = append(errs, o.checkpoint.Close())
	}
	return errors.Join(errs...)
}
