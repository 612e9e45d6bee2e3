package e2e

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"taskctl/cmd/taskctl/e2etest"
)

// nobody is the uid and gid of the other user.
// nobody is a user and a group without rights.
const nobody = 65534

// asNobody runs do with the rights of another user.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can act as another user")
	}
	done := make(chan syscall.Errno)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		// The raw calls change this thread only.
		if _, _, err := syscall.RawSyscall(syscall.SYS_SETGROUPS, 0, 0, 0); err != 0 {
			done <- err
			return
		}
		if _, _, err := syscall.RawSyscall(syscall.SYS_SETRESGID, nobody, nobody, nobody); err != 0 {
			done <- err
			return
		}
		if _, _, err := syscall.RawSyscall(syscall.SYS_SETRESUID, nobody, nobody, nobody); err != 0 {
			done <- err
			return
		}
		do()
		done <- 0
	}()
	if err := <-done; err != 0 {
		t.Fatalf("act as another user: %v", err)
	}
}

// TestAnotherUser tries what another user of the machine can do to a system in a
// directory that everybody can enter.
func TestAnotherUser(t *testing.T) {
	path := e2etest.Dir(t)
	for dir := path; dir != "/"; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o005 != 0o005 {
			if err := os.Chmod(dir, info.Mode().Perm()|0o055); err != nil {
				t.Skip(err)
			}
		}
	}
	startedIn(t, path)
	var files []string
	for _, dir := range []string{"data", "logs"} {
		err := filepath.WalkDir(filepath.Join(path, dir), func(file string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				files = append(files, file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 10 {
		t.Fatalf("the system has the files %q", files)
	}
	asNobody(t, func() {
		for _, name := range files {
			if file, err := os.Open(name); err == nil {
				_ = file.Close()
				t.Errorf("another user can read %s", name)
			}
			if err := os.Remove(name); err == nil {
				t.Errorf("another user can remove %s", name)
			}
		}
		for _, dir := range []string{"data", "logs"} {
			if err := os.Symlink("/etc/passwd", filepath.Join(path, dir, "planted")); !errors.Is(err, fs.ErrPermission) {
				t.Errorf("another user plants a link in %s: %v", dir, err)
			}
		}
	})
	// An open mode of data/ does not open the control socket.
	if err := os.Chmod(filepath.Join(path, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	socket := ""
	for _, name := range files {
		if info, err := os.Stat(name); err == nil && info.Mode().Type() == fs.ModeSocket {
			socket = name
			if err := os.Chmod(name, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	if socket == "" {
		t.Fatalf("no control socket among %q", files)
	}
	asNobody(t, func() {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			t.Errorf("the socket cannot be reached, so nothing was tried: %v", err)
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = conn.Write([]byte(`{"command":"stop"}` + "\n"))
		answer := make([]byte, 4096)
		if n, err := conn.Read(answer); err == nil && strings.Contains(string(answer[:n]), "pid") {
			t.Errorf("the control socket answers another user: %s", answer[:n])
		}
	})
	if _, out, code := run(t, path, "status"); code != 0 {
		t.Errorf("status afterwards: %d: %s", code, out)
	}
}

// TestPlantedDirectory starts in a shared directory where another user has put a link
// in the place of data/ or logs/.
func TestPlantedDirectory(t *testing.T) {
	for _, name := range []string{"data", "logs"} {
		t.Run(name, func(t *testing.T) {
			path := e2etest.Dir(t)
			victim := t.TempDir()
			link := filepath.Join(path, name)
			if err := os.Symlink(victim, link); err != nil {
				t.Fatal(err)
			}
			if err := os.Lchown(link, nobody, nobody); err != nil {
				t.Skip(err)
			}
			_, out, code := run(t, path, "start", "--detach")
			if code == 0 {
				run(t, path, "stop")
			}
			if entries, err := os.ReadDir(victim); code != 1 || !strings.Contains(out, link) || err != nil || len(entries) > 0 {
				t.Errorf("exit %d, %v, %v: %s", code, entries, err, out)
			}
		})
	}
}
