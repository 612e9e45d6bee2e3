package child

import (
	"fmt"
	"strconv"
	"strings"
)

// Variable is the environment variable that names the descriptors that a child shares
// with its launcher. [Connect] removes it, so that the user's commands do not inherit
// it.
const Variable = "TASKCTL_CHILD"

// Descriptors are the descriptors that a child inherits. Its text is the value of
// [Variable]: "notify=3 lifeline=4 listen=5,6 gated".
type Descriptors struct {
	Notify   int   // write end, for lines to the launcher
	Lifeline int   // read end, for lines from the launcher; end of file: the launcher is dead
	Listen   []int // listening sockets
	Gated    bool  // accept no connection before LineAccept
}

// firstInherited is the lowest descriptor after stdin, stdout and stderr.
const firstInherited = 3

// String renders w as [ParseDescriptors] reads it.
func (w Descriptors) String() string {
	text := fmt.Sprintf("notify=%d lifeline=%d", w.Notify, w.Lifeline)
	if len(w.Listen) > 0 {
		numbers := make([]string, len(w.Listen))
		for i, fd := range w.Listen {
			numbers[i] = strconv.Itoa(fd)
		}
		text += " listen=" + strings.Join(numbers, ",")
	}
	if w.Gated {
		text += " gated"
	}
	return text
}

// ParseDescriptors reads the value of [Variable]. No descriptor may appear twice, and
// none may be one of the standard three.
func ParseDescriptors(text string) (Descriptors, error) {
	var w Descriptors
	seen := make(map[int]bool)
	number := func(digits string) (int, error) {
		fd, err := strconv.Atoi(digits)
		if err != nil || fd < firstInherited || fd > maxDescriptor {
			return 0, fmt.Errorf("%s: %q is no inherited descriptor", Variable, digits)
		}
		if seen[fd] {
			return 0, fmt.Errorf("%s: descriptor %d appears twice", Variable, fd)
		}
		seen[fd] = true
		return fd, nil
	}
	for _, field := range strings.Fields(text) {
		key, value, _ := strings.Cut(field, "=")
		var err error
		switch key {
		case "notify":
			w.Notify, err = number(value)
		case "lifeline":
			w.Lifeline, err = number(value)
		case "listen":
			for digits := range strings.SplitSeq(value, ",") {
				var fd int
				if fd, err = number(digits); err != nil {
					break
				}
				w.Listen = append(w.Listen, fd)
			}
		case "gated":
			w.Gated = true
		default:
			err = fmt.Errorf("%s: unknown word %q", Variable, key)
		}
		if err != nil {
			return Descriptors{}, err
		}
	}
	if w.Notify == 0 || w.Lifeline == 0 {
		return Descriptors{}, fmt.Errorf("%s: needs notify and lifeline, has %q", Variable, text)
	}
	return w, nil
}

// maxDescriptor bounds the descriptors that a variable of another program can make this
// one use.
const maxDescriptor = 1 << 20
