package wsserver_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"taskctl/pkg/wsserver"

	"taskctl/pkg/wait/waittest"
)

// wire is a client on a plain connection that can send any bytes.
type wire struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func (s *system) wire(t *testing.T) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(waitTimeout))
	w := &wire{t, conn, bufio.NewReader(conn)}
	w.send([]byte(handshake))
	for line := ""; line != "\r\n"; {
		if line, err = w.r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if opcode, payload := w.frame(); opcode != 1 || !strings.HasPrefix(payload, `{"type":"connected"`) {
		t.Fatalf("the first frame is %d %s", opcode, payload)
	}
	return w
}

func (w *wire) send(data []byte) {
	w.t.Helper()
	if _, err := w.Write(data); err != nil {
		w.t.Fatal(err)
	}
}

// frame reads one frame of the server, which must be whole and unmasked.
func (w *wire) frame() (opcode byte, payload string) {
	w.t.Helper()
	var h [2]byte
	if _, err := io.ReadFull(w.r, h[:]); err != nil {
		w.t.Fatal(err)
	}
	n := int(h[1])
	if n == 126 {
		var long [2]byte
		if _, err := io.ReadFull(w.r, long[:]); err != nil {
			w.t.Fatal(err)
		}
		n = int(binary.BigEndian.Uint16(long[:]))
	}
	if h[0]&0xF0 != 0x80 || h[1] > 126 {
		w.t.Fatalf("frame header %x", h)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(w.r, body); err != nil {
		w.t.Fatal(err)
	}
	return h[0] & 0x0F, string(body)
}

// masked is a client's frame. b0 is its first byte: FIN, reserved bits, opcode.
func masked(b0 byte, payload string) []byte {
	f := []byte{b0}
	switch n := len(payload); {
	case n <= 125:
		f = append(f, 0x80|byte(n))
	case n <= 0xFFFF:
		f = binary.BigEndian.AppendUint16(append(f, 0x80|126), uint16(n))
	default:
		f = binary.BigEndian.AppendUint64(append(f, 0x80|127), uint64(n))
	}
	key := []byte{0x37, 0xfa, 0x21, 0x3d}
	f = append(f, key...)
	for i := range len(payload) {
		f = append(f, payload[i]^key[i%4])
	}
	return f
}

func code(n uint16) string { return string(binary.BigEndian.AppendUint16(nil, n)) }

const noCode = 1005

// TestProtocol checks the close code for each way to break RFC 6455.
func TestProtocol(t *testing.T) {
	unmasked := masked(0x81, "hello")
	unmasked[1] &^= 0x80
	long := strings.Repeat("x", 4096)
	cases := []struct {
		name  string
		sends [][]byte
		want  uint16 // the close code; 0: none, the connection lives on
	}{
		{"text", [][]byte{masked(0x81, "hello")}, 0},
		{"empty text", [][]byte{masked(0x81, "")}, 0},
		{"binary that is not UTF-8", [][]byte{masked(0x82, "\xff\xfe")}, 0},
		{"fragments", [][]byte{masked(0x01, "hel"), masked(0x00, "l"), masked(0x80, "o")}, 0},
		{"ping between fragments", [][]byte{masked(0x01, "hel"), masked(0x89, "now"), masked(0x80, "lo")}, 0},
		{"pong unasked for", [][]byte{masked(0x8A, "here")}, 0},
		{"the largest message", [][]byte{masked(0x81, long)}, 0},
		{"the largest message in fragments", [][]byte{masked(0x01, long[1:]), masked(0x80, "x")}, 0},
		{"many messages", [][]byte{bytes.Repeat(masked(0x81, long[:3000]), 10)}, 0},
		{"a character split over fragments", [][]byte{masked(0x01, "\xe2\x82"), masked(0x80, "\xac")}, 0},
		{"a character split over three", [][]byte{masked(0x01, "\xf0\x9f"), masked(0x00, "\x98"), masked(0x80, "\x80")}, 0},
		{"the replacement character", [][]byte{masked(0x81, "\ufffd")}, 0},

		{"unmasked", [][]byte{unmasked}, 1002},
		{"reserved bit 1", [][]byte{masked(0xC1, "hello")}, 1002},
		{"reserved bit 2", [][]byte{masked(0xA1, "hello")}, 1002},
		{"reserved bit 3 on a ping", [][]byte{masked(0x99, "hello")}, 1002},
		{"opcode 3", [][]byte{masked(0x83, "")}, 1002},
		{"opcode 11", [][]byte{masked(0x8B, "")}, 1002},
		{"control frame over 125 bytes", [][]byte{masked(0x89, long[:126])}, 1002},
		{"fragmented ping", [][]byte{masked(0x09, "hello")}, 1002},
		{"fragmented close", [][]byte{masked(0x08, code(1000))}, 1002},
		{"continuation of nothing", [][]byte{masked(0x80, "hello")}, 1002},
		{"continuation after the end", [][]byte{masked(0x81, "hello"), masked(0x80, "again")}, 1002},
		{"text within a message", [][]byte{masked(0x01, "hello"), masked(0x81, "again")}, 1002},
		{"length of 5 in 16 bits", [][]byte{{0x81, 0x80 | 126, 0, 5, 1, 2, 3, 4}}, 1002},
		{"length of 5 in 64 bits", [][]byte{{0x81, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 5, 1, 2, 3, 4}}, 1002},
		{"negative length", [][]byte{{0x81, 0x80 | 127, 0x80, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4}}, 1002},

		{"not UTF-8", [][]byte{masked(0x81, "caf\xe9.")}, 1007},
		{"not UTF-8 in a continuation", [][]byte{masked(0x01, "caf"), masked(0x80, "\xe9.")}, 1007},
		{"not UTF-8, known before the end", [][]byte{masked(0x01, "\xff")}, 1007},
		{"a character split wrongly over fragments", [][]byte{masked(0x01, "\xe2\x82"), masked(0x80, "A")}, 1007},
		{"text that ends within a character", [][]byte{masked(0x81, "\xe2\x82")}, 1007},
		{"a surrogate", [][]byte{masked(0x81, "\xed\xa0\x80")}, 1007},
		{"an overlong form", [][]byte{masked(0x81, "\xc0\xaf")}, 1007},
		{"beyond Unicode", [][]byte{masked(0x81, "\xf4\x90\x80\x80")}, 1007},

		{"too big", [][]byte{masked(0x81, long+"x")}, 1009},
		{"too big in fragments", [][]byte{masked(0x01, long), masked(0x80, "x")}, 1009},
		{"far too big", [][]byte{masked(0x82, strings.Repeat(long, 64))}, 1009},
		{"a length that is never sent", [][]byte{{0x82, 0x80 | 127, 0x7F, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4}}, 1009},

		{"close", [][]byte{masked(0x88, code(1000))}, 1000},
		{"close with a reason", [][]byte{masked(0x88, code(1001)+"adiós")}, 1001},
		{"close without a code", [][]byte{masked(0x88, "")}, noCode},
		{"close of an application", [][]byte{masked(0x88, code(4321))}, 4321},
		{"close of a library", [][]byte{masked(0x88, code(3000))}, 3000},
		{"close between fragments", [][]byte{masked(0x01, "hel"), masked(0x88, code(1000))}, 1000},
		{"close payload of one byte", [][]byte{masked(0x88, "\x03")}, 1002},
		{"close reason that is not UTF-8", [][]byte{masked(0x88, code(1000)+"caf\xe9.")}, 1007},
		{"frames after a close", [][]byte{append(masked(0x88, code(1000)), masked(0x81, "still here")...)}, 1000},
	}
	for _, n := range []uint16{0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		cases = append(cases, struct {
			name  string
			sends [][]byte
			want  uint16
		}{"invalid close code", [][]byte{masked(0x88, code(n))}, 1002})
	}
	s := serve(t, wsserver.Config{}, nil)
	witness, _ := s.dial(t, "")
	for _, c := range cases {
		for how, split := range map[string]func(w *wire, data []byte){
			"at once":      func(w *wire, data []byte) { w.send(data) },
			"byte by byte": func(w *wire, data []byte) { w.dribble(data) },
		} {
			if how == "byte by byte" && len(bytes.Join(c.sends, nil)) > 6000 {
				continue
			}
			t.Run(c.name+" "+how, func(t *testing.T) {
				w := s.wire(t)
				split(w, bytes.Join(c.sends, nil))
				if c.want == 0 {
					w.alive()
					return
				}
				w.closed(c.want)
			})
		}
	}
	waittest.For(t, "the clients to be gone", func() bool { return s.Clients() == 1 })
	s.publish(1)
	witness.expect(1, 1)
}

// dribble sends one byte per segment, until the server has closed the connection.
func (w *wire) dribble(data []byte) {
	for i := range data {
		if _, err := w.Write(data[i : i+1]); err != nil {
			return
		}
	}
}

// alive reports whether the connection still answers.
func (w *wire) alive() {
	w.t.Helper()
	w.send(masked(0x89, "alive?"))
	for {
		opcode, payload := w.frame()
		if opcode == 0xA && payload == "alive?" {
			return
		}
		if opcode == 8 {
			w.t.Fatalf("closed: %x", payload)
		}
	}
}

// closed reads the close frame and the end of the connection after it.
func (w *wire) closed(want uint16) {
	w.t.Helper()
	opcode, payload := w.frame()
	for opcode != 8 {
		opcode, payload = w.frame()
	}
	got := uint16(noCode)
	if len(payload) >= 2 {
		got = binary.BigEndian.Uint16([]byte(payload))
	}
	if got != want {
		w.t.Errorf("closed with %d %q; want %d", got, payload, want)
	}
	_ = w.Conn.(*net.TCPConn).CloseWrite()
	if _, err := w.r.ReadByte(); !errors.Is(err, io.EOF) {
		w.t.Errorf("after the close frame: %v; want the end", err)
	}
}
