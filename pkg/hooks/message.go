package hooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	"taskctl/pkg/client"
	"taskctl/pkg/task"
)

// message is one event as it is sent. All attempts send the same id and body.
type message struct {
	id   string
	body []byte
}

// newMessage encodes an event. The id names the event in all logs of all systems, so a
// receiver can drop what it has already got.
func newMessage(e client.Event) message {
	body := fmt.Appendf(nil, `{"type":%q,"timestamp":"`, string(e.Type))
	body = append(task.AppendTime(body, e.Time), `","epoch":`...)
	body = strconv.AppendQuote(body, e.Position.Epoch)
	body = fmt.Appendf(body, `,"seq":%d,"task":`, e.Position.Seq)
	body = append(e.Task.AppendJSON(body), '}')
	return message{id: fmt.Sprintf("evt_%s_%d", e.Position.Epoch, e.Position.Seq), body: body}
}

// sign returns the signature of a message, as Standard Webhooks 1.0 has it: an
// HMAC-SHA256 over id, time and body, joined by dots.
func sign(key []byte, m message, at time.Time) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", m.id, at.Unix(), m.body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
