// Package notice is the common part of the brokers between machines. A notice tells
// other nodes that the log has new events, but does not carry them. A broker may lose,
// repeat and reorder notices, because receivers read the log from their own position.
// The connection to the server is in the package of each broker.
package notice

import (
	"strings"

	"taskctl/pkg/task"
)

// notice is the position of the log after a write of a node. A notice without a
// position says that the node has just connected, and may have dropped notices before.
type notice struct {
	system string // names the database, so that several systems may share a broker
	node   string
	at     task.Position
}

// String is the payload for the broker.
func (n notice) String() string {
	text := n.system + " " + n.node
	if !n.at.IsZero() {
		text += " " + n.at.String()
	}
	return text
}

// parse reads a payload; false for one that is not a notice.
func parse(payload string) (n notice, ok bool) {
	fields := strings.Split(payload, " ")
	if len(fields) < 2 || len(fields) > 3 || fields[0] == "" || fields[1] == "" {
		return n, false
	}
	n.system, n.node = fields[0], fields[1]
	if len(fields) == 2 {
		return n, true
	}
	at, err := task.ParsePosition(fields[2])
	n.at = at
	return n, err == nil
}
