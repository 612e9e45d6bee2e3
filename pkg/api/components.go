package api

import (
	"context"
	"fmt"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/go-json-experiment/json"
)

// statusTimeout bounds how long a page of metrics waits for the launcher.
const statusTimeout = 2 * time.Second

// systemStatus is the part of the launcher's status that is shown as metrics.
type systemStatus struct {
	Store      *serviceStatus    `json:"store"`
	Broker     *serviceStatus    `json:"broker"`
	Components []componentStatus `json:"components"`
}

type serviceStatus struct {
	Kind  string `json:"kind"`
	State string `json:"state"`
	Lag   uint64 `json:"lag"`
}

type componentStatus struct {
	Name       string  `json:"name"`
	State      string  `json:"state"`
	Restarts   int     `json:"restarts"`
	RSSBytes   uint64  `json:"rss_bytes"`
	CPUPercent float64 `json:"cpu_percent"`
	LastExit   string  `json:"last_exit"`
}

// componentStates are the states that a component can have.
func componentStates() []string {
	return []string{"starting", "ready", "unhealthy", "backing-off", "stopping", "stopped", "failed", "done"}
}

// systemMetrics returns the metrics of the components, the store and the broker, as
// the launcher sees them now.
func (s *Server) systemMetrics(ctx context.Context) *metrics.Set {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	set := metrics.NewSet()
	status, err := s.systemStatus(ctx)
	set.GetOrCreateGauge("taskctl_launcher_up", nil).Set(oneIf(err == nil))
	if err != nil {
		return set
	}
	for _, c := range status.Components {
		gauge := func(name string, value float64) {
			set.GetOrCreateGauge(fmt.Sprintf("taskctl_component_%s{component=%q}", name, c.Name), nil).Set(value)
		}
		for _, state := range componentStates() {
			set.GetOrCreateGauge(fmt.Sprintf("taskctl_component_state{component=%q,state=%q}", c.Name, state), nil).Set(oneIf(c.State == state))
		}
		gauge("restarts_total", float64(c.Restarts))
		gauge("resident_memory_bytes", float64(c.RSSBytes))
		gauge("cpu_percent", c.CPUPercent)
		if c.LastExit != "" {
			set.GetOrCreateGauge(fmt.Sprintf("taskctl_component_last_exit_info{component=%q,exit=%q}", c.Name, c.LastExit), nil).Set(1)
		}
	}
	for name, service := range map[string]*serviceStatus{"store": status.Store, "broker": status.Broker} {
		if service != nil {
			set.GetOrCreateGauge(fmt.Sprintf("taskctl_%s_ready{kind=%q}", name, service.Kind), nil).Set(oneIf(service.State == "ready"))
			set.GetOrCreateGauge(fmt.Sprintf("taskctl_%s_lag_events{kind=%q}", name, service.Kind), nil).Set(float64(service.Lag))
		}
	}
	return set
}

func (s *Server) systemStatus(ctx context.Context) (status systemStatus, err error) {
	if s.deps.System == nil {
		return status, errNoLauncher
	}
	text, err := s.deps.System(ctx)
	if err != nil {
		return status, err
	}
	return status, json.Unmarshal(text, &status)
}

func oneIf(condition bool) float64 {
	if condition {
		return 1
	}
	return 0
}
