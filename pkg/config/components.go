package config

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"taskctl/pkg/message"
)

// components reads the list of the user's own processes and checks it as a whole,
// while the line of each is known.
func (f *file) components(node *yaml.Node) []Component {
	if isNull(node) {
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		f.fail(node.Line, func(l message.Lang) string { return l.ConfigNotList("components") })
		return nil
	}
	var all []Component
	for _, item := range node.Content {
		item = resolve(item)
		if item.Kind != yaml.MappingNode {
			f.fail(item.Line, func(l message.Lang) string { return l.ComponentNotMapping() })
			continue
		}
		all = append(all, f.component(item))
	}
	f.checkNames(all)
	f.checkOrder(all)
	return all
}

func (f *file) component(node *yaml.Node) Component {
	c := Component{file: f.name, line: node.Line}
	runnable := true // as far as its command can be read
	f.fields(node, "components", map[string]func(*yaml.Node){
		"name":      f.textField("name", &c.Name),
		"command":   func(n *yaml.Node) { c.Command, runnable = f.command(n) },
		"dir":       f.textField("dir", &c.Dir),
		"env":       func(n *yaml.Node) { c.Env = f.environ(n) },
		"env_file":  f.textField("env_file", &c.EnvFile),
		"user":      f.textField("user", &c.User),
		"after":     func(n *yaml.Node) { f.after(n, &c) },
		"job":       f.switchField("job", &c.Job, "true", "false"),
		"autostart": f.switchField("autostart", &c.Manual, "false", "true"),
		"stdin":     f.switchField("stdin", &c.OpenStdin, "open", "null"),
		"watch":     func(n *yaml.Node) { f.watch(n, &c) },
		"ready":     func(n *yaml.Node) { f.ready(n, &c) },
		"alive":     func(n *yaml.Node) { f.alive(n, &c) },
		"restart": func(n *yaml.Node) {
			f.fields(n, "restart", map[string]func(*yaml.Node){
				"policy":      f.choiceField("restart.policy", &c.Restart.Policy, "always", "on-failure", "never"),
				"max":         valueField(f, "restart.max", &c.Restart.Max, countFrom(0)),
				"window":      valueField(f, "restart.window", &c.Restart.Window, positive(ParseDuration)),
				"backoff_min": valueField(f, "restart.backoff_min", &c.Restart.BackoffMin, positive(ParseDuration)),
				"backoff_max": valueField(f, "restart.backoff_max", &c.Restart.BackoffMax, positive(ParseDuration)),
			})
		},
		"stop": func(n *yaml.Node) {
			f.fields(n, "stop", map[string]func(*yaml.Node){
				"signal":  f.textField("stop.signal", &c.Stop.Signal),
				"timeout": valueField(f, "stop.timeout", &c.Stop.Timeout, positive(ParseDuration)),
			})
			f.checkSignal(n, c.Stop.Signal)
		},
	})
	f.checkJob(c)
	if runnable && (len(c.Command) == 0 || c.Command[0] == "") {
		f.fail(c.line, func(l message.Lang) string { return l.ComponentNoCommand(c.Name) })
	}
	return c
}

// command reads a command. Its error for a string shows the same as a list.
func (f *file) command(node *yaml.Node) (command []string, ok bool) {
	if node.Kind == yaml.ScalarNode && node.Value != "" && !isNull(node) {
		f.fail(node.Line, func(l message.Lang) string { return l.ComponentCommandText(strconv.Quote(node.Value)) })
		return nil, false
	}
	return f.list("command", node)
}

// environ reads environment variables, and refuses names that cannot be one.
func (f *file) environ(node *yaml.Node) map[string]string {
	env := map[string]string{}
	f.each(node, "env", func(name string, key, value *yaml.Node) {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			f.fail(key.Line, func(l message.Lang) string { return l.ComponentBadVariable(name) })
			return
		}
		env[name], _ = f.text("env."+name, value)
	})
	return env
}

func checkHTTP(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return errHTTP
	}
	return nil
}

// checkDialAddress also refuses port 0, to which nothing can connect.
func checkDialAddress(s string) error {
	if strings.HasSuffix(s, ":0") {
		return errAddress
	}
	return checkAddress(s)
}

// stopSignals are the signals that stop.signal accepts.
func stopSignals() []string {
	return []string{"SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL"}
}

func (f *file) checkSignal(node *yaml.Node, signal string) {
	if signal != "" && !slices.Contains(stopSignals(), signal) {
		f.fail(node.Line, func(l message.Lang) string { return l.ConfigNotOneOf("stop.signal", signal, stopSignals()...) })
	}
}

// fields calls the reader of each key in a mapping. A null value counts as absent.
func (f *file) fields(node *yaml.Node, what string, readers map[string]func(*yaml.Node)) {
	f.each(node, what, func(name string, key, value *yaml.Node) {
		read, known := readers[name]
		if !known {
			var names []string
			for n := range readers {
				names = append(names, n)
			}
			f.fail(key.Line, func(l message.Lang) string { return l.ConfigUnknownKey(name, Nearest(name, names)) })
			return
		}
		if !isNull(value) {
			read(value)
		}
	})
}

func (f *file) textField(key string, into *string, checks ...func(string) error) func(*yaml.Node) {
	return func(n *yaml.Node) {
		text, ok := f.text(key, n)
		if !ok {
			return
		}
		for _, check := range checks {
			if err := check(text); err != nil {
				f.fail(n.Line, valueText(key, text, err))
				return
			}
		}
		*into = text
	}
}

func valueField[T int | time.Duration](f *file, key string, into **T, parse func(string) (T, error)) func(*yaml.Node) {
	return func(n *yaml.Node) {
		text, ok := f.text(key, n)
		if !ok {
			return
		}
		value, err := parse(text)
		if err != nil {
			f.fail(n.Line, valueText(key, text, err))
			return
		}
		*into = &value
	}
}

// reservedNames are the names that no component of the user can have: ours, and that
// of the command `logs clean`.
func reservedNames() map[string]bool {
	return map[string]bool{WSServer: true, API: true, Consumer: true, Hooks: true, Launcher: true, "clean": true}
}

// checkNames refuses names that cannot be file names, and duplicates.
func (f *file) checkNames(all []Component) {
	valid := regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	taken := reservedNames()
	for _, c := range all {
		switch {
		case !valid.MatchString(c.Name):
			f.fail(c.line, func(l message.Lang) string { return l.ComponentUnnamed(c.Name) })
		case taken[c.Name]:
			f.fail(c.line, func(l message.Lang) string { return l.ComponentNameTaken(c.Name) })
		}
		taken[c.Name] = true
	}
}

// checkOrder refuses unknown names in `after`, and cycles.
func (f *file) checkOrder(all []Component) {
	byName := map[string]*Component{}
	names := []string{WSServer, API, Consumer}
	for i := range all {
		byName[all[i].Name] = &all[i]
		names = append(names, all[i].Name)
	}
	for _, c := range all {
		for _, after := range c.After {
			if !slices.Contains(names, after) {
				others := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == c.Name })
				f.fail(c.line, func(l message.Lang) string { return l.ComponentAfterUnknown(c.Name, after, Nearest(after, others)) })
			}
		}
	}
	done := map[string]bool{}
	var visit func(c *Component, path []string) bool
	visit = func(c *Component, path []string) (circle bool) {
		if at := slices.Index(path, c.Name); at >= 0 {
			f.fail(c.line, func(l message.Lang) string { return l.ComponentCycle(append(slices.Clone(path[at:]), c.Name)) })
			return true
		}
		if done[c.Name] {
			return false
		}
		for _, after := range c.After {
			if next := byName[after]; next != nil && visit(next, append(slices.Clone(path), c.Name)) {
				return true
			}
		}
		done[c.Name] = true
		return false
	}
	for i := range all {
		if visit(&all[i], nil) {
			return // one cycle is enough to report: others may share its edges
		}
	}
}
