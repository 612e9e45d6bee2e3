//go:build unix

package rabbitmq

import (
	"fmt"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.uber.org/goleak"

	"taskctl/pkg/broker/notice"
	"taskctl/pkg/broker/notice/noticetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSecure(t *testing.T) {
	cert, key := noticetest.Certificate(t)
	server := noticetest.Launch(t, noticetest.RabbitMQ(t, func(port string) string {
		return "listeners.tcp = none\nlisteners.ssl.1 = 127.0.0.1:" + port + "\nssl_options.cacertfile = " + cert +
			"\nssl_options.certfile = " + cert + "\nssl_options.keyfile = " + key + "\ndefault_user = taskctl\ndefault_pass = secret\n"
	}))
	noticetest.RunSecure(t, noticetest.SecureServer{
		CAFile: cert, Scheme: "amqps", Plain: "amqp", User: "taskctl:secret", Address: server.Address(), Group: "rabbitmq",
		WithoutTLS: "If it expects TLS, change the scheme of rabbitmq.url",
		Broker:     func(url, caFile string) notice.Broker { return Broker{URL: url, Exchange: "taskctl", CAFile: caFile} },
	})
}

func TestBroker(t *testing.T) {
	server := noticetest.Launch(t, noticetest.RabbitMQ(t, nil))
	noticetest.Run(t, noticetest.Server{
		Broker: func(address string) notice.Broker {
			if address == "" {
				address = server.Address()
			}
			return Broker{URL: fmt.Sprintf("amqp://guest:guest@%s/", address), Exchange: "taskctl"}
		},
		Start: server.Start, Stop: server.Stop,
		Forget: func(t *testing.T) {
			conn, err := amqp.Dial(fmt.Sprintf("amqp://guest:guest@%s/", server.Address()))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			channel, err := conn.Channel()
			if err != nil {
				t.Fatal(err)
			}
			if err := channel.ExchangeDelete("taskctl", false, false); err != nil {
				t.Fatal(err)
			}
		},
	})
}
