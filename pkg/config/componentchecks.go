package config

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"taskctl/pkg/filewatch"
	"taskctl/pkg/message"
)

// ready reads a component's ready check, which must be exactly one.
func (f *file) ready(node *yaml.Node, c *Component) {
	readers := f.checkReaders("ready", &c.Ready.Check)
	readers["log"] = f.textField("ready.log", &c.Ready.Log)
	readers["timeout"] = valueField(f, "ready.timeout", &c.Ready.Timeout, positive(ParseDuration))
	before := len(f.problems)
	f.fields(node, "ready", readers)
	ways := c.Ready.ways()
	if c.Ready.Log != "" {
		ways++
	}
	switch {
	case ways > 1:
		f.fail(node.Line, func(l message.Lang) string { return l.ComponentCheckTwice(c.Name, "ready", "log, http, tcp, exec") })
	case ways == 0 && c.Ready.Timeout == nil && len(f.problems) == before:
		f.fail(node.Line, func(l message.Lang) string { return l.ComponentReadyNever(c.Name) })
	}
}

// alive reads a component's health check.
func (f *file) alive(node *yaml.Node, c *Component) {
	readers := f.checkReaders("alive", &c.Alive.Check)
	readers["every"] = valueField(f, "alive.every", &c.Alive.Every, positive(ParseDuration))
	readers["timeout"] = valueField(f, "alive.timeout", &c.Alive.Timeout, positive(ParseDuration))
	readers["misses"] = valueField(f, "alive.misses", &c.Alive.Misses, countFrom(1))
	before := len(f.problems)
	f.fields(node, "alive", readers)
	if c.Alive.ways() != 1 && len(f.problems) == before {
		f.fail(node.Line, func(l message.Lang) string { return l.ComponentCheckTwice(c.Name, "alive", "http, tcp, exec") })
	}
}

func (f *file) checkReaders(what string, c *Check) map[string]func(*yaml.Node) {
	return map[string]func(*yaml.Node){
		"http": f.textField(what+".http", &c.HTTP, checkHTTP),
		"tcp":  f.textField(what+".tcp", &c.TCP, checkDialAddress),
		"exec": func(n *yaml.Node) { c.Exec, _ = f.list(what+".exec", n) },
	}
}

func (c Check) ways() int {
	ways := 0
	for _, given := range []bool{c.HTTP != "", c.TCP != "", len(c.Exec) > 0} {
		if given {
			ways++
		}
	}
	return ways
}

// checkJob refuses settings that make no sense for a job.
func (f *file) checkJob(c Component) {
	if !c.Job {
		return
	}
	if c.Ready.Log != "" || c.Ready.Given() || c.Ready.Timeout != nil || c.Alive.Given() {
		f.fail(c.line, func(l message.Lang) string { return l.ComponentJobReady(c.Name) })
	}
	if c.Restart.Policy == "always" {
		f.fail(c.line, func(l message.Lang) string { return l.ComponentJobAlways(c.Name) })
	}
}

// after reads names, or {name: NAME, restart: true}.
func (f *file) after(node *yaml.Node, c *Component) {
	if node.Kind != yaml.SequenceNode {
		f.fail(node.Line, func(l message.Lang) string { return l.ConfigNotList("after") })
		return
	}
	for _, item := range node.Content {
		item = resolve(item)
		var name string
		restart := false
		if item.Kind == yaml.MappingNode {
			f.fields(item, "after", map[string]func(*yaml.Node){
				"name":    f.textField("after.name", &name),
				"restart": f.switchField("after.restart", &restart, "true", "false"),
			})
		} else {
			name, _ = f.text("after", item)
		}
		c.After = append(c.After, name)
		if restart {
			c.RestartWith = append(c.RestartWith, name)
		}
	}
}

// watch reads patterns of files.
func (f *file) watch(node *yaml.Node, c *Component) {
	patterns, ok := f.list("watch", node)
	if !ok {
		return
	}
	for _, pattern := range patterns {
		if !filewatch.Valid(pattern) {
			f.fail(node.Line, func(l message.Lang) string { return l.ComponentBadPattern(c.Name, pattern) })
		}
	}
	c.Watch = patterns
}

// FileWatcher watches the files whose changes restart a component. What the system
// itself writes is not among them.
func (c *Config) FileWatcher(of Component, told filewatch.Config) (*filewatch.Watcher, error) {
	told.Dir, told.Patterns, told.Skip = c.Dir, of.Watch, []string{c.DataDir(), c.LogDir()}
	return filewatch.New(told)
}

// switchField reads a setting with two values; on is the one that sets it.
func (f *file) switchField(key string, into *bool, on, off string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		var text string
		f.choiceField(key, &text, on, off)(n)
		*into = text == on
	}
}

func (f *file) choiceField(key string, into *string, choices ...string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		text, ok := f.text(key, n)
		switch {
		case !ok:
		case slices.Contains(choices, text):
			*into = text
		default:
			f.fail(n.Line, func(l message.Lang) string { return l.ConfigNotOneOf(key, text, choices...) })
		}
	}
}

// orElse is a duration that a component need not set.
func orElse(d *time.Duration, otherwise time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	return *d
}

// ReadyTimeout is how long a component may take to become ready.
func (c *Config) ReadyTimeout(of Component) time.Duration {
	return orElse(of.Ready.Timeout, c.Start.Timeout)
}

// StopTimeout is how long a component may take to stop.
func (c *Config) StopTimeout(of Component) time.Duration {
	return orElse(of.Stop.Timeout, c.Stop.Timeout)
}
