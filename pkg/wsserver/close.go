package wsserver

import (
	"strconv"
	"time"
)

// closeCode is a close status of RFC 6455 §7.4. It tells the client whether to
// come back, and how soon.
type closeCode uint16

// The codes this server sends, and why. There is no other place for them.
const (
	closeNone        closeCode = 1005 // never on the wire: answers a close frame without a code
	closeGoingAway   closeCode = 1001 // the server stops
	closeProtocol    closeCode = 1002 // the client broke RFC 6455
	closeNotUTF8     closeCode = 1007 // text, or a reason, that is not UTF-8
	closeTooBig      closeCode = 1009 // a message over what clients may send
	closeRestarting  closeCode = 1012 // come back after the milliseconds in the reason
	closeTooSlow     closeCode = 1013 // took no byte, or answered no ping; come back and resume
	closeReservedLow closeCode = 1004 // reserved, and so are 1005, 1006 and 1015
)

// violation is what a client did wrong, and the code it is told so with.
type violation struct {
	code   closeCode
	reason string
}

func (v *violation) Error() string { return v.reason }

func protocolError(reason string) error { return &violation{closeProtocol, reason} }

// mayBeReceived reports whether a client may send the code: one of those that
// are registered for the wire, or one of the ranges for libraries and
// applications (§7.4.2).
func (c closeCode) mayBeReceived() bool {
	switch {
	case 1000 <= c && c <= 1014:
		return c < closeReservedLow || c > 1006
	default:
		return 3000 <= c && c <= 4999
	}
}

// retrySpacing is the time between two clients of a restarting server: the
// handshakes that a small machine does, with room to spare.
const retrySpacing = 250 * time.Microsecond

// retryReason is the reason of a 1012: ten thousand clients do not come back in
// the same instant, and the first few do not wait.
func retryReason(nth int) string {
	delay := time.Duration(nth) * retrySpacing
	return "retry=" + strconv.FormatInt(delay.Milliseconds(), 10)
}
