package consumer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// openFile opens the output file and creates it if it is missing.
func (o *output) openFile() (created bool, err error) {
	const flags = os.O_RDWR | os.O_APPEND | os.O_CREATE
	file, err := os.OpenFile(o.cfg.Output, flags|os.O_EXCL, 0o644) //nolint:gosec // the file of the user, whose umask decides
	created = err == nil
	if errors.Is(err, fs.ErrExist) {
		file, err = os.OpenFile(o.cfg.Output, flags, 0o644) //nolint:gosec // the file of the user, whose umask decides
	}
	if err != nil {
		return false, openError(o.cfg.Output, err)
	}
	info, err := file.Stat()
	if err != nil {
		return created, errors.Join(fmt.Errorf("measure output: %w", err), file.Close())
	}
	o.file, o.out, o.fileInfo = file, file, info
	return created, nil
}

// truncateToCheckpoint removes the bytes that the checkpoint does not cover. If the
// checkpoint names no output, the file is not ours: lines are only appended.
func (o *output) truncateToCheckpoint() error {
	name, err := relative(o.cfg.Checkpoint, o.cfg.Output)
	if err != nil {
		return err
	}
	size, covered := o.fileInfo.Size(), o.saved.Length
	o.state.Output = name
	switch {
	case o.saved.Output == "":
		_, err := o.endWithNewline(size)
		return err
	case o.saved.Output != name:
		return fmt.Errorf("checkpoint %s belongs to the output %s: use another checkpoint for %s",
			o.cfg.Checkpoint, o.saved.Output, o.cfg.Output)
	case size > covered:
		o.reporter.print(o.reporter.lang.ConsumerOutputCut(o.cfg.Output, size-covered))
		if err := o.file.Truncate(covered); err != nil {
			return fmt.Errorf("truncate output: %w", err)
		}
	case size == 0 && covered > 0:
		return o.startOver(size)
	case size < covered:
		return fmt.Errorf("output %s has %d bytes but its checkpoint %s expects %d: move one of them away",
			o.cfg.Output, size, o.cfg.Checkpoint, covered)
	}
	return nil
}

// followPath opens the file that is now at the path, if it is another one. Between
// this check and the write the file may still be moved; then the lines go with it.
func (o *output) followPath() error {
	info, err := os.Stat(o.cfg.Output)
	switch {
	case err == nil && os.SameFile(info, o.fileInfo):
		if info.Size() == 0 && o.saved.Length > 0 {
			return o.startOver(0)
		}
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("find output: %w", err)
	}
	if err := o.cfg.Protected.check(o.cfg.Output, o.cfg.Checkpoint); err != nil {
		return err
	}
	previous := o.file
	if _, err := o.openFile(); err != nil {
		return err
	}
	// The lines in the previous file must be durable before the checkpoint stops
	// covering them.
	if err := errors.Join(previous.Sync(), previous.Close()); err != nil {
		return fmt.Errorf("sync output: %w", err)
	}
	size, err := o.endWithNewline(o.fileInfo.Size())
	if err != nil {
		return err
	}
	return o.startOver(size)
}

// startOver continues in a file without any of the covered lines, but with size
// bytes that are not ours. The checkpoint must say so before the first new line, or
// the next run would compare the old length with the new file.
func (o *output) startOver(size int64) error {
	o.reporter.print(o.reporter.lang.ConsumerOutputAnew(o.cfg.Output))
	if o.saved.Output == "" {
		return nil
	}
	o.saved.Length = size
	o.checkpoint.Resync() // a machine crash must not bring the old length back
	return o.checkpoint.Save(o.saved)
}

// endWithNewline appends a newline if the last line of the file has none, and
// returns the new size.
func (o *output) endWithNewline(size int64) (int64, error) {
	if size == 0 {
		return 0, nil
	}
	var last [1]byte
	if _, err := o.file.ReadAt(last[:], size-1); err != nil {
		return 0, fmt.Errorf("read output: %w", err)
	}
	if last[0] == '\n' {
		return size, nil
	}
	if _, err := o.file.Write([]byte{'\n'}); err != nil {
		return 0, fmt.Errorf("write output: %w", err)
	}
	return size + 1, nil
}

// relative returns the output's path relative to the checkpoint's directory, so
// that both can be moved together.
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
