//go:build !linux

package main

// nameProcess has nothing to do: children are started by the program's path here.
func nameProcess() {}
