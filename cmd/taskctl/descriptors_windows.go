package main

// closeInheritedOnExec has nothing to do: Windows passes on only the handles that
// a process names.
func closeInheritedOnExec() {}
