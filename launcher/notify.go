package launcher

import (
	"context"
	"strings"

	"taskctl/pkg/supervisor"
)

// watchdog answers systemd's watchdog until ctx ends, also while the system stops. If
// the supervisor hangs, it does not answer.
func (s *system) watchdog(ctx context.Context) error {
	s.logNotify(s.opts.Systemd.Watch(ctx, func() { s.supervisor.Status() }))
	<-ctx.Done() // an error of the watchdog must not end the system
	return nil
}

// notifyReady tells systemd that the start is complete.
func (s *system) notifyReady() { s.logNotify(s.opts.Systemd.Ready(s.summary())) }

// notifyChange updates the text of `systemctl status`.
func (s *system) notifyChange() {
	if s.opts.Systemd != nil && s.readyAfter.Load() > 0 {
		s.logNotify(s.opts.Systemd.Status(s.summary()))
	}
}

// notifyStopping tells systemd that the stop has begun.
func (s *system) notifyStopping() {
	s.logNotify(s.opts.Systemd.Stopping(s.opts.Lang.StateName(string(supervisor.StateStopping))))
}

func (s *system) logNotify(err error) {
	if err != nil {
		s.log.Warn("systemd not notified", "error", err)
	}
}

// summary is the state of the system in one line: the components that are not in their
// intended state, or else the addresses.
func (s *system) summary() string {
	var notReady []string
	for _, c := range s.supervisor.Status() {
		if !asIntended(c.State, c.Generation) {
			notReady = append(notReady, c.Name+": "+s.opts.Lang.StateName(string(c.State)))
		}
	}
	if len(notReady) > 0 {
		return strings.Join(notReady, ", ")
	}
	return s.cfg.APIURL() + ", " + s.cfg.WebSocket()
}
