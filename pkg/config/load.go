package config

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/taskctl/taskctl/pkg/message"
)

// Input is what settings are read from. Flags beat the environment, which beats
// the file, which beats the built-in defaults.
type Input struct {
	Dir    string            // --dir; empty: TASKCTL_DIR, else the working directory
	File   string            // --config; empty: TASKCTL_CONFIG, else configs/taskctl.yaml below Dir if it is there
	Flags  map[string]string // setting key → value, for the flags that were given
	Getenv func(string) string
}

// sourceDefault is where a setting's value came from, in words for people.
const sourceDefault = "default"

// DefaultFile is the settings file that is read when it is there.
const DefaultFile = "configs/taskctl.yaml"

// Load reads, layers and checks the settings. The error is of type Problems when
// what was given is at fault, and holds everything that is.
func Load(in Input) (*Config, error) {
	c, err := Bare(in.Dir, in.Getenv)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(c.Dir); err == nil && !info.IsDir() {
		return nil, Problems{{Where: c.Dir, Text: func(l message.Lang) string { return l.ConfigNotDirectory() }}}
	}

	problems := c.loadFile(in)
	for _, s := range settings() {
		if value := in.Getenv(Env(s.key)); value != "" {
			problems = append(problems, c.assign(s, value, Env(s.key))...)
		}
		if value, given := in.Flags[s.key]; given {
			problems = append(problems, c.assign(s, value, "--"+Flag(s.key))...)
		}
	}
	problems = append(problems, c.validate()...)
	if len(problems) > 0 {
		return nil, problems
	}
	return c, nil
}

// Bare is the defaults for a directory, which is found as [Load] finds it.
func Bare(dir string, getenv func(string) string) (*Config, error) {
	c := Default()
	var err error
	c.Dir, err = filepath.Abs(cmp.Or(dir, getenv("TASKCTL_DIR"), "."))
	return c, err
}

// Strays are the variables of an environment that have our prefix and set
// nothing: misspelt ones, most likely. Those in known are somebody else's to read.
func Strays(environ []string, known ...string) Problems {
	known = append(known, "TASKCTL_DIR", "TASKCTL_CONFIG")
	for _, s := range settings() {
		known = append(known, Env(s.key))
	}
	var strays Problems
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if value != "" && strings.HasPrefix(name, "TASKCTL_") && !slices.Contains(known, name) {
			meant := Nearest(name, known)
			strays = append(strays, Problem{name, func(l message.Lang) string { return l.ConfigUnknownKey(name, meant) }})
		}
	}
	return strays
}

// loadFile reads the settings file. One that was asked for must be there.
func (c *Config) loadFile(in Input) Problems {
	asked := cmp.Or(in.File, in.Getenv("TASKCTL_CONFIG"))
	path := asked
	if path == "" {
		path = filepath.Join(c.Dir, filepath.FromSlash(DefaultFile))
	}
	data, err := os.ReadFile(path)
	switch {
	case asked == "" && errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		why := err.Error()
		if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
			why = pathErr.Err.Error()
		}
		return Problems{{Where: path, Text: func(l message.Lang) string { return l.ConfigUnreadable(why) }}}
	}
	c.File = path
	return c.parse(data, shorten(path))
}

// shorten names a file as somebody in the working directory would.
func shorten(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(wd, path)
	if err != nil || len(rel) >= len(path) {
		return path
	}
	return rel
}

// assign sets one scalar and remembers where its value came from.
func (c *Config) assign(s setting, value, where string) Problems {
	if err := s.set(c, value); err != nil {
		return Problems{{Where: where, Text: valueText(s.key, value, err)}}
	}
	c.sources[s.key] = where
	return nil
}

// Source returns where the value of a key came from: "default", a file and line,
// a variable or a flag.
func (c *Config) Source(key string) string { return cmp.Or(c.sources[key], sourceDefault) }
