package config

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"taskctl/pkg/hooks"
	"taskctl/pkg/message"
	"taskctl/pkg/task"
)

// hooksEnv is the environment variable of the key hooks: the list as JSON, for child
// processes.
const hooksEnv = "TASKCTL_HOOKS"

// hooks reads the list of receivers of events.
func (f *file) hooks(node *yaml.Node) []hooks.Hook {
	if isNull(node) {
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		f.fail(node.Line, func(l message.Lang) string { return l.ConfigNotList("hooks") })
		return nil
	}
	valid := regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	names := map[string]bool{}
	var all []hooks.Hook
	for _, item := range node.Content {
		item = resolve(item)
		if item.Kind != yaml.MappingNode {
			f.fail(item.Line, func(l message.Lang) string { return l.HookNotMapping() })
			continue
		}
		h := f.hook(item)
		switch {
		case !valid.MatchString(h.Name):
			f.fail(item.Line, func(l message.Lang) string { return l.HookUnnamed(h.Name) })
		case names[h.Name]:
			f.fail(item.Line, func(l message.Lang) string { return l.HookNameTaken(h.Name) })
		}
		names[h.Name] = true
		all = append(all, h)
	}
	return all
}

func (f *file) hook(node *yaml.Node) hooks.Hook {
	h := hooks.Hook{}
	attempts := new(int)
	*attempts = hooks.DefaultMaxAttempts
	var types []string
	before := len(f.problems)
	f.fields(node, "hooks", map[string]func(*yaml.Node){
		"name":          f.textField("name", &h.Name),
		"url":           f.textField("url", &h.URL, hooks.CheckURL),
		"secret":        f.textField("secret", &h.Secret, hooks.CheckSecret),
		"command":       func(n *yaml.Node) { h.Command, _ = f.list("command", n) },
		"types":         func(n *yaml.Node) { types, _ = f.list("types", n) },
		"max_attempts":  valueField(f, "max_attempts", &attempts, countFrom(0)),
		"allow_private": func(n *yaml.Node) { h.AllowPrivate, _ = f.list("allow_private", n) },
	})
	h.MaxAttempts = *attempts
	for _, name := range types {
		if !task.EventType(name).Valid() {
			f.fail(node.Line, func(l message.Lang) string {
				return l.ConfigNotOneOf("types", name, string(task.Created), string(task.Updated), string(task.Deleted))
			})
			continue
		}
		h.Types = append(h.Types, task.EventType(name))
	}
	runs := len(h.Command) > 0 && h.Command[0] != ""
	switch {
	case len(f.problems) > before: // reported already
	case runs == (h.URL != ""):
		f.fail(node.Line, func(l message.Lang) string { return l.HookOneTarget(h.Name) })
	case h.URL != "" && h.Secret == "":
		f.fail(node.Line, func(l message.Lang) string { return l.HookNoSecret(h.Name) })
	}
	return h
}

// hooksFromEnv reads the hooks of the environment, which replace those of the file.
func (c *Config) hooksFromEnv(value string) Problems {
	if value == "" {
		return nil
	}
	f := &file{name: hooksEnv, lines: map[string]int{}}
	root, ok := f.document(yaml.NewDecoder(strings.NewReader(value)))
	if ok {
		c.Hooks = f.hooks(resolve(root.Content[0]))
	}
	return f.problems
}

// hooksEntry is the environment entry that passes the hooks to a child process.
func (c *Config) hooksEntry() []string {
	if len(c.Hooks) == 0 {
		return nil
	}
	data, err := json.Marshal(c.Hooks) //nolint:gosec // for the environment of the component that signs with it
	if err != nil {
		return nil // strings and numbers only: it cannot fail
	}
	return []string{hooksEnv + "=" + string(data)}
}

// RunsHooks reports whether this machine delivers events to hooks.
func (c *Config) RunsHooks() bool { return len(c.Hooks) > 0 && c.Runs(Hooks) }

// HooksDir holds the checkpoints and dead letters of the hooks.
func (c *Config) HooksDir() string { return c.Data("hooks") }

// WithoutSecrets returns an environment without the secrets of the settings. The
// user's own processes get them only where their `env` names them.
func WithoutSecrets(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return name == hooksEnv || slices.ContainsFunc(settings(), func(s setting) bool { return s.secret && name == Env(s.key) })
	})
}
