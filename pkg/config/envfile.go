package config

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"taskctl/pkg/message"
)

// ReadEnvFile reads a component's env_file: one NAME=value per line, comments after
// #, and values in single or double quotes taken literally. The error is of type
// Problems.
func ReadEnvFile(path string) ([]string, error) {
	text, err := os.Open(path)
	if err != nil {
		return nil, Problems{{Where: path, Text: func(l message.Lang) string { return l.ConfigUnreadable(l.FileCause(err)) }}}
	}
	defer func() { _ = text.Close() }()
	var env []string
	var problems Problems
	lines := bufio.NewScanner(text)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, isVariable := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name = strings.TrimSpace(name)
		if !isVariable || name == "" || strings.ContainsAny(line, "\x00") || strings.ContainsAny(name, " \t\"'") {
			problems = append(problems, Problem{
				Where: fmt.Sprintf("%s:%d", path, number), Text: func(l message.Lang) string { return l.EnvFileLine(line) },
			})
			continue
		}
		env = append(env, name+"="+unquoted(strings.TrimSpace(value)))
	}
	if err := lines.Err(); err != nil {
		problems = append(problems, Problem{Where: path, Text: func(l message.Lang) string { return l.ConfigUnreadable(l.FileCause(err)) }})
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return env, nil
}

// unquoted is a value without its quotes, or without the comment after it.
func unquoted(value string) string {
	if value != "" && strings.ContainsRune(`"'`, rune(value[0])) {
		if end := strings.IndexByte(value[1:], value[0]); end >= 0 {
			return value[1 : end+1]
		}
	}
	before, _, _ := strings.Cut(value, " #")
	return strings.TrimSpace(before)
}
