package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"taskctl/cmd/taskctl/e2etest"
	"taskctl/pkg/wait/waittest"
)

// TestScript runs the command lines of testdata/script as a user's shell would, with
// the shipped program first in the PATH. A script need not stop its systems: every
// system below its folder is stopped when the script ends.
//
// Besides testscript's own commands the scripts have:
//
//	exits CODE program [args...]    the program ends with this exit code
//	reaches CODE program [args...]  … sooner or later
//	await FILE REGEXP               the file has a match sooner or later
//	capture VARIABLE REGEXP         the variable is the first group's match in stdout
func TestScript(t *testing.T) {
	binaries := t.TempDir()
	t.Cleanup(func() { reportLeftovers(t, binaries) })
	binary, err := e2etest.Build(binaries)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		WorkdirRoot:         t.TempDir(), // its own root stays behind when only some scripts are run
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", binaries+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("TASKCTL_API_ADDR", "localhost:0")
			env.Setenv("TASKCTL_WSSERVER_ADDR", "localhost:0")
			env.Defer(func() { stopSystems(t, binary, env.WorkDir) })
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   scriptExits,
			"reaches": scriptReaches,
			"await":   scriptAwait,
			"capture": scriptCapture,
		},
	})
}

// stopSystems stops what runs in dir and in the folders below it.
func stopSystems(t *testing.T, binary, dir string) {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went while we looked
		}
		if err != nil || !d.IsDir() || d.Name() != "data" {
			return err
		}
		cmd := exec.Command(binary, "stop", "--dir", filepath.Dir(path), "--config", os.DevNull)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != exitDone && code != exitNotRunning && code != exitKilled {
			return fmt.Errorf("stop what runs in %s: %w\n%s", filepath.Dir(path), err, out)
		}
		return fs.SkipDir
	})
	if err != nil {
		t.Error(err)
	}
}

// reportLeftovers fails the test for every process that still runs a program of
// dir.
func reportLeftovers(t *testing.T, dir string) {
	if runtime.GOOS != "linux" {
		return // there is no /proc
	}
	programs, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range programs {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, dir) {
			command, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "cmdline"))
			t.Errorf("%s is left running: %q", filepath.Dir(link), command)
		}
	}
}

// exitOf runs a program and returns its exit code, beside the one wanted.
func exitOf(ts *testscript.TestScript, neg bool, args []string) (got, want int) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits|reaches CODE program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Check(err)
	}
	if exit != nil {
		got = exit.ExitCode()
	}
	return got, want
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if got, want := exitOf(ts, neg, args); got != want {
		ts.Fatalf("%s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

func scriptReaches(ts *testscript.TestScript, neg bool, args []string) {
	waittest.For(ts, "it ends with "+strings.Join(args, " "), func() bool {
		got, want := exitOf(ts, neg, args)
		return got == want
	})
}

func scriptAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE REGEXP")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	waittest.For(ts, fmt.Sprintf("%s has %q", args[0], args[1]), func() bool {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && pattern.Match(text)
	})
}

func scriptCapture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture VARIABLE REGEXP")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	found := pattern.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) < 2 {
		ts.Fatalf("stdout has no %q", args[1])
	}
	ts.Setenv(args[0], found[1])
}
