//go:build !linux

package main

// nameProcess is needed on Linux alone: elsewhere a program is started by its name.
func nameProcess() {}
