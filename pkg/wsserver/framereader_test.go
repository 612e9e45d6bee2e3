package wsserver

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// transcript returns the control frames in r, and the error that ends the reading.
func transcript(r io.Reader) (controls [][]byte, err error) {
	in := newFrameReader(r)
	for {
		opcode, payload, err := in.next()
		if err != nil {
			return controls, err
		}
		controls = append(controls, append([]byte{opcode}, payload...))
		if opcode == opClose {
			return controls, parseClose(payload)
		}
	}
}

// FuzzFrameReader checks that no input crashes the reader, and that the result does
// not depend on how the input is divided into reads.
func FuzzFrameReader(f *testing.F) {
	f.Add([]byte{0x81, 0x82, 1, 2, 3, 4, 'h' ^ 1, 'i' ^ 2})
	f.Add([]byte{0x01, 0x81, 0, 0, 0, 0, 0xe2, 0x89, 0x80, 0, 0, 0, 0, 0x80, 0x82, 0, 0, 0, 0, 0x82, 0xac})
	f.Add([]byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8})
	f.Add([]byte{0x81, 0xfe, 0x10, 0x01, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		controls, err := transcript(bytes.NewReader(data))
		slow, slowErr := transcript(iotest.OneByteReader(bytes.NewReader(data)))
		if len(controls) != len(slow) {
			t.Fatalf("%d control frames at once, %d byte by byte", len(controls), len(slow))
		}
		for i := range controls {
			if !bytes.Equal(controls[i], slow[i]) {
				t.Fatalf("%x at once, %x byte by byte", controls[i], slow[i])
			}
		}
		var bad, slowBad *violation
		if errors.As(err, &bad) != errors.As(slowErr, &slowBad) || (bad != nil && *bad != *slowBad) {
			t.Fatalf("%v at once, %v byte by byte", err, slowErr)
		}
	})
}

// FuzzValid checks that the result is that of utf8.Valid, however the text is divided.
func FuzzValid(f *testing.F) {
	f.Add([]byte("añ€😀"), uint8(1), uint8(3))
	f.Add([]byte("\xed\xa0\x80"), uint8(1), uint8(1))
	f.Add([]byte("\xf0\x9f\x98"), uint8(2), uint8(0))
	f.Fuzz(func(t *testing.T, text []byte, a, b uint8) {
		i := int(a) % (len(text) + 1)
		j := i + int(b)%(len(text)-i+1)
		in := newFrameReader(nil)
		ok := in.valid(text[:i]) && in.valid(text[i:j]) && in.valid(text[j:]) && in.partialLen == 0
		if ok != utf8.Valid(text) {
			t.Errorf("%q cut at %d and %d: valid is %v", text, i, j, ok)
		}
	})
}
