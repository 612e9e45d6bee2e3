//go:build linux

package supervisor_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"taskctl/pkg/supervisor"
)

func TestFaultsOfCommands(t *testing.T) {
	dir := t.TempDir()
	for name, file := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"good":        {"#!/bin/sh\nexit 0\n", 0o700},
		"env":         {"#!/usr/bin/env -S MODE=x sh -e\n", 0o700},
		"plain":       {"#!/bin/sh\n", 0o600},
		"crlf":        {"#!/bin/sh\r\nexit 0\r\n", 0o700},
		"crlf-option": {"#!/bin/sh -e\r\n", 0o700},
		"interpreter": {"#!/no/such/python\n", 0o700},
		"env-missing": {"#!/usr/bin/env nosuchpython\n", 0o700},
		"text":        {"echo é\n", 0o700},
		"empty":       {"", 0o700},
		"binary":      {"\x7fELF\x00\x01", 0o700},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(file.text), file.mode); err != nil {
			t.Fatal(err)
		}
	}
	for command, want := range map[string]supervisor.FaultKind{
		"./good": "", "./env": "", "./binary": "", "sh": "",
		"./plain": supervisor.NotExecutable, "./crlf": supervisor.CarriageReturn, "./crlf-option": supervisor.CarriageReturn,
		"./interpreter": supervisor.NoInterpreter, "./env-missing": supervisor.NoInterpreter, "./text": supervisor.NoShebang,
		"./empty": supervisor.NoShebang, "./nowhere": supervisor.NoProgram, "nosuchprogram": supervisor.NotInPath, "/tmp": supervisor.IsDirectory,
	} {
		fault := supervisor.Process{Path: command, Dir: dir, Env: os.Environ()}.Fault()
		if got := fault; (got == nil) != (want == "") || got != nil && got.Kind != want {
			t.Errorf("%s: %+v, want %q", command, fault, want)
		}
	}
	if fault := (supervisor.Process{Path: "sh", Dir: dir + "/nowhere"}).Fault(); fault == nil || fault.Kind != supervisor.NoDirectory {
		t.Errorf("without its directory: %+v", fault)
	}
}

func TestAStartTellsTheFaultOfTheCommand(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "run"), []byte("#!/bin/sh\r\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := begin(t, supervisor.Options{}, supervisor.Spec{Name: "m", Runner: supervisor.Process{Path: "./run", Dir: dir}})
	<-s.StartFailed()
	var failed *supervisor.StartError
	if !errors.As(s.StartError(), &failed) || failed.Exit.Fault == nil || failed.Exit.Fault.Kind != supervisor.CarriageReturn {
		t.Errorf("start: %v", s.StartError())
	}
}
