package logfile_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"taskctl/pkg/logfile"
)

// Three components write at once, in the pieces that a pipe gives, into files
// that are rotated and compressed meanwhile.
func BenchmarkThreeWriters(b *testing.B) {
	set := openSet(b, b.TempDir(), logfile.Options{})
	piece := []byte(strings.Repeat(strings.Repeat("x", 99)+"\n", 32<<10/100))
	streams := make([]*logfile.Stream, 3)
	for i := range streams {
		streams[i] = openStream(b, set, fmt.Sprint("c", i), logfile.Out)
	}
	b.SetBytes(int64(len(streams) * len(piece)))
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for _, s := range streams {
		wg.Go(func() {
			for range b.N {
				if _, err := s.Write(piece); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkOneLine(b *testing.B) {
	set := openSet(b, b.TempDir(), logfile.Options{})
	out := openStream(b, set, "api", logfile.Out)
	line := []byte("a line of an ordinary length, as a server writes for a request\n")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := out.Write(line); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPrintable(b *testing.B) {
	for name, text := range map[string]string{
		"plain":    strings.Repeat("plain text ", 10),
		"coloured": strings.Repeat("\x1b[31mred\x1b[0m text ", 10),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				logfile.Printable(text)
			}
		})
	}
}
