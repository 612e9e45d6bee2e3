package consumer

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"taskctl/pkg/client"
	"taskctl/pkg/message"
)

// reporter prints the state of the connection for people: once per change, not
// once per attempt.
type reporter struct {
	out         io.Writer
	lang        message.Lang
	url         string
	lastPrinted string // the last message while not connected
}

func (v *reporter) print(text string) {
	// These messages are not the product: a closed terminal stops nothing.
	_, _ = fmt.Fprintln(v.out, printable(text))
}

func (v *reporter) connecting() { v.print(v.lang.ConsumerConnecting(v.url)) }

func (v *reporter) connected(n client.Connected) {
	v.lastPrinted = ""
	v.print(v.lang.ConsumerConnected())
	v.print(v.lang.ConsumerClients(n.Clients))
}

func (v *reporter) disconnected(n client.Disconnected) {
	text := v.lang.ConsumerWaiting(v.url, v.cause(n.Err))
	var closed *client.CloseError
	var broken *client.ConnectError
	if errors.As(n.Err, &closed) || errors.As(n.Err, &broken) && broken.Sent {
		text = v.lang.ConsumerLost(v.cause(n.Err))
	}
	if text != v.lastPrinted {
		v.lastPrinted = text
		v.print(text)
	}
}

func (v *reporter) cause(err error) string {
	var closed *client.CloseError
	var broken *client.ConnectError
	var refused *client.Problem
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return v.lang.UnknownHost(dns.Name)
	case errors.As(err, &refused) && refused.Foreign():
		return v.lang.ConsumerForeign(refused.Status)
	case errors.As(err, &broken) && broken.TLS() != "":
		return v.lang.ConsumerTLS(string(broken.TLS()))
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
