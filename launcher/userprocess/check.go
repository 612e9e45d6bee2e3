package userprocess

import (
	"errors"

	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/filewatch"
	"taskctl/pkg/message"
)

// Fault is a problem of this machine that keeps a component from running, such as a
// missing program.
type Fault struct {
	config.Problem
	// Expected means that the fault may be gone when the component is started, because
	// a job that runs before it may create the missing file.
	Expected bool
}

// Check checks every component. A mistake keeps the system from starting, a fault only
// the component.
func Check(cfg *config.Config, environ []string) (mistakes config.Problems, faults []Fault) {
	for _, c := range cfg.Components {
		process, err := New(c, cfg, environ)
		var problems config.Problems
		if errors.As(err, &problems) {
			mistakes = append(mistakes, problems...)
			continue
		}
		add := func(text func(message.Lang) string) {
			faults = append(faults, Fault{Problem: c.Problem(text), Expected: cfg.ComesAfterJob(c)})
		}
		if fault := process.Fault(); fault != nil {
			add(func(l message.Lang) string { return c.Name + ": " + control.FaultText(l, fault) })
		}
		for key, command := range map[string][]string{"ready.exec": c.Ready.Exec, "alive.exec": c.Alive.Exec} {
			if len(command) == 0 {
				continue
			}
			asked := process
			asked.Path = command[0]
			if fault := asked.Fault(); fault != nil && process.Fault() == nil {
				add(func(l message.Lang) string { return c.Name + "." + key + ": " + control.FaultText(l, fault) })
			}
		}
		if watcher, err := cfg.FileWatcher(c, filewatch.Config{}); err == nil && len(c.Watch) > 0 && len(watcher.Matches()) == 0 {
			add(func(l message.Lang) string { return l.WatchNoMatch(c.Name, c.Watch) })
		}
	}
	return mistakes, faults
}
