//go:build unix && !linux

package command

import "syscall"

func killWithParent(*syscall.SysProcAttr) {}
