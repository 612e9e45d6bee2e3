package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"taskctl/pkg/message"
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

// eachHelp calls do with every command and its help in each language.
func eachHelp(t *testing.T, do func(t *testing.T, lang message.Lang, cmd *cobra.Command, help string)) {
	for _, lang := range []message.Lang{message.English, message.Spanish} {
		p, _, _ := newProgram(nil)
		p.lang = lang
		eachCommand(p.rootCommand(), func(cmd *cobra.Command) {
			var help bytes.Buffer
			cmd.SetOut(&help)
			p.help(cmd, nil)
			do(t, lang, cmd, help.String())
		})
	}
}

func TestHelpHasAnExampleAndTheExitCodes(t *testing.T) {
	eachHelp(t, func(t *testing.T, lang message.Lang, cmd *cobra.Command, help string) {
		p, _, _ := newProgram(nil)
		p.lang = lang
		if !strings.HasSuffix(help, helpPage{p: p}.exitCodes()+"\n") {
			t.Errorf("%s --help does not end with the exit codes", cmd.CommandPath())
		}
		if cmd.Short == "" || cmd.HasParent() && cmd.Name() != "help" && cmd.Example == "" {
			t.Errorf("%s needs a short description and an example", cmd.CommandPath())
		}
		if strings.Contains(cmd.Short, "`") {
			t.Errorf("%s: completion shows its short description in a shell: %q must have no backquote", cmd.CommandPath(), cmd.Short)
		}
	})
}

// TestHelpFitsNarrowTerminals checks that a help that is not on a terminal has no
// line of more than 80 columns.
func TestHelpFitsNarrowTerminals(t *testing.T) {
	eachHelp(t, func(t *testing.T, _ message.Lang, cmd *cobra.Command, help string) {
		examples := strings.Split(cmd.Example, "\n")
		for line := range strings.Lines(help) {
			line = strings.TrimRight(line, "\n")
			if n := len([]rune(line)); n > helpWidth && !slices.Contains(examples, line) {
				t.Errorf("%s: a line of its help has %d columns: %q", cmd.CommandPath(), n, line)
			}
		}
	})
}

// TestHelpSaysWhatEachFlagDoes checks that every flag with a value names its default,
// and that the languages differ.
func TestHelpSaysWhatEachFlagDoes(t *testing.T) {
	english := map[string]string{}
	eachHelp(t, func(t *testing.T, lang message.Lang, cmd *cobra.Command, _ string) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			name := cmd.CommandPath() + " --" + f.Name
			if len(strings.Fields(f.Usage)) < 2 {
				t.Errorf("%s is described as %q", name, f.Usage)
			}
			if lang == message.English {
				english[name] = f.Usage
			} else if f.Usage == english[name] {
				t.Errorf("%s has one description for both languages: %q", name, f.Usage)
			}
		})
	})
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
		{"stauts", `did you mean "status"?`},
		{"ps", `did you mean "status"?`},
		{"up", `did you mean "start"?`},
		{"down", `did you mean "stop"?`},
		{"ls", `did you mean "task list"?`},
		{"delete", `did you mean "task rm"?`},
		{"add", `did you mean "task add"?`},
		{"list", `did you mean "task list"?`},
		{"get", `did you mean "task get"?`},
		{"validate", `did you mean "config check"?`},
		{"token create", `did you mean "token new"?`},
		{"token rm", `did you mean "token revoke"?`},
		{"config list", `did you mean "config show"?`},
		{"start --daemon", "did you mean --detach?"},
		{"logs --tail", "did you mean --lines?"},
		{"help stat", `did you mean "start"?`},
		{"task remove", `did you mean "task rm"?`},
		{"task lst", `did you mean "task list"?`},
		{"start --detatch", "unknown flag --detatch; did you mean --detach?"},
		{"logs --folow", "did you mean --follow?"},
		{"task list -x", "unknown flag -x"},
		{"start --nope", "unknown flag --nope"},
		{"start extra", `there is no component "extra"`},
		{"logs -n many", `--lines cannot be "many"`},
		{"logs clean --older-than soon", "--older-than takes a duration"},
		{"start --dir", "--dir needs a value"},
		{"completion", "SHELL is missing"},
		{"completion cmd.exe", "SHELL takes bash or zsh or fish or powershell"},
		{"consumer --since x", `--since takes a position`},
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
