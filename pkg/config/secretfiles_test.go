package config

import (
	"slices"
	"testing"
)

// TestSecretFiles names the settings file only if one of its own values is a secret.
func TestSecretFiles(t *testing.T) {
	env := map[string]string{"TASKCTL_AUTH_TOKEN": "abcdefghijklmnopqrstuvwxyz"}
	for text, want := range map[string]bool{
		"lang: es\n": false,
		"auth: {token: abcdefghijklmnopqrstuvwxyz}\n":                                true,
		"postgres: {url: 'postgres://tasks:pass@localhost/tasks'}\n":                 true,
		"postgres: {url: 'postgres://tasks@localhost/tasks'}\n":                      false,
		"hooks: [{name: a, url: 'https://a.example', secret: " + testSecret + "}]\n": true,
	} {
		c, err := load(t, text, nil, nil)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := slices.Contains(c.SecretFiles(), c.File); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	c, err := load(t, "lang: es\n", env, nil)
	if err != nil || slices.Contains(c.SecretFiles(), c.File) {
		t.Errorf("with the token in the environment: %q, %v", c.SecretFiles(), err)
	}
	c, err = load(t, "auth: {token: abcdefghijklmnopqrstuvwxyz}\n", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.TLS.Key, c.Auth.TokenFile = "/etc/key.pem", "token"
	if got := c.SecretFiles(); len(got) != 3 || got[1] != c.inDir("token") || got[2] != "/etc/key.pem" {
		t.Errorf("got %q", got)
	}
}
