//go:build linux

package chaos

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"taskctl/pkg/client"
	"taskctl/pkg/wait/waittest"
)

var hostsDuration = flag.Duration("hosts.duration", 0, "how long the hosts of each broker are harmed; 0: not at all")

// hostsExtra bounds the additional time of a run: on a busy machine RabbitMQ needs
// minutes to start.
const hostsExtra = 10 * time.Minute

// quietServer is how long a client waits for a message before it goes to another server.
const quietServer = 3 * time.Second

// TestHosts runs two apis and two wsservers over one database and one broker, each on a
// host of its own. It cuts and slows the network between them and ends servers, while
// writers move between apis and consumers between wsservers.
func TestHosts(t *testing.T) {
	if *hostsDuration == 0 {
		t.Skip("it starts a database, a broker and four machines: run it with -hosts.duration=20s")
	}
	for _, kind := range []string{"postgres", "nats", "redis", "rabbitmq"} {
		t.Run(kind, func(t *testing.T) {
			if !isolated() {
				brokerOf(t, kind)
				isolate(t, chosenSeed())
				return
			}
			ownProc(t)
			testHosts(t, kind, *seed)
		})
	}
}

func testHosts(t *testing.T, kind string, seed uint64) {
	dir, err := os.MkdirTemp("", "taskctl-hosts-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("everything is kept in %s; once more:\ngo test ./cmd/taskctl/chaos -count=1 -v -timeout=%v -run='TestHosts/%s' -hosts.duration=%v -chaos.seed=%d",
				dir, *hostsDuration+hostsExtra, kind, *hostsDuration, seed)
		} else {
			_ = os.RemoveAll(dir)
		}
	})
	c := openCluster(t, dir, kind, seed)
	before := c.generations(t)
	a := openMovers(t, c, seed)
	w := openWriters(t, c.apiURLs(), func(timeout time.Duration) *http.Client { return c.http(t, timeout) }, seed)
	log, err := os.Create(filepath.Join(dir, "killer.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	k := &killer{log: log, counts: make(map[string]int)}
	h := &hostHarm{cluster: c, killer: k, random: rand.New(rand.NewPCG(seed, 2))}
	harm, cancel := context.WithTimeout(t.Context(), *hostsDuration)
	defer cancel()
	h.run(t, harm)
	k.write("the harm is over")
	w.finish(t)
	k.write("every write has its answer")
	events, first := truth(t, c.http(t, quietTimeout), c.apiURLs()[0])
	_, second := truth(t, c.http(t, quietTimeout), c.apiURLs()[1])
	a.await(t, events)
	c.awaitConsumers(t, events)
	k.write("everyone has seen the end")
	a.close(t)
	if after := c.generations(t); !slices.Equal(before, after) {
		t.Errorf("components were started again:\n%v\n%v", before, after)
	}
	c.stop(t)

	r := report{history: events, killer: k, writerGroup: w, subscribers: a}
	found := r.broken(first, second)
	for _, node := range c.wsservers {
		found.add(r.checkConsumerLog(t, filepath.Join(node.dir, "logs"), node.dir+".consumer"))
	}
	for _, v := range found {
		t.Errorf("%v\n%s", v, r.surroundings(v))
	}
	t.Logf("seed %d; packets lost %d\n%s", seed, c.network.lost, r.summary())
}

// openMovers starts consumers, most of which move between servers.
func openMovers(t *testing.T, c *cluster, seed uint64) *subscribers {
	t.Helper()
	a := &subscribers{catchUp: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	a.cancel = cancel
	t.Cleanup(func() { cancel(); a.running.Wait() })
	record := func(name string) *recorder {
		r := newRecorder(t, c.root, name+".record")
		a.recorders = append(a.recorders, r)
		return r
	}
	ws, header := c.wsURLs(), http.Header{"Authorization": {"Bearer " + c.token}}
	for i, f := range []*follower{
		{recorder: record("first"), servers: servers{urls: ws[:1]}},
		{recorder: record("second"), servers: servers{urls: ws[1:]}},
		{recorder: record("mover"), servers: servers{urls: ws}},
		{recorder: record("restless"), servers: servers{urls: ws}, leaves: 100},
		{recorder: record("filtered"), servers: servers{urls: ws}, types: filter, leaves: 100},
	} {
		f.header, f.quiet, f.dial, f.random = header, quietServer, dialer.DialContext, rand.New(rand.NewPCG(seed, uint64(11+i)))
		a.running.Go(func() { f.run(ctx) })
	}
	for name, urls := range map[string][]string{"sse": c.apiURLs(), "sse first": c.apiURLs()[:1]} {
		for i := range urls {
			urls[i] += "/events"
		}
		l := &listener{recorder: record(name), servers: servers{urls: urls}, quiet: quietServer, http: c.http(t, 0)}
		a.running.Go(func() { l.run(ctx) })
	}
	library, err := client.New(client.Config{BaseURL: c.apiURLs()[0], WebSocketURL: ws[0], Token: c.token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(library.CloseIdleConnections)
	r := record("library")
	a.running.Go(func() { subscribe(ctx, r, library) })
	return a
}

// awaitConsumers waits until the consumer of each wsserver's host has printed the end.
func (c *cluster) awaitConsumers(t *testing.T, h *history) {
	t.Helper()
	for _, node := range c.wsservers {
		waittest.For(t, "the end of the log at the consumer of "+node.host.name, func() bool {
			return strings.Contains(tail(filepath.Join(node.dir, "logs", "consumer.log")), fmt.Sprintf("#%d ", h.head()))
		})
	}
}

// hostHarm harms the network and the servers, one thing at a time, in rounds. The order
// in each round is random, from a seed.
type hostHarm struct {
	*cluster
	killer *killer
	random *rand.Rand
}

func (h *hostHarm) run(t *testing.T, ctx context.Context) {
	longest := 3 * time.Second
	if *hostsDuration > time.Minute {
		longest = 15 * time.Second
	}
	for ctx.Err() == nil {
		kinds := []func(*testing.T, context.Context, time.Duration){
			h.cutAPIFromDatabase, h.cutWSServerFromBroker, h.cutWSServerFromDatabase, h.cutHost, h.spoil, h.endBroker, h.flush,
		}
		h.random.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		for _, harm := range kinds {
			if ctx.Err() != nil {
				return
			}
			harm(t, ctx, min(time.Second+time.Duration(h.random.ExpFloat64()*float64(time.Second)), longest))
			h.network.harm(fault{}, h.network.all(), h.network.all())
			h.killer.write("healed")
			pause(ctx, time.Duration(h.random.Int64N(int64(time.Second))))
		}
	}
}

func (h *hostHarm) one(nodes []*node) *host { return nodes[h.random.IntN(len(nodes))].host }

func (h *hostHarm) cut(ctx context.Context, from, to *host, d time.Duration) {
	h.network.harm(fault{loss: 1}, []*host{from}, []*host{to})
	h.killer.did(fmt.Sprintf("cut %s from %s", from.name, to.name))
	pause(ctx, d)
}

func (h *hostHarm) cutAPIFromDatabase(_ *testing.T, ctx context.Context, d time.Duration) {
	h.cut(ctx, h.one(h.apis), h.database.host, d)
}

func (h *hostHarm) cutWSServerFromBroker(_ *testing.T, ctx context.Context, d time.Duration) {
	h.cut(ctx, h.one(h.wsservers), h.broker.host, d)
}

func (h *hostHarm) cutWSServerFromDatabase(_ *testing.T, ctx context.Context, d time.Duration) {
	h.cut(ctx, h.one(h.wsservers), h.database.host, d)
}

func (h *hostHarm) cutHost(_ *testing.T, ctx context.Context, d time.Duration) {
	one := h.one(slices.Concat(h.apis, h.wsservers))
	h.network.harm(fault{loss: 1}, []*host{one}, h.network.all())
	h.killer.did("cut off " + one.name)
	pause(ctx, d)
}

func (h *hostHarm) spoil(_ *testing.T, ctx context.Context, d time.Duration) {
	h.network.harm(fault{loss: 0.3, delay: 200 * time.Millisecond}, h.network.all(), h.network.all())
	h.killer.did("lose 30 % of all packets and delay the others by 200 ms")
	pause(ctx, d)
}

func (h *hostHarm) endBroker(t *testing.T, ctx context.Context, d time.Duration) {
	h.broker.kill()
	h.killer.did("end broker")
	pause(ctx, d)
	h.broker.start(t)
	h.killer.write("broker started")
}

func (h *hostHarm) flush(t *testing.T, ctx context.Context, d time.Duration) {
	h.forget(t)
	h.killer.did("flush broker")
	pause(ctx, d/2)
}
