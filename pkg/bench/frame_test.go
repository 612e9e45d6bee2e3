package bench

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// framesIn returns what a scanner finds in text that comes in pieces of a size.
func framesIn(text []byte, size int) (found []string, err error) {
	var s scanner
	for chunk := range slices.Chunk(text, size) {
		err := s.feed(chunk, func(opcode byte, payload []byte) error {
			found = append(found, fmt.Sprintf("%d %s", opcode, payload))
			return nil
		})
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

func TestFramesHoweverTheyAreCut(t *testing.T) {
	var text []byte
	var want []string
	for i, n := range []int{0, 1, 125, 126, 127, 0, 65535, 65536, 3} {
		payload := strings.Repeat("p", n)
		opcode := []byte{opText, opPing, opClose}[i%3]
		text = appendFrame(text, opcode, []byte(payload))
		want = append(want, fmt.Sprintf("%d %s", opcode, payload))
	}
	for _, size := range []int{1, 2, 3, 7, 126, 1000, len(text)} {
		got, err := framesIn(text, size)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pieces of %d: %d frames, want %d", size, len(got), len(want))
		}
	}
}

func TestMalformedFrames(t *testing.T) {
	for name, text := range map[string][]byte{
		"masked":     appendMasked(nil, opText, []byte("x")),
		"fragmented": {0x01, 0x00},
		"reserved":   {0xC1, 0x00},
		"huge":       {0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0},
	} {
		for _, size := range []int{1, len(text)} {
			if _, err := framesIn(text, size); !errors.Is(err, errFrame) {
				t.Errorf("%s, in pieces of %d: %v", name, size, err)
			}
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(appendFrame(appendFrame(nil, opText, []byte("hello")), opPing, nil), uint8(1))
	f.Add(appendFrame(nil, opText, bytes.Repeat([]byte("x"), 300)), uint8(100))
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		whole, wholeErr := framesIn(text, max(len(text), 1))
		cut, cutErr := framesIn(text, int(size)+1)
		if !slices.Equal(whole, cut) || (wholeErr == nil) != (cutErr == nil) {
			t.Fatalf("whole: %d frames, %v; cut: %d frames, %v", len(whole), wholeErr, len(cut), cutErr)
		}
	})
}

func TestSeqAndStamp(t *testing.T) {
	for payload, want := range map[string]uint64{
		`{"type":"task_created","task":{"title":"\"seq\":9"},"seq":12}`: 12,
		`{"type":"task_created","task":{},"seq":12,"prev":9}`:           12,
		`{"type":"connected","seq":5,"epoch":"e","resumed":false}`:      5,
		`{"type":"heartbeat","seq":0}`:                                  0,
		`{"seq": 5}`:                                                    0,
		`{"sequel":5}`:                                                  0,
		``:                                                              0,
	} {
		got, ok := seqOf([]byte(payload))
		if got != want || ok != strings.Contains(payload, fmt.Sprintf(`"seq":%d`, want)) {
			t.Errorf("%s: %d %v", payload, got, ok)
		}
	}
	r := request{text: []byte(taskBody(100)), stamp: strings.Index(taskBody(100), stampSlot)}
	if _, ok := findStamp(r.text); ok {
		t.Error("a stamp was found before there was one")
	}
	r.setStamp(123456789)
	if at, ok := findStamp(r.text); !ok || at != 123456789 {
		t.Errorf("stamp is %d %v", at, ok)
	}
	if len(r.text) != 100 {
		t.Errorf("the body has %d bytes", len(r.text))
	}
}

func FuzzSeq(f *testing.F) {
	f.Add([]byte(`{"type":"task_created","task":{},"seq":12}`))
	f.Add([]byte(`"seq":`))
	f.Add([]byte(`9}`))
	f.Fuzz(func(_ *testing.T, payload []byte) {
		seqOf(payload)
		findStamp(payload)
	})
}
