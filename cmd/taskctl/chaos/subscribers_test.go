//go:build linux

package chaos

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"taskctl/pkg/client"
	"taskctl/pkg/task"
)

const filter = "task_created,task_deleted"

// subscribers are all consumers of the run.
type subscribers struct {
	recorders []*recorder
	process   *respawner // taskctl consumer --json --output
	output    string     // its file
	logs      string     // the directory with the log of the launcher's own consumer

	catchUp chan struct{} // closed when the slow subscriber must read as fast as it can
	lag     uint64        // how many events the slow subscriber was behind then
	cancel  context.CancelFunc
	running sync.WaitGroup
}

func openSubscribers(t testing.TB, s *system, seed uint64) *subscribers {
	t.Helper()
	a := &subscribers{logs: filepath.Join(s.dir, "logs"), catchUp: make(chan struct{}), output: filepath.Join(s.root, "output.jsonl")}
	ctx, cancel := context.WithCancel(t.Context())
	a.cancel = cancel
	t.Cleanup(func() { cancel(); a.running.Wait() })

	direct := new(net.Dialer).DialContext
	far := "ws://" + s.wsserver.addr() + "/ws"
	near := "ws://" + s.wsserver.target + "/ws"
	source := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }
	stall := time.Second
	if *duration >= time.Minute {
		stall = 40 * time.Second // longer than the server keeps it
	}
	for _, f := range []*follower{
		{recorder: a.record(t, s, "steady"), servers: servers{urls: []string{far}}, dial: direct, random: source(11)},
		{recorder: a.record(t, s, "restless"), servers: servers{urls: []string{near}}, dial: direct, random: source(12), leaves: 100},
		{recorder: a.record(t, s, "filtered"), servers: servers{urls: []string{far}}, dial: direct, random: source(13), types: filter},
		{recorder: a.record(t, s, "slow"), servers: servers{urls: []string{near}}, random: source(14), dial: slowDial(a.catchUp, source(15), stall)},
	} {
		a.running.Go(func() { f.run(ctx) })
	}

	c, err := client.New(client.Config{BaseURL: s.apiURL, WebSocketURL: far})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	library := a.record(t, s, "library")
	a.running.Go(func() { subscribe(ctx, library, c) })

	sse := &listener{recorder: a.record(t, s, "sse"), servers: servers{urls: []string{"http://" + s.api.addr() + "/events"}}, http: newHTTP(t, 0)}
	sse.http.Transport.(*http.Transport).ResponseHeaderTimeout = 5 * time.Second
	a.running.Go(func() { sse.run(ctx) })

	a.process = (&respawner{name: "output consumer", command: func() *exec.Cmd {
		cmd := exec.Command(binary, "consumer", "--json", "--output", a.output, "--since", "0")
		cmd.Dir, cmd.Env = s.root, append(slices.Clone(s.env), "TASKCTL_WEBSOCKET_URL="+far)
		return cmd
	}}).start(t, filepath.Join(s.root, "consumer.out"))
	return a
}

func (a *subscribers) record(t testing.TB, s *system, name string) *recorder {
	t.Helper()
	r := newRecorder(t, s.root, name+".record")
	a.recorders = append(a.recorders, r)
	return r
}

// await waits until every subscriber has received the end of the log. The checks
// report those that have not.
func (a *subscribers) await(t testing.TB, h *history) {
	t.Helper()
	for _, r := range a.recorders {
		if r.name == "slow.record" {
			a.lag = h.head() - r.at.Load()
		}
	}
	close(a.catchUp)
	deadline := time.NewTimer(quietTimeout)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for behind := a.behind(h); len(behind) > 0; behind = a.behind(h) {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Errorf("not at %d after %v: %s", h.head(), quietTimeout, strings.Join(behind, ", "))
			return
		}
	}
}

// behind names the subscribers that have not received the end of the log.
func (a *subscribers) behind(h *history) (names []string) {
	for _, r := range a.recorders {
		end := h.head()
		for r.name == "filtered.record" && end > 0 && h.at(end).Type == task.Updated {
			end--
		}
		if at := r.at.Load(); at < end {
			names = append(names, fmt.Sprintf("%s at %d", r.name, at))
		}
	}
	if a.output == "" {
		return names
	}
	for _, file := range []struct{ path, last string }{
		{a.output, fmt.Sprintf(`"seq":%d}`+"\n", h.head())},
		{filepath.Join(a.logs, "consumer.log"), fmt.Sprintf("#%d ", h.head())},
	} {
		if !strings.Contains(tail(file.path), file.last) {
			names = append(names, filepath.Base(file.path))
		}
	}
	return names
}

// tail returns the end of a file.
func tail(path string) string {
	const size = 4 << 10
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	end, _ := file.Seek(0, io.SeekEnd)
	data, _ := io.ReadAll(io.NewSectionReader(file, max(0, end-size), size))
	return string(data)
}

// close ends the consumers; then their records are complete.
func (a *subscribers) close(t testing.TB) {
	t.Helper()
	a.cancel()
	a.running.Wait()
	for _, r := range a.recorders {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}
	if a.process == nil {
		return
	}
	if err := interrupt(t, a.process); err != nil {
		t.Errorf("the consumer with an output file ended with %v: see consumer.out", err)
	}
}

// joinLog joins all files of the log of the launcher's own consumer, including rotated
// ones.
func joinLog(logs string, to io.Writer) error {
	rotated, err := filepath.Glob(filepath.Join(logs, "consumer-*"))
	if err != nil {
		return err
	}
	slices.Sort(rotated)
	for _, path := range append(rotated, filepath.Join(logs, "consumer.log")) {
		plain, packed := strings.CutSuffix(path, ".gz")
		if packed && slices.Contains(rotated, plain) {
			continue // not compressed to its end
		}
		data, err := os.ReadFile(path)
		if err == nil && packed {
			data, err = unpack(data)
		}
		if err == nil {
			_, err = to.Write(data)
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	return nil
}

func unpack(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
