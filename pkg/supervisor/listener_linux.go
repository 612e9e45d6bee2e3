package supervisor

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
)

// listenedBy reports whether one of the processes holds the socket that listens at an
// address. It is also true if that is unknown: for an address of another machine, for a
// port that is forwarded without a socket, and if the descriptors of a process may not
// be read.
func listenedBy(at *net.TCPAddr, members []procInfo) bool {
	if !isLocal(at.IP) {
		return true
	}
	sockets := listeningSockets(at)
	if len(sockets) == 0 {
		return true
	}
	unreadable := false
	for _, m := range members {
		dir := procFile(m.pid, "fd")
		names, err := readNames(dir)
		unreadable = unreadable || errors.Is(err, fs.ErrPermission)
		for _, name := range names {
			if to, err := os.Readlink(dir + "/" + name); err == nil && sockets[to] {
				return true
			}
		}
	}
	return unreadable
}

func readNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return f.Readdirnames(-1)
}

func isLocal(ip net.IP) bool {
	if ip.IsLoopback() {
		return true
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addresses {
		if network, is := a.(*net.IPNet); is && network.IP.Equal(ip) {
			return true
		}
	}
	return false
}

// listeningSockets returns the sockets that connections to an address reach, as they
// appear in /proc/PID/fd: those bound to exactly that address, or, if there are none,
// those bound to all addresses.
func listeningSockets(at *net.TCPAddr) map[string]bool {
	exact, wildcard := make(map[string]bool), make(map[string]bool)
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			continue // no IPv6, for instance
		}
		for line := range bytes.Lines(text) {
			fields := strings.Fields(string(line))
			const localField, stateField, inodeField, listening = 1, 3, 9, "0A"
			if len(fields) <= inodeField || fields[stateField] != listening {
				continue
			}
			ip, port, ok := parseSocketAddress(fields[localField])
			socket := "socket:[" + fields[inodeField] + "]"
			switch {
			case !ok || port != at.Port:
			case ip.Equal(at.IP):
				exact[socket] = true
			case ip.IsUnspecified():
				wildcard[socket] = true
			}
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return wildcard
}

// parseSocketAddress reads "0100007F:1F90": words of 32 bits in the machine's
// byte order, and the port.
func parseSocketAddress(text string) (ip net.IP, port int, ok bool) {
	address, digits, _ := strings.Cut(text, ":")
	words, err := hex.DecodeString(address)
	if err != nil || len(words) != net.IPv4len && len(words) != net.IPv6len {
		return nil, 0, false
	}
	for i := 0; i < len(words); i += 4 {
		binary.NativeEndian.PutUint32(words[i:], binary.BigEndian.Uint32(words[i:]))
	}
	n, err := strconv.ParseUint(digits, 16, 16)
	return words, int(n), err == nil
}
