//go:build unix

package consumer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"taskctl/pkg/client/clienttest"
	"taskctl/pkg/consumer"
	"taskctl/pkg/message"
	"taskctl/pkg/task"
	"taskctl/pkg/wait/waittest"
)

func TestCommandGetsTheEventAsReceived(t *testing.T) {
	s := clienttest.New(t)
	r := start(t, s, consumer.Config{Exec: "cat; echo done >&2"}, message.English)
	<-r.ready
	made := s.AddTask("Té ☕", "")
	r.stderr.wait(t, "done\n")
	r.stop()
	lines := strings.Split(r.stdout.String(), "\n")
	want := fmt.Sprintf(`{"type":"task_created","task":%s,"timestamp":"%s","seq":1}`,
		made.AppendJSON(nil), task.AppendTime(nil, made.CreatedAt))
	if len(lines) != 3 || !strings.HasSuffix(lines[0], "Té ☕") || lines[1] != want {
		t.Errorf("got %q, want the line and then %q", lines, want)
	}
}

func TestCommandThatFailsIsRunAgain(t *testing.T) {
	s := clienttest.New(t)
	dir := t.TempDir()
	r := start(t, s, consumer.Config{
		Exec: "cd '" + dir + "' && if mkdir once 2>/dev/null; then exit 3; fi; echo ran",
	}, message.English)
	<-r.ready
	r.until(s.Add(2))
	r.stdout.wait(t, "ran\n")
	r.stop()
	got := r.stderr.String()
	if !strings.Contains(got, "The command failed for event #1 (exit status 3); next try in ") || strings.Contains(got, "#2") {
		t.Errorf("stderr:\n%s", got)
	}
	ran, second := strings.Index(r.stdout.String(), "ran\n"), strings.Index(r.stdout.String(), "#2")
	if second < ran {
		t.Errorf("the second event came before the first was done:\n%s", r.stdout)
	}
}

func TestCommandThatAlwaysFailsEndsTheConsumer(t *testing.T) {
	if testing.Short() {
		t.Skip("waits between attempts for some seconds")
	}
	t.Parallel()
	s := clienttest.New(t)
	cfg := consumer.Config{Checkpoint: filepath.Join(t.TempDir(), "checkpoint"), Exec: "exit 7", MaxAttempts: 5}
	r := start(t, s, cfg, message.English)
	<-r.ready
	s.Add(1)
	err := <-r.done
	if err == nil || err.Error() != "run command for event 1, 5 times: exit status 7" {
		t.Errorf("Run: %v", err)
	}
	cfg.Exec = "cat >&2"
	r = start(t, s, cfg, message.English) // the event is not done, so it comes again
	r.stderr.wait(t, `"seq":1}`)
	r.stop()
}

// A filtered consumer runs its command for the selected events only, and its checkpoint
// passes the others too.
func TestFilteredExec(t *testing.T) {
	s := clienttest.New(t)
	cfg := consumer.Config{
		Checkpoint: filepath.Join(t.TempDir(), "checkpoint"), Exec: "cat >&2",
		Types: []task.EventType{task.Deleted},
	}
	r := start(t, s, cfg, message.English)
	<-r.ready
	head := s.Add(3)
	waittest.For(t, "the checkpoint at the end of the log", func() bool {
		s.Heartbeat(head.Seq)
		return strings.Contains(string(read(t, cfg.Checkpoint)), head.String())
	})
	r.stop()
	if strings.Contains(r.stderr.String(), "task_created") {
		t.Errorf("the command ran for an event that was not selected:\n%s", r.stderr)
	}
}

func TestStopDoesNotWaitForAPause(t *testing.T) {
	s := clienttest.New(t)
	r := start(t, s, consumer.Config{Exec: "exit 1", MaxAttempts: 5}, message.English)
	<-r.ready
	s.Add(1)
	r.stderr.wait(t, "next try in")
	r.stop()
}

func TestStopEndsTheCommand(t *testing.T) {
	s := clienttest.New(t)
	r := start(t, s, consumer.Config{Exec: "trap 'echo stopped >&2; exit 1' TERM; echo up >&2; while :; do sleep 0.05; done"}, message.English)
	<-r.ready
	s.Add(1)
	r.stderr.wait(t, "up\n")
	began := time.Now()
	r.stop()
	if took := time.Since(began); took > 3*time.Second || !strings.Contains(r.stderr.String(), "stopped\n") {
		t.Errorf("it took %s:\n%s", took, r.stderr)
	}
}

// The child processes of a command end with it, because the event is not done, and the
// next consumer runs its command again.
func TestStopEndsWhatTheCommandStarted(t *testing.T) {
	s := clienttest.New(t)
	r := start(t, s, consumer.Config{Exec: "sleep 600 & echo child $! >&2; wait"}, message.English)
	<-r.ready
	s.Add(1)
	r.stderr.wait(t, "child ")
	r.stop()
	var pid int
	_, after, _ := strings.Cut(r.stderr.String(), "child ")
	if _, err := fmt.Sscan(after, &pid); err != nil {
		t.Fatal(err)
	}
	child, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); child.Signal(syscall.Signal(0)) == nil && !zombie(pid); {
		if time.Now().After(deadline) {
			t.Fatalf("process %d lives on", pid)
		}
	}
}

// zombie reports whether a process has ended but is not reaped, as in a container whose
// first process does not reap.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}
