package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"taskctl/pkg/hooks"
	"taskctl/pkg/message"
	"taskctl/pkg/task"
)

const testSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestHooks(t *testing.T) {
	c, err := load(t, `hooks:
  - {name: shop, url: "https://shop.example/hook", secret: `+testSecret+`, types: [task_created], max_attempts: 3, allow_private: [shop.example]}
  - {name: archive, command: [python3, archive.py]}
`, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []hooks.Hook{
		{Name: "shop", URL: "https://shop.example/hook", Secret: testSecret, Types: []task.EventType{task.Created}, MaxAttempts: 3, AllowPrivate: []string{"shop.example"}},
		{Name: "archive", Command: []string{"python3", "archive.py"}, MaxAttempts: hooks.DefaultMaxAttempts},
	}
	if !reflect.DeepEqual(c.Hooks, want) {
		t.Errorf("got %+v", c.Hooks)
	}
	// A child process gets the same by its environment.
	env := map[string]string{}
	for _, entry := range c.Environ("/dev/null") {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	child, err := Load(Input{Dir: t.TempDir(), Getenv: func(name string) string { return env[name] }})
	if err != nil || !reflect.DeepEqual(child.Hooks, want) {
		t.Errorf("a child has %+v, %v", child, err)
	}
	for _, v := range c.Values() {
		if strings.Contains(v.Value, "whsec_") {
			t.Errorf("%s shows a secret", v.Key)
		}
	}
	if got := WithoutSecrets([]string{"A=b", "TASKCTL_AUTH_TOKEN=x", "TASKCTL_HOOKS=[]", "TASKCTL_LANG=es"}); !reflect.DeepEqual(got, []string{"A=b", "TASKCTL_LANG=es"}) {
		t.Errorf("without secrets: %v", got)
	}
}

func TestMistakesInHooks(t *testing.T) {
	for name, test := range map[string]struct{ hook, want string }{
		"no name":          {`{command: [x]}`, "a hook needs a name"},
		"a bad name":       {`{name: ../x, command: [x]}`, "a hook needs a name"},
		"the same name":    {"{name: a, command: [x]}\n  - {name: a, command: [x]}", `the hook name "a" is already used`},
		"no target":        {`{name: a}`, "hook a needs a url or a command"},
		"two targets":      {`{name: a, command: [x], url: "http://b.example", secret: ` + testSecret + `}`, "hook a needs a url or a command"},
		"no secret":        {`{name: a, url: "http://b.example"}`, "hook a needs a secret"},
		"a bad secret":     {`{name: a, url: "http://b.example", secret: hunter2}`, "secret must be whsec_"},
		"a bad URL":        {`{name: a, url: "ftp://b.example", secret: ` + testSecret + `}`, "url must be like https://"},
		"a password in it": {`{name: a, url: "http://u:hunter2@b.example", secret: ` + testSecret + `}`, "without user and password"},
		"a bad type":       {`{name: a, command: [x], types: [task_renamed]}`, "task_renamed"},
		"a bad number":     {`{name: a, command: [x], max_attempts: many}`, "max_attempts"},
		"an unknown key":   {`{name: a, command: [x], sekret: y}`, `did you mean "secret"`},
		"something else":   {`shop`, "a hook is written"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, "hooks:\n  - "+test.hook+"\n", nil, nil)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("%v is no Problems", err)
			}
			text := problems.In(message.English)
			if !strings.Contains(text, test.want) || !strings.Contains(text, "taskctl.yaml:") || strings.Contains(text, "hunter2") {
				t.Errorf("got %s", text)
			}
		})
	}
}
