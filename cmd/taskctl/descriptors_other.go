//go:build unix && !linux

package main

// closeInheritedOnExec marks the descriptors that the caller left open as
// close-on-exec.
func closeInheritedOnExec() { closeOnExecIn("/dev/fd") }
