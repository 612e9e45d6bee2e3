package supervisor

import (
	"bytes"
	"crypto/rand"
	"strconv"
	"strings"
)

// GenerationVariable is the environment variable that names the generation a process
// belongs to. Unlike the process group it survives setsid and double forks, so
// descendants that left the group are found. It is unique, so a process that reuses a
// pid is never mistaken for one of ours.
const GenerationVariable = "TASKCTL_GENERATION"

// newRunID identifies one run of a supervisor.
func newRunID() string { return rand.Text() }

func componentID(run, component string) string { return run + "." + component }

func generationID(component string, number uint64) string {
	return component + "." + strconv.FormatUint(number, 10)
}

// generationIDIn returns the generation's ID in an environment: NAME=value entries, each ended by a NUL.
func generationIDIn(environ []byte) string {
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		if value, found := bytes.CutPrefix(entry, []byte(GenerationVariable+"=")); found {
			return string(value)
		}
	}
	return ""
}

// componentOf returns the component that a process of a run belongs to.
func componentOf(environ []byte, run string) (string, bool) {
	rest, is := strings.CutPrefix(generationIDIn(environ), run+".")
	if !is || run == "" {
		return "", false
	}
	end := strings.LastIndexByte(rest, '.')
	if end < 0 {
		return "", false
	}
	return rest[:end], true
}
