package supervisor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strings"
	"unicode/utf8"
)

// CommandFault is the reason why a command cannot be started.
type CommandFault struct {
	Kind        FaultKind `json:"kind"`
	Path        string    `json:"path"` // of the program, as in the command; for NoDirectory, of the directory
	Interpreter string    `json:"interpreter,omitempty"`
}

// FaultKind says what is wrong with a command.
type FaultKind string

// The kinds of fault.
const (
	NoDirectory    FaultKind = "no_directory" // the directory to run it in does not exist
	NotInPath      FaultKind = "not_in_path"
	NoProgram      FaultKind = "no_program"
	IsDirectory    FaultKind = "is_directory"
	NotExecutable  FaultKind = "not_executable"
	NoShebang      FaultKind = "no_shebang"      // a text file without a #! line
	NoInterpreter  FaultKind = "no_interpreter"  // the program of its #! line does not exist
	CarriageReturn FaultKind = "carriage_return" // its #! line ends with CR LF, as on Windows
)

func (f *CommandFault) Error() string {
	switch f.Kind {
	case NoDirectory:
		return fmt.Sprintf("its directory %s does not exist", f.Path)
	case NotInPath:
		return fmt.Sprintf("no program %s in its PATH", f.Path)
	case NoProgram:
		return fmt.Sprintf("%s does not exist", f.Path)
	case IsDirectory:
		return f.Path + " is a directory"
	case NotExecutable:
		return f.Path + " is not executable"
	case NoShebang:
		return f.Path + " is a text file without #! in its first line"
	case NoInterpreter:
		return fmt.Sprintf("%s needs %s, which does not exist", f.Path, f.Interpreter)
	case CarriageReturn:
		return fmt.Sprintf("the #! line of %s ends with a carriage return", f.Path)
	}
	return f.Path + " cannot be started"
}

// explained returns the fault that explains err, or err if no fault is found.
func (p Process) explained(err error) error {
	if fault := p.Fault(); fault != nil {
		return fault
	}
	return err
}

// Fault checks whether the command can be started, and returns nil if it finds no
// fault.
func (p Process) Fault() *CommandFault {
	if p.Dir != "" {
		info, err := os.Stat(p.Dir)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
			return &CommandFault{Kind: NoDirectory, Path: p.Dir}
		}
	}
	found, err := p.Resolve()
	switch {
	case errors.Is(err, fs.ErrPermission):
		return &CommandFault{Kind: NotExecutable, Path: p.Path}
	case err != nil:
		return &CommandFault{Kind: NotInPath, Path: p.Path}
	case runtime.GOOS == "windows": // which uses neither file modes nor #! lines
		return nil
	}
	info, err := os.Stat(p.inDir(found))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &CommandFault{Kind: NoProgram, Path: p.Path}
	case err != nil:
		return nil // the error of the start is more precise
	case info.IsDir():
		return &CommandFault{Kind: IsDirectory, Path: p.Path}
	case info.Mode()&0o111 == 0:
		return &CommandFault{Kind: NotExecutable, Path: p.Path}
	case !info.Mode().IsRegular():
		return nil
	}
	return p.scriptFault(p.inDir(found))
}

// maxShebang is how much of a program is read, in bytes. No system reads a longer #!
// line.
const maxShebang = 512

// scriptFault checks the first line of a script.
func (p Process) scriptFault(file string) *CommandFault {
	program, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer func() { _ = program.Close() }()
	head, err := io.ReadAll(io.LimitReader(program, maxShebang))
	if err != nil {
		return nil
	}
	line, shebang := bytes.CutPrefix(head, []byte("#!"))
	if !shebang {
		if isText(head) {
			return &CommandFault{Kind: NoShebang, Path: p.Path}
		}
		return nil
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	words := strings.Fields(string(line))
	switch {
	case bytes.HasSuffix(line, []byte("\r")):
		return &CommandFault{Kind: CarriageReturn, Path: p.Path}
	case len(words) == 0:
		return &CommandFault{Kind: NoShebang, Path: p.Path}
	}
	if _, err := os.Stat(p.inDir(words[0])); errors.Is(err, fs.ErrNotExist) {
		return &CommandFault{Kind: NoInterpreter, Path: p.Path, Interpreter: words[0]}
	}
	if path.Base(words[0]) != "env" {
		return nil
	}
	for _, word := range words[1:] {
		if strings.HasPrefix(word, "-") || strings.Contains(word, "=") {
			continue
		}
		interpreter := p
		interpreter.Path = word
		if _, err := interpreter.Resolve(); err != nil {
			return &CommandFault{Kind: NoInterpreter, Path: p.Path, Interpreter: word}
		}
		break
	}
	return nil
}

// isText reports whether head, the beginning of a file, is text.
func isText(head []byte) bool {
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		switch {
		case r == utf8.RuneError && size == 1:
			return len(head) < utf8.UTFMax // the last character may be cut off
		case r < ' ' && !strings.ContainsRune("\t\n\v\f\r", r):
			return false
		}
		head = head[size:]
	}
	return true
}
