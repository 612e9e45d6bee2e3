package wsserver

import (
	"strconv"

	"github.com/go-json-experiment/json"

	"taskctl/pkg/task"
)

// welcome is the first message of every connection. The next event has a number
// above Seq: Seq+1, unless a filter skips it.
type welcome struct {
	Type    string `json:"type"` // "connected"
	Message string `json:"message"`
	Clients int    `json:"clients"` // including this one
	Seq     uint64 `json:"seq"`
	Epoch   string `json:"epoch"`
	Resumed bool   `json:"resumed"` // the stream continues after the position that the client sent
}

func appendWelcome(dst []byte, w welcome) []byte {
	w.Type = "connected"
	b, err := json.Marshal(w)
	if err != nil {
		panic(err) // cannot happen: the message and the epoch are UTF-8
	}
	return appendFrame(dst, opText, b)
}

// appendReset appends the message that the stream continues after seq, and that
// events before it are missing.
func appendReset(dst []byte, reason task.GoneReason, seq uint64) []byte {
	b := make([]byte, 0, 64)
	b = append(b, `{"type":"reset","reason":"`...)
	b = append(b, reason...)
	b = append(b, `","seq":`...)
	b = append(strconv.AppendUint(b, seq, 10), '}')
	return appendFrame(dst, opText, b)
}

// appendHeartbeat appends the message that every event up to seq has been sent.
func appendHeartbeat(dst []byte, seq uint64) []byte {
	b := make([]byte, 0, 48)
	b = append(b, `{"type":"heartbeat","seq":`...)
	b = append(strconv.AppendUint(b, seq, 10), '}')
	return appendFrame(dst, opText, b)
}
