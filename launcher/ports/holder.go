package ports

import (
	"context"
	"fmt"

	"github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"

	"taskctl/pkg/message"
)

// Holder is the process that listens on a port.
type Holder struct {
	PID     int32  `json:"pid"`
	Command string `json:"command"`
	User    string `json:"user"`
	Dir     string `json:"dir,omitempty"` // of its taskctl system; empty: it belongs to none
}

// String names the holder, or says that it belongs to another user and cannot be seen.
func (h Holder) String() string {
	if h.PID == 0 {
		return "a process that this user cannot see"
	}
	return fmt.Sprintf("pid %d (%s), user %s", h.PID, h.Command, h.User)
}

// Text says in the user's language which process holds the port, as far as that is
// known.
func (h Holder) Text(lang message.Lang) string {
	if h.PID == 0 {
		return lang.PortHolderUnknown()
	}
	return lang.PortHolder(h.PID, h.Command, h.User)
}

// holderOf finds the process that listens on a TCP port. It returns the zero Holder if
// this user may not see it.
func holderOf(ctx context.Context, port int) Holder {
	conns, err := net.ConnectionsWithContext(ctx, "tcp")
	if err != nil {
		return Holder{}
	}
	for _, c := range conns {
		if c.Status != "LISTEN" || c.Laddr.Port != uint32(port) || c.Pid == 0 {
			continue
		}
		h := Holder{PID: c.Pid, Command: "?", User: "?"}
		if p, err := process.NewProcessWithContext(ctx, c.Pid); err == nil {
			if cmd, err := p.CmdlineWithContext(ctx); err == nil && cmd != "" {
				h.Command = cmd
			}
			if user, err := p.UsernameWithContext(ctx); err == nil {
				h.User = user
			}
			h.Dir = systemDir(ctx, p)
		}
		return h
	}
	return Holder{}
}
