package config

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"taskctl/pkg/message"
)

// Input is what settings are read from. Flags beat the environment, which beats
// the file, which beats the built-in defaults.
type Input struct {
	Dir    string            // --dir; empty: TASKCTL_DIR, else the working directory
	File   string            // --config; empty: TASKCTL_CONFIG, else configs/taskctl.yaml below Dir if it is there
	Flags  map[string]string // setting key → value, for the flags that were given
	Getenv func(string) string
}

// sourceDefault is the source of a value that nobody has set, for people.
const sourceDefault = "default"

// DefaultFile is the settings file that is read when it is there.
const DefaultFile = "configs/taskctl.yaml"

// Load reads the settings from all their sources and checks them. An error in the
// settings themselves is of type Problems, and lists every mistake.
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
	problems = append(problems, c.hooksFromEnv(in.Getenv(hooksEnv))...)
	problems = append(problems, c.loadTokenFile()...)
	problems = append(problems, c.validate(problems)...)
	if len(problems) > 0 {
		return nil, problems
	}
	return c, nil
}

// loadTokenFile reads the file of auth.token_file.
func (c *Config) loadTokenFile() Problems {
	const key = "auth.token_file"
	if c.Auth.TokenFile == "" {
		return nil
	}
	problem := func(text func(message.Lang) string) Problems { return Problems{{Where: c.Source(key), Text: text}} }
	if c.Auth.Token != "" {
		return problem(func(l message.Lang) string { return l.ConfigTwoTokens("auth.token", key) })
	}
	data, err := os.ReadFile(c.inDir(c.Auth.TokenFile))
	token := strings.TrimSpace(string(data))
	switch {
	case err != nil:
		return problem(func(l message.Lang) string { return l.ConfigUnreadableFile(key, l.FileCause(err)) })
	case token == "" || checkSecret(token) != nil:
		return problem(func(l message.Lang) string { return l.ConfigNotSecret(key) })
	}
	c.Auth.fromFile = token
	return nil
}

// inDir returns the path of a file that the settings name relative to Dir.
func (c *Config) inDir(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Dir, path)
}

// Bare is the defaults for a directory, which is found as [Load] finds it.
func Bare(dir string, getenv func(string) string) (*Config, error) {
	c := Default()
	var err error
	c.Dir, err = filepath.Abs(cmp.Or(dir, getenv("TASKCTL_DIR"), "."))
	return c, err
}

// Strays are the environment variables with our prefix that are not settings, most likely
// misspelt ones. Those in known are read elsewhere.
func Strays(environ []string, known ...string) Problems {
	known = append(known, "TASKCTL_DIR", "TASKCTL_CONFIG", "TASKCTL_API_URL", hooksEnv)
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

// loadFile reads the settings file. A file that was named explicitly must exist.
func (c *Config) loadFile(in Input) Problems {
	asked := cmp.Or(in.File, in.Getenv("TASKCTL_CONFIG"))
	path := asked
	if path == "" {
		path = filepath.Join(c.Dir, filepath.FromSlash(DefaultFile))
	}
	data, err := os.ReadFile(path)
	switch {
	case asked == "" && errors.Is(err, fs.ErrNotExist):
		return misplaced(path)
	case err != nil:
		return Problems{{Where: path, Text: func(l message.Lang) string { return l.ConfigUnreadable(l.FileCause(err)) }}}
	}
	c.File = path
	return c.parse(data, shorten(path))
}

// misplaced looks for what was meant to be the settings file, which is not there.
func misplaced(path string) Problems {
	if target, err := os.Readlink(path); err == nil {
		return Problems{{Where: shorten(path), Text: func(l message.Lang) string { return l.ConfigDangling(target) }}}
	}
	other := strings.TrimSuffix(path, ".yaml") + ".yml"
	if _, err := os.Lstat(other); err == nil {
		return Problems{{Where: shorten(other), Text: func(l message.Lang) string { return l.ConfigOtherName(filepath.Base(path)) }}}
	}
	return nil
}

// shorten returns the path of a file relative to the working directory, if it is
// below it.
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

// assign sets one scalar and records the source of its value.
func (c *Config) assign(s setting, value, where string) Problems {
	c.sources[s.key] = where // also for a bad value, which is not a missing one
	if err := s.set(c, value); err != nil {
		return Problems{{Where: where, Text: valueText(s.key, value, err)}}
	}
	return nil
}

// Source returns where the value of a key came from: "default", a file and line,
// a variable or a flag.
func (c *Config) Source(key string) string { return cmp.Or(c.sources[key], sourceDefault) }
