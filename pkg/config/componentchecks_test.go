package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestComponentKeys(t *testing.T) {
	c, err := load(t, `
x-defaults: &defaults
  restart: {max: 3, policy: on-failure}
  env: {A: "1"}
components:
  - name: migrate
    command: [sh]
    job: true
  - <<: *defaults
    name: app
    command: [app]
    env: {B: "2"}
    env_file: .env
    user: nobody
    autostart: false
    stdin: open
    watch: ["src/**/*.py"]
    after: [api, {name: migrate, restart: true}]
    ready: {exec: [check, it], timeout: 60s}
    alive: {http: "http://localhost:9000/healthz", every: 5s, timeout: 1s, misses: 4}
`, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	job, app := c.Components[0], c.Components[1]
	if !job.Job || job.Manual || app.Job || !app.Manual || !app.OpenStdin || app.User != "nobody" || app.EnvFile != ".env" {
		t.Errorf("%+v\n%+v", job, app)
	}
	if !slices.Equal(app.After, []string{"api", "migrate"}) || !slices.Equal(app.RestartWith, []string{"migrate"}) {
		t.Errorf("after %q, restarted with %q", app.After, app.RestartWith)
	}
	if *app.Restart.Max != 3 || app.Restart.Policy != "on-failure" || app.Env["B"] != "2" || app.Env["A"] != "" {
		t.Errorf("merged: %+v, %v", app.Restart, app.Env)
	}
	if !slices.Equal(app.Ready.Exec, []string{"check", "it"}) || c.ReadyTimeout(app) != time.Minute || c.ReadyTimeout(job) != c.Start.Timeout {
		t.Errorf("ready %+v", app.Ready)
	}
	if app.Alive.HTTP == "" || *app.Alive.Every != 5*time.Second || *app.Alive.Timeout != time.Second || *app.Alive.Misses != 4 {
		t.Errorf("alive %+v", app.Alive)
	}
}

func TestComponentMistakesAreToldWithTheirLine(t *testing.T) {
	for text, want := range map[string]string{
		"job: yes":                                 `:5: job`,
		"job: true\n    ready: {tcp: \"h:1\"}":     `:3: x is a job`,
		"job: true\n    restart: {policy: always}": `:3: x is a job`,
		"restart: {policy: sometimes}":             `:5: restart.policy`,
		"autostart: no":                            `:5: autostart`,
		"stdin: file":                              `:5: stdin`,
		"alive: {every: 1s}":                       `:5: x.alive takes one of`,
		"alive: {tcp: \"h:1\", exec: [a]}":         `:5: x.alive takes one of`,
		"ready: {log: a, exec: [b]}":               `:5: x.ready takes one of`,
		"watch: [\"[a\"]":                          `:5: x.watch takes patterns`,
		"watch: [\"*.{js,ts}\"]":                   `:5: x.watch takes patterns`,
		"after: [{name: nobody}]":                  `:3: x comes after "nobody"`,
		"after: [{nam: api}]":                      `:5: "nam" is not a setting`,
	} {
		_, err := load(t, "\ncomponents:\n  - name: x\n    command: [a]\n    "+text+"\n", nil, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestMergesOfThemselvesEnd(t *testing.T) {
	for _, text := range []string{
		"x-a: &a {<<: *a, b: 1}\n<<: *a\n", "x-a: &a [*a]\ncomponents:\n  - {<<: *a, name: x}\n", "<<: 3\n",
	} {
		if _, err := load(t, text, nil, nil); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestEnvFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".env")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# a comment\n\nA=1\nexport B = \"two words\" # c\r\nC='$x # y'\nD=e # f\nE=\n")
	env, err := ReadEnvFile(path)
	if want := []string{"A=1", "B=two words", "C=$x # y", "D=e", "E="}; err != nil || !slices.Equal(env, want) {
		t.Errorf("got %q, %v, want %q", env, err, want)
	}
	write("A=1\nnothing\n=2\n")
	var problems Problems
	if _, err := ReadEnvFile(path + ".missing"); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := ReadEnvFile(path); !errors.As(err, &problems) || len(problems) != 2 || !strings.HasSuffix(problems[0].Where, ":2") {
		t.Errorf("mistakes: %v", err)
	}
}
