package wsserver

import (
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/taskctl/taskctl/pkg/task"
)

// welcome is the first message of every connection. Seq is where its stream goes
// on from: the next event has a higher number, Seq+1 where no filter skips it.
type welcome struct {
	Type    string `json:"type"` // "connected"
	Message string `json:"message"`
	Clients int    `json:"clients"` // this one included
	Seq     uint64 `json:"seq"`
	Epoch   string `json:"epoch"`
	Resumed bool   `json:"resumed"` // the stream goes on from where the client asked
}

func appendWelcome(dst []byte, w welcome) []byte {
	w.Type = "connected"
	b, err := json.Marshal(w)
	if err != nil {
		panic(err) // the message or the epoch is not UTF-8: both are ours
	}
	return appendFrame(dst, opText, b)
}

// appendReset says that the stream goes on after seq, with a gap before it.
func appendReset(dst []byte, reason task.GoneReason, seq uint64) []byte {
	b := make([]byte, 0, 64)
	b = append(b, `{"type":"reset","reason":"`...)
	b = append(b, reason...)
	b = append(b, `","seq":`...)
	b = append(strconv.AppendUint(b, seq, 10), '}')
	return appendFrame(dst, opText, b)
}

// appendHeartbeat says that every event up to seq has been sent.
func appendHeartbeat(dst []byte, seq uint64) []byte {
	b := make([]byte, 0, 48)
	b = append(b, `{"type":"heartbeat","seq":`...)
	b = append(strconv.AppendUint(b, seq, 10), '}')
	return appendFrame(dst, opText, b)
}
