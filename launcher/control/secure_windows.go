package control

import (
	"fmt"
	"os"

	"taskctl/pkg/config"
)

// secureDirectories creates data/ and logs/; they inherit the access rights of the
// parent directory.
func secureDirectories(cfg *config.Config) error {
	for _, dir := range []string{cfg.DataDir(), cfg.LogDir()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("create %s: %w", dir, err)
		}
	}
	return nil
}

// CheckDirectories checks nothing: see secureDirectories.
func CheckDirectories(*config.Config) error { return nil }
