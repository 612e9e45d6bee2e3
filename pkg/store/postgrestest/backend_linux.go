package postgrestest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// KillBackend kills one of the processes that serve clients. The server then ends all
// of them and recovers. It returns false if there is none.
func (s *Server) KillBackend(which int) bool {
	if s.process == nil {
		return false
	}
	pid := s.process.Process.Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return false
	}
	var backends []int
	for _, child := range strings.Fields(string(children)) {
		name, err := os.ReadFile("/proc/" + child + "/cmdline")
		if n, atoiErr := strconv.Atoi(child); err == nil && atoiErr == nil && strings.Contains(string(name), " test_") {
			backends = append(backends, n)
		}
	}
	return len(backends) > 0 && syscall.Kill(backends[which%len(backends)], syscall.SIGKILL) == nil
}
