package supervisor

import (
	"bytes"
	"crypto/rand"
	"strconv"
	"strings"
)

// MarkVariable is the environment variable that names the generation a process
// belongs to. Unlike the group it survives setsid and double forks, so that
// descendants which left are found, and it cannot be mistaken for anybody
// else's, so that a recycled pid never is.
const MarkVariable = "TASKCTL_GENERATION"

// newMark names one run of a supervisor.
func newMark() string { return rand.Text() }

func componentMark(run, component string) string { return run + "." + component }

func generationMark(component string, number uint64) string {
	return component + "." + strconv.FormatUint(number, 10)
}

// markIn returns the mark in an environment: NAME=value entries, each ended by a NUL.
func markIn(environ []byte) string {
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		if value, found := bytes.CutPrefix(entry, []byte(MarkVariable+"=")); found {
			return string(value)
		}
	}
	return ""
}

// componentOf returns the component that a process of a run belongs to.
func componentOf(environ []byte, run string) (string, bool) {
	rest, is := strings.CutPrefix(markIn(environ), run+".")
	if !is || run == "" {
		return "", false
	}
	end := strings.LastIndexByte(rest, '.')
	if end < 0 {
		return "", false
	}
	return rest[:end], true
}
