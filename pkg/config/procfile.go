package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"taskctl/pkg/message"
)

// procfileLine is one process of a Procfile: a name, a colon and a shell command.
var procfileLine = regexp.MustCompile(`^([A-Za-z0-9_-]+):\s*(.+)$`)

// FromProcfile returns a settings file, with comments in the language, and with the processes of a Procfile as
// components, or the line that is not a process. Each runs in a shell, because its
// command may use shell syntax.
func FromProcfile(procfile string, lang message.Lang) (yaml string, badLine int) {
	var b strings.Builder
	taken := reservedNames()
	for i, line := range strings.Split(procfile, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		m := procfileLine.FindStringSubmatch(line)
		if m == nil {
			return "", i + 1
		}
		name := strings.TrimLeft(strings.ToLower(m[1]), "-_")
		if name == "" || taken[name] {
			name = "app-" + name
		}
		if taken[name] {
			return "", i + 1
		}
		taken[name] = true
		fmt.Fprintf(&b, "  - name: %s\n    command: [sh, -c, %s]\n", name, strconv.Quote(m[2]))
	}
	if b.Len() == 0 {
		return DefaultYAML(lang), 0
	}
	return strings.TrimSuffix(DefaultYAML(lang), lang.SettingsTail()) + lang.SettingsProcfile() + "components:\n" + b.String(), 0
}
