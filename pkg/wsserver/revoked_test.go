package wsserver_test

import (
	"net/http"
	"testing"

	"github.com/gorilla/websocket"

	"taskctl/pkg/access"
	"taskctl/pkg/wsserver"
)

// Clients whose token is revoked are told to go and not to come back; so are those
// without one when the first token is made. The others stay.
func TestRevokedClientsAreClosed(t *testing.T) {
	store := access.Store{Dir: t.TempDir()}
	tokens := access.NewTokens(access.TokenOptions{Token: "", Internal: "own", Store: store})
	s := serve(t, wsserver.Config{Access: access.Policy{Tokens: tokens, Loopback: true}}, nil)
	connect := func(token string) *websocket.Conn {
		t.Helper()
		header := http.Header{}
		if token != "" {
			header.Set("Authorization", "Bearer "+token)
		}
		c, _, err := websocket.DefaultDialer.Dial("ws://"+s.addr+"/", header)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	refused := func(c *websocket.Conn, who string) {
		t.Helper()
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				if !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
					t.Errorf("%s: closed with %v", who, err)
				}
				return
			}
		}
	}
	anonymous, own := connect(""), connect("own")
	secret, err := store.Create("a", access.Read)
	if err != nil {
		t.Fatal(err)
	}
	refused(anonymous, "without a token")
	named := connect(secret)
	if err := store.Revoke("a"); err != nil {
		t.Fatal(err)
	}
	refused(named, "with a revoked token")
	if err := own.WriteMessage(websocket.PingMessage, nil); err != nil {
		t.Errorf("the system's own connection: %v", err)
	}
	pong := make(chan struct{})
	own.SetPongHandler(func(string) error { close(pong); return websocket.ErrCloseSent })
	for {
		if _, _, err := own.ReadMessage(); err != nil {
			break
		}
	}
	select {
	case <-pong:
	default:
		t.Error("the system's own connection is closed")
	}
}
