package task

import (
	"errors"
	"strconv"
	"strings"
)

// Position is a place in an event log: after the event Seq of the log Epoch. Seq 0 is
// the beginning. It is the whole state of a receiver of events.
type Position struct {
	Epoch string // names the log; empty: the current log
	Seq   uint64
}

// maxEpoch bounds the length of a client's epoch; ours have 16 bytes.
const maxEpoch = 64

// MaxSeq is the largest seq, because integers of SQL are signed.
const MaxSeq = 1<<63 - 1

// String renders EPOCH:SEQ, or SEQ alone if the epoch is empty.
func (p Position) String() string {
	if p.Epoch == "" {
		return strconv.FormatUint(p.Seq, 10)
	}
	return p.Epoch + ":" + strconv.FormatUint(p.Seq, 10)
}

// IsZero reports whether p is the zero Position, which means unknown.
func (p Position) IsZero() bool { return p == Position{} }

// ParsePosition reads EPOCH:SEQ or a bare SEQ.
func ParsePosition(s string) (Position, error) {
	epoch, digits, found := strings.Cut(s, ":")
	if !found {
		epoch, digits = "", s
	} else if !validEpoch(epoch) {
		return Position{}, errors.New("must be EPOCH:SEQ, with an epoch of letters and digits")
	}
	if digits == "" || digits[0] < '0' || digits[0] > '9' { // because ParseUint accepts "+1"
		return Position{}, errors.New("must be EPOCH:SEQ or SEQ")
	}
	seq, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return Position{}, errors.New("must be EPOCH:SEQ or SEQ, with a number below 2^63")
	}
	return Position{Epoch: epoch, Seq: seq}, nil
}

func validEpoch(s string) bool {
	if s == "" || len(s) > maxEpoch {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}
