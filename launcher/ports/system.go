package ports

import (
	"context"
	"net"
	"path/filepath"
	"strconv"

	"github.com/shirou/gopsutil/v4/process"

	"taskctl/pkg/config"
)

// SystemAt returns the directory of the taskctl system that listens at an address;
// empty if there is none, or if this user may not see it.
func SystemAt(ctx context.Context, addr string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	if n, err := strconv.Atoi(port); err == nil && n > 0 {
		return holderOf(ctx, n).Dir
	}
	return ""
}

// systemDir returns the directory of the system that a process belongs to. It finds the
// directory by the lock file, which the launcher (the process or its parent) has open.
func systemDir(ctx context.Context, p *process.Process) string {
	parent, err := p.ParentWithContext(ctx)
	for _, candidate := range []*process.Process{p, parent} {
		if candidate == nil || candidate == parent && err != nil {
			continue
		}
		files, err := candidate.OpenFilesWithContext(ctx)
		if err != nil {
			continue
		}
		for _, file := range files {
			if dir, name := filepath.Split(file.Path); name == config.LockFile && filepath.Base(dir) == "data" {
				return filepath.Dir(filepath.Clean(dir))
			}
		}
	}
	return ""
}
