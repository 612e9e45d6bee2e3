package launcher

import (
	"slices"
	"strings"

	"taskctl/pkg/config"
)

// ownEnviron is the environment of one of our components: that of the launcher, but
// with taskctl's variables replaced by the present settings, with the chosen ports
// instead of port 0.
func ownEnviron(environ []string, cfg *config.Config, devNull string) []string {
	foreign := slices.DeleteFunc(slices.Clone(environ), func(entry string) bool { return strings.HasPrefix(entry, "TASKCTL_") })
	return append(foreign, cfg.Environ(devNull)...)
}
