package eventlogtest_test

import (
	"testing"

	"github.com/taskctl/taskctl/pkg/broker/brokertest"
	"github.com/taskctl/taskctl/pkg/eventlog/eventlogtest"
)

func TestPipe(t *testing.T) {
	brokertest.Run(t, func(*testing.T) brokertest.Broker {
		p := new(eventlogtest.Pipe)
		return brokertest.Broker{Publisher: p, Subscriber: p}
	})
}
