package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// releaseVersion is the version of this source tree. The changelog has a section
// for it.
const releaseVersion = "1.0.0-rc.1"

// The linker sets these in a release; in other builds they are empty.
var (
	releaseCommit string
	releaseDate   string // RFC 3339
)

// build is the build information of the binary.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Date    string `json:"date,omitempty"` // of the commit
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func (p *program) versionCommand() *cobra.Command {
	var out format
	cmd := &cobra.Command{
		Use:     "version",
		Short:   p.text("Print the version", "Muestra la versión"),
		Example: "  taskctl version\n  taskctl version --json",
		Args:    p.noArgs,
		RunE: func(*cobra.Command, []string) error {
			if out == asJSON {
				return printJSON(p.stdout, currentBuild())
			}
			return p.printVersion()
		},
	}
	formatFlag(cmd, &out, p.lang.FlagJSON())
	return cmd
}

func (p *program) printVersion() error {
	b := currentBuild()
	details := []string{b.Go, b.OS + "/" + b.Arch}
	if b.Commit != "" {
		day, _, _ := strings.Cut(b.Date, "T")
		details = append([]string{strings.TrimSpace("commit " + b.Commit + " " + day)}, details...)
	}
	_, err := fmt.Fprintf(p.stdout, "taskctl %s (%s)\n", b.Version, strings.Join(details, ", "))
	return err
}

// version is the version; in a build that is not a release also the commit.
func version() string { return currentBuild().Version }

func currentBuild() build {
	b := build{
		Version: releaseVersion, Commit: releaseCommit, Date: releaseDate,
		Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
	}
	if b.Commit != "" {
		return b
	}
	b.Version += "-dev"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = cmp.Or(b.Commit, s.Value[:min(12, len(s.Value))])
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				b.Version += "+changes"
			}
		}
	}
	return b
}
