package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/pkg/message"
)

// newProgram returns a program with nothing around it but the given environment.
func newProgram(env map[string]string) (p *program, stdout, stderr *bytes.Buffer) {
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	return &program{
		stdin: strings.NewReader(""), stdout: stdout, stderr: stderr,
		getenv: func(name string) string { return env[name] },
	}, stdout, stderr
}

func eachCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, sub := range cmd.Commands() {
		eachCommand(sub, do)
	}
}

func TestEveryHelpHasAnExampleAndTheExitCodes(t *testing.T) {
	for _, lang := range []message.Lang{message.English, message.Spanish} {
		p, _, _ := newProgram(nil)
		p.lang = lang
		eachCommand(p.rootCommand(), func(cmd *cobra.Command) {
			var help bytes.Buffer
			cmd.SetOut(&help)
			p.help(cmd, nil)
			if !strings.HasSuffix(help.String(), lang.ExitCodes()+"\n") {
				t.Errorf("%s --help does not end with the exit codes", cmd.CommandPath())
			}
			if cmd.Short == "" || cmd.HasParent() && cmd.Name() != "help" && cmd.Example == "" {
				t.Errorf("%s needs a short description and an example", cmd.CommandPath())
			}
		})
	}
}

// TestHelpIsCalmOnNarrowTerminals holds that the long texts fit 80 columns.
func TestHelpIsCalmOnNarrowTerminals(t *testing.T) {
	for _, lang := range []message.Lang{message.English, message.Spanish} {
		p, _, _ := newProgram(nil)
		p.lang = lang
		eachCommand(p.rootCommand(), func(cmd *cobra.Command) {
			for line := range strings.Lines(cmd.Long) {
				if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
					t.Errorf("%s: a line of its help has %d columns: %q", cmd.CommandPath(), n, line)
				}
			}
		})
	}
}

func TestLanguage(t *testing.T) {
	for _, tt := range []struct {
		name string
		env  map[string]string
		args []string
		want message.Lang
	}{
		{"nothing said", nil, nil, message.English},
		{"LANG", map[string]string{"LANG": "es_ES.UTF-8"}, nil, message.Spanish},
		{"LC_ALL beats LANG", map[string]string{"LC_ALL": "C", "LANG": "es_ES.UTF-8"}, nil, message.English},
		{"LC_MESSAGES beats LANG", map[string]string{"LC_MESSAGES": "es", "LANG": "en_US"}, nil, message.Spanish},
		{"a flag beats all", map[string]string{"LC_ALL": "en"}, []string{"status", "--lang", "es"}, message.Spanish},
		{"the flag in one word", nil, []string{"--lang=es"}, message.Spanish},
		{"TASKCTL_LANG", map[string]string{"TASKCTL_LANG": "es"}, nil, message.Spanish},
		{"another language", map[string]string{"LANG": "fr_FR"}, nil, message.English},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, _, _ := newProgram(tt.env)
			if got := p.languageOf(tt.args); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestUsageMistakes(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"nonsense", `unknown command "nonsense"`},
		{"statsu", `did you mean "status"?`},
		{"start --nope", "unknown flag --nope"},
		{"start extra", `unexpected argument "extra"`},
		{"logs -n many", `--lines cannot be "many"`},
		{"logs clean --older-than soon", "--older-than takes a duration"},
		{"start --dir", "--dir needs a value"},
		{"completion", "SHELL is missing"},
		{"completion cmd.exe", "SHELL takes bash or zsh or fish or powershell"},
		{"consumer --since x", `--since cannot be "x"`},
	} {
		t.Run(tt.args, func(t *testing.T) {
			p, stdout, stderr := newProgram(map[string]string{"TASKCTL_DIR": t.TempDir()})
			code := p.run(context.Background(), strings.Fields(tt.args))
			if code != exitUsage || !strings.Contains(stderr.String(), tt.want) || stdout.Len() > 0 {
				t.Errorf("exit %d, stdout %q, stderr %q; want exit %d and %q", code, stdout, stderr, exitUsage, tt.want)
			}
		})
	}
}
