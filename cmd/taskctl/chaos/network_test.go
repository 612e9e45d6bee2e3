//go:build linux

package chaos

import (
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// network is an IP network between hosts whose switch is this process: every packet
// passes through it and can be lost or late. (netem, which does this in the kernel, is
// missing on many machines.)
type network struct {
	hosts map[[4]byte]*host // complete before the first packet

	mu     sync.Mutex
	random *rand.Rand
	faults map[[2]*host]fault // by source and destination
	lost   int
}

// fault is what happens to the packets from one host to another.
type fault struct {
	loss  float64 // the share that is lost; 1: all
	delay time.Duration
}

// host has a network namespace, an address and a thread in that namespace. Processes
// that the thread starts run there, and are killed when the thread ends.
type host struct {
	name string
	ip   [4]byte
	tun  *os.File
	do   chan func() // run on the thread
}

func newNetwork(seed uint64) *network {
	return &network{hosts: make(map[[4]byte]*host), faults: make(map[[2]*host]fault), random: rand.New(rand.NewPCG(seed, 31))}
}

// add creates a host. With separate it gets a namespace of its own, otherwise that of
// the test.
func (n *network) add(t *testing.T, name string, separate bool) *host {
	t.Helper()
	h := &host{name: name, ip: [4]byte{10, 77, 0, byte(len(n.hosts) + 1)}, do: make(chan func())}
	n.hosts[h.ip] = h
	opened := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread stays in the namespace
		var err error
		if separate {
			err = unix.Unshare(unix.CLONE_NEWNET)
		}
		if err == nil {
			h.tun, err = openInterface(h.ip)
		}
		opened <- err
		for f := range h.do {
			f()
		}
	}()
	if err := <-opened; err != nil {
		t.Fatalf("network of host %s: %v", name, err)
	}
	t.Cleanup(func() { close(h.do) })
	return h
}

// run forwards packets until the test ends.
func (n *network) run(t *testing.T) {
	var running sync.WaitGroup
	for _, h := range n.hosts {
		running.Go(func() { n.forward(h) })
		t.Cleanup(func() { _ = h.tun.Close() })
	}
	t.Cleanup(func() {
		for _, h := range n.hosts {
			_ = h.tun.Close()
		}
		running.Wait()
	})
}

func (n *network) forward(from *host) {
	buffer := make([]byte, 64<<10)
	for {
		size, err := from.tun.Read(buffer)
		if err != nil {
			return // closed
		}
		const header = 20
		if size < header || buffer[0]>>4 != 4 {
			continue // the kernel asks for IPv6 routers
		}
		to := n.hosts[[4]byte(buffer[16:20])]
		if to == nil {
			continue
		}
		lost, delay := n.fate(from, to)
		switch {
		case lost:
		case delay > 0:
			packet := slices.Clone(buffer[:size])
			time.AfterFunc(delay, func() { _, _ = to.tun.Write(packet) }) // fails if the network is closed
		default:
			_, _ = to.tun.Write(buffer[:size]) // fails if the queue is full
		}
	}
}

func (n *network) fate(from, to *host) (lost bool, delay time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.faults[[2]*host{from, to}]
	if f.loss > 0 && n.random.Float64() < f.loss {
		n.lost++
		return true, 0
	}
	return false, f.delay
}

// harm sets the fault of both directions between some hosts and others, until it is
// called with the zero fault.
func (n *network) harm(f fault, some, others []*host) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range some {
		for _, b := range others {
			n.faults[[2]*host{a, b}], n.faults[[2]*host{b, a}] = f, f
		}
	}
}

func (n *network) all() (all []*host) {
	for _, h := range n.hosts {
		all = append(all, h)
	}
	return all
}

// run calls f on the thread of the host.
func (h *host) run(f func()) {
	done := make(chan struct{})
	h.do <- func() { defer close(done); f() }
	<-done
}

func (h *host) addr(port string) string { return net.JoinHostPort(net.IP(h.ip[:]).String(), port) }

// openInterface creates the network interface of the thread and brings it and loopback
// up. The file is its other end.
func openInterface(ip [4]byte) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	request, err := unix.NewIfreq("host0")
	if err != nil {
		return nil, err
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return nil, os.NewSyscallError("TUNSETIFF", err)
	}
	control, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(control) }()
	for _, step := range []struct {
		name string
		call uint
		set  func(*unix.Ifreq) error
	}{
		{"host0", unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr(ip[:]) }},
		{"host0", unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error { return r.SetInet4Addr([]byte{255, 255, 255, 0}) }},
		{"host0", unix.SIOCSIFFLAGS, up},
		{"lo", unix.SIOCSIFFLAGS, up},
	} {
		request, err := unix.NewIfreq(step.name)
		if err == nil {
			err = step.set(request)
		}
		if err == nil {
			err = unix.IoctlIfreq(control, step.call, request)
		}
		if err != nil {
			return nil, os.NewSyscallError("configure "+step.name, err)
		}
	}
	return os.NewFile(uintptr(fd), "tun"), nil
}

func up(r *unix.Ifreq) error {
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return nil
}
