package direct

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Each end proves that it knows the link token without sending it. The publisher sends
// a nonce with its request. The receiver answers with a nonce of its own and its proof;
// the publisher verifies it and sends its own proof as the first message. A proof is an
// HMAC over both nonces and the role, so it is valid for one connection and one end,
// and another program that listens on the port cannot use or replay it.
const (
	nonceHeader = "Taskctl-Link-Nonce"
	proofHeader = "Taskctl-Link-Proof"
	nonceSize   = 32
)

// role is the end of the link that a proof comes from.
type role string

const (
	publisherRole role = "taskctl link publisher"
	receiverRole  role = "taskctl link receiver"
)

// handshake holds the shared values of one connection after the exchange of nonces.
type handshake struct {
	token                         string
	publisherNonce, receiverNonce string // in hex
}

func newNonce() string {
	var nonce [nonceSize]byte
	_, _ = rand.Read(nonce[:]) // never fails
	return hex.EncodeToString(nonce[:])
}

// validNonce reports whether a peer's nonce has the right form, so that the input of
// the HMAC is unambiguous.
func validNonce(nonce string) bool {
	raw, err := hex.DecodeString(nonce)
	return err == nil && len(raw) == nonceSize
}

func (h handshake) proof(of role) string {
	mac := hmac.New(sha256.New, []byte(h.token))
	fmt.Fprintf(mac, "%s\n%s\n%s\n", of, h.publisherNonce, h.receiverNonce)
	return hex.EncodeToString(mac.Sum(nil))
}

// verify reports whether a peer in the role knows the token.
func (h handshake) verify(of role, proof string) bool {
	return hmac.Equal([]byte(proof), []byte(h.proof(of)))
}
