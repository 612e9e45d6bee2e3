package wsserver

import (
	"encoding/binary"
	"unicode/utf8"
)

// Opcodes of RFC 6455 §5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

const (
	finalBit = 0x80
	maskBit  = 0x80

	maxControl = 125 // bytes of payload in a control frame (§5.5)
	maxHeader  = 10  // bytes of header in front of an unmasked frame
)

// appendHeader appends the header of a whole, unmasked frame with n bytes of payload.
func appendHeader(dst []byte, opcode byte, n int) []byte {
	dst = append(dst, finalBit|opcode)
	switch {
	case n <= 125:
		return append(dst, byte(n))
	case n <= 0xFFFF:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
	}
}

func appendFrame(dst []byte, opcode byte, payload []byte) []byte {
	return append(appendHeader(dst, opcode, len(payload)), payload...)
}

// appendClose appends a close frame. A reason that does not fit into a control frame
// is cut between two characters.
func appendClose(dst []byte, code closeCode, reason string) []byte {
	if code == closeNone {
		return appendHeader(dst, opClose, 0)
	}
	for len(reason) > maxControl-2 {
		_, size := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-size]
	}
	dst = appendHeader(dst, opClose, 2+len(reason))
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...)
}

// payloadOf returns the payload of a frame that this package encoded.
func payloadOf(frame []byte) []byte {
	switch frame[1] {
	case 126:
		return frame[4:]
	case 127:
		return frame[10:]
	default:
		return frame[2:]
	}
}
