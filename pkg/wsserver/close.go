package wsserver

import (
	"strconv"
	"time"
)

// closeCode is a close status of RFC 6455 §7.4. It tells the client whether to
// reconnect, and when.
type closeCode uint16

// The codes that this server sends.
const (
	closeGoingAway  closeCode = 1001 // the server stops
	closeProtocol   closeCode = 1002 // the client broke RFC 6455
	closeNotUTF8    closeCode = 1007 // text, or a reason, that is not UTF-8
	closeRefused    closeCode = 1008 // the token has been revoked; do not reconnect with it
	closeTooBig     closeCode = 1009 // a message over what clients may send
	closeRestarting closeCode = 1012 // reconnect after the milliseconds in the reason
	closeTooSlow    closeCode = 1013 // accepted no byte or answered no ping; reconnect and resume
)

// closeNone stands for a close frame without a code.
const closeNone closeCode = 1005

// violation is a fault of the client, with the close code that it gets.
type violation struct {
	code   closeCode
	reason string
}

func (v *violation) Error() string { return v.reason }

func protocolError(reason string) error { return &violation{closeProtocol, reason} }

// mayBeReceived reports whether a client may send the code: a registered one, or
// one from the ranges for libraries and applications (§7.4.2).
func (c closeCode) mayBeReceived() bool {
	switch {
	case 1000 <= c && c <= 1014:
		return c < 1004 || c > 1006 // 1004 to 1006 are reserved
	default:
		return 3000 <= c && c <= 4999
	}
}

// retrySpacing is the time between the reconnections of two clients. A small
// machine does handshakes faster than this.
const retrySpacing = 250 * time.Microsecond

// retryReason is the close reason with 1012. It spreads the reconnections of many
// clients over time; the first few clients do not wait.
func retryReason(nth int) string {
	delay := time.Duration(nth) * retrySpacing
	return "retry=" + strconv.FormatInt(delay.Milliseconds(), 10)
}
