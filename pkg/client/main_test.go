package client_test

import (
	"testing"

	"go.uber.org/goleak"

	"taskctl/pkg/client"
	"taskctl/pkg/client/clienttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connect returns a client of a server that both end with the test.
func connect(t *testing.T, s *clienttest.Server) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{BaseURL: s.URL(), WebSocketURL: s.WebSocketURL(), Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}
