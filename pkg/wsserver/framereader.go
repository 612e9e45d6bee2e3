package wsserver

import (
	"bufio"
	"encoding/binary"
	"io"
	"unicode/utf8"
)

// maxMessage bounds a client's message, in bytes. Messages are checked and dropped.
const maxMessage = 4 << 10

// readBufferSize is enough for the largest control frame. It is small because
// every idle connection has such a buffer.
const readBufferSize = 256

// frameReader reads the client's frames, checks them against RFC 6455, and drops
// the messages.
//
// gorilla's reader does not fit: it accepts text that is not UTF-8, reports a close
// payload of one byte as an empty one, and answers control frames by itself, with a
// write deadline that would interrupt a data write in progress.
type frameReader struct {
	br *bufio.Reader

	inMessage  bool // between two frames of one message
	text       bool
	length     int     // of the message so far
	partial    [4]byte // the beginning of a character that continues in the next read
	partialLen int
}

func newFrameReader(r io.Reader) *frameReader {
	return &frameReader{br: bufio.NewReaderSize(r, readBufferSize)}
}

// header is the header of a client's frame.
type header struct {
	final  bool
	opcode byte
	length uint64
	mask   [4]byte
}

// next returns the next control frame; its payload is valid until the next call.
// It checks and drops the messages before it. A *violation is an error that is sent
// to the client.
func (in *frameReader) next() (opcode byte, payload []byte, err error) {
	for {
		h, err := in.header()
		if err != nil {
			return 0, nil, err
		}
		if h.opcode >= opClose {
			payload, err := in.br.Peek(int(h.length))
			if err != nil {
				return 0, nil, err
			}
			_, _ = in.br.Discard(len(payload)) // it is in the buffer
			unmask(payload, h.mask, 0)
			return h.opcode, payload, nil
		}
		if err := in.data(h); err != nil {
			return 0, nil, err
		}
	}
}

func (in *frameReader) header() (h header, err error) {
	b, err := in.br.Peek(2)
	if err != nil {
		return h, err
	}
	h.final, h.opcode = b[0]&finalBit != 0, b[0]&0x0F
	short := b[1] &^ maskBit
	switch { // faults that the first two bytes show, before waiting for more (§5.2)
	case b[0]&0x70 != 0:
		return h, protocolError("reserved bit set")
	case h.opcode > opBinary && h.opcode < opClose, h.opcode > opPong:
		return h, protocolError("unknown opcode")
	case b[1]&maskBit == 0:
		return h, protocolError("frame not masked")
	case h.opcode >= opClose && !h.final:
		return h, protocolError("fragmented control frame")
	case h.opcode >= opClose && short > maxControl:
		return h, protocolError("control frame too long")
	case h.opcode == opContinuation && !in.inMessage:
		return h, protocolError("continuation frame without a message")
	case h.opcode != opContinuation && h.opcode < opClose && in.inMessage:
		return h, protocolError("new message before the end of the last one")
	}
	extra := 0
	switch short {
	case 126:
		extra = 2
	case 127:
		extra = 8
	}
	if b, err = in.br.Peek(2 + extra + 4); err != nil {
		return h, err
	}
	switch extra {
	case 0:
		h.length = uint64(short)
	case 2:
		h.length = uint64(binary.BigEndian.Uint16(b[2:]))
	case 8:
		h.length = binary.BigEndian.Uint64(b[2:])
	}
	if (extra == 2 && h.length <= 125) || (extra == 8 && h.length <= 0xFFFF) || h.length > 1<<63-1 {
		return h, protocolError("length not in its shortest form")
	}
	h.mask = [4]byte(b[2+extra:])
	_, err = in.br.Discard(2 + extra + 4)
	return h, err
}

// data reads the payload of a data frame.
func (in *frameReader) data(h header) error {
	if h.opcode != opContinuation {
		in.text, in.length = h.opcode == opText, 0
	}
	if h.length > maxMessage || in.length+int(h.length) > maxMessage {
		return &violation{closeTooBig, "messages may have 4096 bytes"}
	}
	in.length += int(h.length)
	for at, left := 0, int(h.length); left > 0; {
		if _, err := in.br.Peek(1); err != nil { // waits for at least one byte
			return err
		}
		p, err := in.br.Peek(min(left, in.br.Buffered()))
		if err != nil {
			return err
		}
		unmask(p, h.mask, at)
		if in.text && !in.valid(p) {
			return &violation{closeNotUTF8, "text that is not UTF-8"}
		}
		at += len(p)
		left -= len(p)
		_, _ = in.br.Discard(len(p)) // it is in the buffer
	}
	in.inMessage = !h.final
	if h.final && in.partialLen > 0 {
		return &violation{closeNotUTF8, "text that ends within a character"}
	}
	return nil
}

// valid reports whether p continues the text before it as UTF-8. The text before it
// may have ended within a character. The first wrong byte is detected at once.
func (in *frameReader) valid(p []byte) bool {
	for in.partialLen > 0 && len(p) > 0 {
		in.partial[in.partialLen] = p[0]
		in.partialLen++
		p = p[1:]
		switch whole, ok := character(in.partial[:in.partialLen]); {
		case !ok:
			return false
		case whole:
			in.partialLen = 0
		}
	}
	for len(p) > 0 {
		if p[0] < utf8.RuneSelf {
			p = p[1:]
			continue
		}
		if r, size := utf8.DecodeRune(p); r != utf8.RuneError || size > 1 {
			p = p[size:]
			continue
		}
		if whole, ok := character(p); whole || !ok {
			return false
		}
		in.partialLen = copy(in.partial[:], p) // p ends within a character
		return true
	}
	return true
}

// character reports whether p is the beginning of a character (ok), and whether it
// is the whole of it. p is not longer than the character, or it is invalid.
func character(p []byte) (whole, ok bool) {
	if utf8.FullRune(p) {
		r, size := utf8.DecodeRune(p)
		return true, r != utf8.RuneError || size > 1
	}
	return false, true
}

// unmask decodes the part of a payload that begins at its at-th byte.
func unmask(p []byte, mask [4]byte, at int) {
	for i := range p {
		p[i] ^= mask[(at+i)&3]
	}
}

// parseClose returns the payload of a close frame as a peerClosed, or as a
// *violation (§5.5.1).
func parseClose(payload []byte) error {
	switch {
	case len(payload) == 0:
		return peerClosed{closeNone}
	case len(payload) == 1:
		return protocolError("close payload of one byte")
	}
	code := closeCode(binary.BigEndian.Uint16(payload))
	if !code.mayBeReceived() {
		return protocolError("invalid close code")
	}
	if !utf8.Valid(payload[2:]) {
		return &violation{closeNotUTF8, "close reason that is not UTF-8"}
	}
	return peerClosed{code}
}
