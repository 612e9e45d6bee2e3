//go:build unix

package nats

import (
	"testing"

	"go.uber.org/goleak"

	"taskctl/pkg/broker/notice"
	"taskctl/pkg/broker/notice/noticetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBroker(t *testing.T) {
	server := noticetest.Launch(t, &noticetest.Process{
		Program: "nats-server",
		Args:    func(port string) []string { return []string{"-a", "127.0.0.1", "-p", port} },
	})
	noticetest.Run(t, noticetest.Server{
		Broker: func(address string) notice.Broker {
			if address == "" {
				address = server.Address()
			}
			return Broker{URL: "nats://" + address, Subject: "taskctl"}
		},
		Start: server.Start, Stop: server.Stop,
	})
}

func TestSecure(t *testing.T) {
	cert, key := noticetest.Certificate(t)
	server := noticetest.Launch(t, &noticetest.Process{
		Program: "nats-server",
		Args: func(port string) []string {
			return []string{"-a", "127.0.0.1", "-p", port, "--user", "taskctl", "--pass", "secret", "--tls", "--tlscert", cert, "--tlskey", key}
		},
	})
	noticetest.RunSecure(t, noticetest.SecureServer{
		CAFile: cert, Scheme: "tls", Plain: "nats", User: "taskctl:secret", Address: server.Address(), Group: "nats",
		WithoutTLS: "signed by unknown authority", // the client follows the server, which uses TLS
		Broker:     func(url, caFile string) notice.Broker { return Broker{URL: url, Subject: "taskctl", CAFile: caFile} },
	})
}
