//go:build unix

package child

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// pipe returns a pipe whose write end is as a child has it.
func pipe(t *testing.T) (read *os.File, up *uplink) {
	t.Helper()
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	write, err := pipeEnd(fds[1], "notify")
	if err != nil {
		t.Fatal(err)
	}
	read = os.NewFile(uintptr(fds[0]), "read")
	t.Cleanup(func() { _ = read.Close(); _ = write.Close() })
	return read, &uplink{pipe: write}
}

func TestTellingNeverWaits(t *testing.T) {
	read, up := pipe(t)
	const told = 100_000 // far more than a pipe holds
	for i := range told {
		up.send("note " + strconv.Itoa(i))
	}
	lines := bufio.NewScanner(read)
	for i := 0; ; i++ {
		if !lines.Scan() {
			t.Fatal("the pipe ended")
		}
		if lines.Text() != "note "+strconv.Itoa(i) {
			t.Fatalf("line %d is %q", i, lines.Text())
		}
		if i == 1000 {
			break
		}
	}
	// The last one waited for room, and comes before the next.
	done := make(chan string)
	go func() {
		last := ""
		for lines.Scan() {
			if lines.Text() == "ready" {
				break
			}
			last = lines.Text()
		}
		done <- last
	}()
	for delivered := false; !delivered; {
		up.send("ready")
		up.mu.Lock()
		delivered = up.delayed == ""
		up.mu.Unlock()
	}
	if last := <-done; last != "note "+strconv.Itoa(told-1) {
		t.Errorf("the last note was %q", last)
	}
}

func TestReadyIsNotReplaced(t *testing.T) {
	_, up := pipe(t)
	for _, line := range []string{strings.Repeat("x", 100), "x"} {
		for up.write(line) { // until there is no room for it
		}
	}
	up.send(LineReady)
	up.send("note later")
	up.send(LineAlive)
	if up.delayed != LineReady {
		t.Errorf("kept %q", up.delayed)
	}
}

func TestTellingTheDeadIsHarmless(t *testing.T) {
	read, up := pipe(t)
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	up.send(LineReady)
	up.send(LineAlive)
}

func TestDownlinkTakesEachWordOnce(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	d := newDownlink(true)
	go d.follow(read)
	for _, line := range []string{"accept", "what", "accept", "retire", "retire"} {
		if _, err := write.WriteString(line + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	<-d.gate
	<-d.retire
	select {
	case <-d.gone:
		t.Error("gone before the end of file")
	default:
	}
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	<-d.gone
}
