package launcher

import (
	"context"
	"fmt"

	"github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"
)

// Holder is the process that listens on a port.
type Holder struct {
	PID     int32  `json:"pid"`
	Command string `json:"command"`
	User    string `json:"user"`
}

// String names the holder, or says that it is another user's and cannot be seen.
func (h Holder) String() string {
	if h.PID == 0 {
		return "a process that this user cannot see"
	}
	return fmt.Sprintf("pid %d (%s), user %s", h.PID, h.Command, h.User)
}

// holderOf finds who listens on a TCP port. The zero Holder means that the
// system does not tell this user.
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
		}
		return h
	}
	return Holder{}
}
