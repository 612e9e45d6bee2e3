package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Opcodes of RFC 6455 §5.2.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
)

// maxFrame bounds a frame's payload. The largest event is a task with a
// description of 10,000 characters that each take six bytes in JSON.
const maxFrame = 1 << 20

var errFrame = errors.New("malformed WebSocket frame")

// scanner splits a server's byte stream into frames. It scans each chunk in
// place and copies only a frame that continues in the next chunk.
type scanner struct{ rest []byte }

// feed calls handle with every frame that ends in chunk. The payload is valid
// during the call. After an error the scanner must not be used again.
func (s *scanner) feed(chunk []byte, handle func(opcode byte, payload []byte) error) error {
	for len(s.rest) > 0 {
		header, size, err := measure(s.rest)
		switch {
		case err != nil:
			return err
		case header > 0 && len(s.rest) == size:
			if err := handle(s.rest[0]&0x0F, s.rest[header:]); err != nil {
				return err
			}
			s.rest = s.rest[:0]
		case len(chunk) == 0:
			return nil
		default:
			n := min(size-len(s.rest), len(chunk))
			s.rest = append(s.rest, chunk[:n]...)
			chunk = chunk[n:]
		}
	}
	for len(chunk) > 0 {
		header, size, err := measure(chunk)
		if err != nil {
			return err
		}
		if header == 0 || size > len(chunk) {
			s.rest = append(s.rest[:0], chunk...)
			return nil
		}
		if err := handle(chunk[0]&0x0F, chunk[header:size]); err != nil {
			return err
		}
		chunk = chunk[size:]
	}
	return nil
}

// measure returns the sizes of the first frame in b and of its header. While b is
// too short to know them, header is 0 and size is the number of bytes needed.
func measure(b []byte) (header, size int, err error) {
	if len(b) < 2 {
		return 0, 2, nil
	}
	// Our servers send whole frames, unmasked, without extensions.
	if b[0]&0xF0 != 0x80 || b[1]&0x80 != 0 {
		return 0, 0, fmt.Errorf("%w: unexpected header % x", errFrame, b[:2])
	}
	payload := uint64(b[1])
	header = 2
	switch payload {
	case 126:
		header = 4
		if len(b) < header {
			return 0, header, nil
		}
		payload = uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		header = 10
		if len(b) < header {
			return 0, header, nil
		}
		payload = binary.BigEndian.Uint64(b[2:])
	}
	if payload > maxFrame {
		return 0, 0, fmt.Errorf("%w: payload of %d bytes", errFrame, payload)
	}
	return header, header + int(payload), nil
}

// appendFrame appends a whole frame as a server sends it.
func appendFrame(dst []byte, opcode byte, payload []byte) []byte {
	dst = append(dst, 0x80|opcode)
	switch n := len(payload); {
	case n <= 125:
		dst = append(dst, byte(n))
	case n <= 0xFFFF:
		dst = binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
	}
	return append(dst, payload...)
}

// appendMasked appends a control frame as a client sends it. The mask is zero:
// RFC 6455 §5.3 requires an unpredictable one only to protect proxies.
func appendMasked(dst []byte, opcode byte, payload []byte) []byte {
	payload = payload[:min(len(payload), 125)]
	dst = append(dst, 0x80|opcode, 0x80|byte(len(payload)), 0, 0, 0, 0)
	return append(dst, payload...)
}
