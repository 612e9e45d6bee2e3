package eventlogtest_test

import (
	"testing"

	"taskctl/pkg/broker/brokertest"
	"taskctl/pkg/eventlog/eventlogtest"
)

func TestPipe(t *testing.T) {
	brokertest.Run(t, func(*testing.T) brokertest.Broker {
		p := new(eventlogtest.Pipe)
		return brokertest.Broker{Publisher: p, Subscriber: p}
	})
}
