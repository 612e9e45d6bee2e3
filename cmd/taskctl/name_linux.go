package main

import (
	"os"
	"path/filepath"
)

// nameProcess makes ps, top and lsof show the name of argv[0]. The launcher starts its
// components through /proc/self/exe, so Linux would call them all "exe".
func nameProcess() {
	_ = os.WriteFile("/proc/self/comm", []byte(filepath.Base(os.Args[0])), 0) // only the name would be wrong
}
