//go:build unix && !linux

package consumer

import "syscall"

func dieWithParent(*syscall.SysProcAttr) {}
