package config

import (
	"slices"
	"strings"

	"taskctl/pkg/hooks"
)

// SecretFiles are the files that other users must not be able to read: the settings
// file, if it has a secret, and the files of secrets that the settings name.
func (c *Config) SecretFiles() []string {
	var files []string
	if c.File != "" && c.fileHasSecret() {
		files = append(files, c.File)
	}
	for _, name := range []string{c.Auth.TokenFile, c.Postgres.PasswordFile, c.TLS.Key} {
		if name != "" {
			files = append(files, c.inDir(name))
		}
	}
	return files
}

func (c *Config) fileHasSecret() bool {
	inFile := shorten(c.File) + ":"
	return slices.ContainsFunc(c.Hooks, func(h hooks.Hook) bool { return h.Secret != "" }) ||
		slices.ContainsFunc(settings(), func(s setting) bool {
			value := s.get(c)
			hidden := s.secret && value != "" || s.mask != nil && s.mask(value) != value
			return hidden && strings.HasPrefix(c.Source(s.key), inFile)
		})
}
