//go:build !linux

package main

// nameProcess is needed on Linux only: elsewhere programs are started by their path.
func nameProcess() {}
