package consumer

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/taskctl/taskctl/pkg/client"
	"github.com/taskctl/taskctl/pkg/message"
)

// voice tells people how the connection is: once per change, not per attempt.
type voice struct {
	out  io.Writer
	lang message.Lang
	url  string
	said string // the last thing said while not connected
}

func (v *voice) say(text string) {
	// People's messages are no product: a terminal that is gone stops nothing.
	_, _ = fmt.Fprintln(v.out, printable(text))
}

func (v *voice) connecting() { v.say(v.lang.ConsumerConnecting(v.url)) }

func (v *voice) connected(n client.Connected) {
	v.said = ""
	v.say(v.lang.ConsumerConnected())
	v.say(v.lang.ConsumerClients(n.Clients))
}

func (v *voice) disconnected(n client.Disconnected) {
	text := v.lang.ConsumerWaiting(v.url, v.cause(n.Err))
	var closed *client.CloseError
	var broken *client.ConnectError
	if errors.As(n.Err, &closed) || errors.As(n.Err, &broken) && broken.Sent {
		text = v.lang.ConsumerLost(v.cause(n.Err))
	}
	if text != v.said {
		v.said = text
		v.say(text)
	}
}

func (v *voice) cause(err error) string {
	var closed *client.CloseError
	var broken *client.ConnectError
	switch {
	case errors.As(err, &closed) && closed.Code == 1001:
		return v.lang.ConsumerStopping()
	case errors.As(err, &closed) && closed.Code == 1012:
		return v.lang.ConsumerRestarting()
	case errors.As(err, &closed) && closed.Code == 1013:
		return v.lang.ConsumerTooSlow()
	case errors.As(err, &closed) && closed.Code == 1006:
		return v.lang.ConsumerBroken()
	case errors.Is(err, syscall.ECONNREFUSED):
		return v.lang.ConsumerRefused()
	case errors.As(err, &broken) && broken.Sent:
		return v.lang.ConsumerBroken()
	}
	return err.Error()
}
