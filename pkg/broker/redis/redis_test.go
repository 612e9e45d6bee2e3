//go:build unix

package redis

import (
	"net"
	"testing"

	"go.uber.org/goleak"

	"taskctl/pkg/broker/notice"
	"taskctl/pkg/broker/notice/noticetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBroker(t *testing.T) {
	server := noticetest.Launch(t, &noticetest.Process{
		Program: "redis-server",
		Args: func(port string) []string {
			return []string{"--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", t.TempDir()}
		},
	})
	noticetest.Run(t, noticetest.Server{
		Broker: func(address string) notice.Broker {
			if address == "" {
				address = server.Address()
			}
			return Broker{URL: "redis://" + address, Channel: "taskctl"}
		},
		Start: server.Start, Stop: server.Stop,
		Forget: func(t *testing.T) {
			conn, err := net.Dial("tcp", server.Address())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write([]byte("FLUSHALL\r\nCLIENT KILL TYPE pubsub\r\n")); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Read(make([]byte, 64)); err != nil {
				t.Fatal(err)
			}
		},
	})
}

func TestSecure(t *testing.T) {
	cert, key := noticetest.Certificate(t)
	server := noticetest.Launch(t, &noticetest.Process{
		Program: "redis-server",
		Args: func(port string) []string {
			return []string{
				"--bind", "127.0.0.1", "--port", "0", "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key,
				"--tls-auth-clients", "no", "--requirepass", "secret", "--save", "", "--dir", t.TempDir(),
			}
		},
	})
	noticetest.RunSecure(t, noticetest.SecureServer{
		CAFile: cert, Scheme: "rediss", Plain: "redis", User: ":secret", Address: server.Address(), Group: "redis",
		WithoutTLS: "If it expects TLS, change the scheme of redis.url",
		Broker:     func(url, caFile string) notice.Broker { return Broker{URL: url, Channel: "taskctl", CAFile: caFile} },
	})
}
