package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"syscall"

	"github.com/taskctl/taskctl/launcher"
	"github.com/taskctl/taskctl/pkg/client"
	"github.com/taskctl/taskctl/pkg/config"
	"github.com/taskctl/taskctl/pkg/consumer"
	"github.com/taskctl/taskctl/pkg/logfile"
	"github.com/taskctl/taskctl/pkg/message"
	"github.com/taskctl/taskctl/pkg/store/sqlite"
	"github.com/taskctl/taskctl/pkg/supervisor"
	"github.com/taskctl/taskctl/pkg/task"
)

// The exit codes, which every --help lists.
const (
	exitDone           = 0
	exitFailed         = 1
	exitUsage          = 2
	exitKilled         = 3
	exitLeft           = 4
	exitPortTaken      = 5
	exitAlreadyRunning = 6
	exitNotRunning     = 7
	exitNotReady       = 8
)

// usageError is a command line that cannot be meant.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// exitCode is the only table from errors to exit codes.
func exitCode(err error) int {
	var (
		usage    *usageError
		problems config.Problems
		taken    *launcher.PortTakenError
		running  *launcher.AlreadyRunningError
		status   exitStatus
	)
	switch {
	case errors.As(err, &status):
		return int(status)
	case err == nil, readerGone(err):
		return exitDone
	case errors.As(err, &usage), errors.As(err, &problems), errors.Is(err, task.ErrInvalid):
		return exitUsage
	case errors.Is(err, launcher.ErrLeft):
		return exitLeft
	case errors.Is(err, launcher.ErrKilled):
		return exitKilled
	case errors.As(err, &taken):
		return exitPortTaken
	case errors.As(err, &running):
		return exitAlreadyRunning
	case errors.Is(err, launcher.ErrNotRunning):
		return exitNotRunning
	case errors.Is(err, launcher.ErrNotReady):
		return exitNotReady
	}
	return exitFailed
}

// readerGone reports whether nobody reads our standard output any more, which is
// the reader's choice: `taskctl logs | head` is no failure.
func readerGone(err error) bool {
	var written *fs.PathError
	return errors.Is(err, syscall.EPIPE) && errors.As(err, &written) && written.Path == os.Stdout.Name()
}

// explain is what a person is told of an error; empty where the command has said
// it all already.
func explain(err error, lang message.Lang, dir string) string {
	var (
		problems config.Problems
		taken    *launcher.PortTakenError
		running  *launcher.AlreadyRunningError
		notReady *launcher.NotReadyError
		trip     *launcher.RoundTripError
		file     *sqlite.FileError
		away     *unreachableError
		restarts supervisor.RestartErrors
		silent   *launcher.NotAnsweringError
		removed  *launcher.DataRemovedError
	)
	switch {
	case errors.As(err, &silent): // before ErrNotReady, which it is too
		return lang.LauncherSilent(silent.PID, silent.NoSocket)
	case errors.Is(err, context.Canceled), readerGone(err), errors.Is(err, launcher.ErrKilled),
		errors.Is(err, launcher.ErrLeft), errors.Is(err, launcher.ErrNotReady):
		return ""
	case errors.As(err, &problems):
		return problems.In(lang)
	case errors.As(err, &taken):
		return explainTaken(taken, lang)
	case errors.As(err, &removed):
		return lang.DataRemoved(removed.Path)
	case errors.As(err, &running):
		return lang.AlreadyRunning(running.Dir, running.PID)
	case errors.As(err, &away): // before ErrNotRunning, which it may be
		cause := away.err.Err.Error()
		if errors.Is(err, syscall.ECONNREFUSED) {
			cause = lang.ConsumerRefused()
		}
		return lang.APIUnreachable(away.url, cause, dir, away.running)
	case errors.Is(err, launcher.ErrNotRunning):
		return lang.NotRunning(dir)
	case errors.As(err, &notReady):
		text := lang.NotReady(notReady.Component, launcher.ExitText(lang, notReady.Exit))
		if len(notReady.LastLines) > 0 {
			text += "\n" + lang.LastLines(notReady.LogFile) + indented(notReady.LastLines)
		}
		return text
	case errors.As(err, &restarts):
		var texts []string
		for _, restart := range restarts {
			texts = append(texts, explainRestart(restart, lang))
		}
		return strings.Join(texts, "\n")
	case errors.Is(err, supervisor.ErrStopped):
		return lang.RestartStopped()
	case errors.As(err, &file):
		return file.Describe(lang)
	case errors.As(err, &trip):
		return lang.RoundTripFailed(trip.Error())
	}
	return explainTask(err, lang) + wayOut(err, lang, dir)
}

// wayOut is what helps against a failure to write a file, on a line of its own.
func wayOut(err error, lang message.Lang, dir string) string {
	var file *fs.PathError
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "\n" + lang.DiskFull()
	case errors.As(err, &file) && strings.HasPrefix(file.Path, dir) && (errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission)):
		return "\n" + lang.DirNotWritable(dir)
	}
	return ""
}

func explainTaken(err *launcher.PortTakenError, lang message.Lang) string {
	holder := launcher.HolderText(lang, err.Holder)
	text := lang.PortTaken(err.Component, err.Port, err.Addr, holder, err.Key, config.Env(err.Key))
	if err.Also != nil {
		text += "\n" + explainTaken(err.Also, lang)
	}
	return text
}

func explainRestart(err *supervisor.RestartError, lang message.Lang) string {
	if len(err.WaitsFor) > 0 {
		return lang.RestartWaits(err.Component, err.WaitsFor)
	}
	text := lang.RestartFailed(err.Component, launcher.ExitText(lang, err.Exit))
	if err.OldServes {
		text += "; " + lang.RestartOldServes()
	}
	if len(err.Lines) > 0 {
		text += "\n" + lang.WhyLines() + indented(err.Lines)
	}
	return text
}

// indented sets lines that a process has printed under a heading.
func indented(lines []string) string {
	var text string
	for _, line := range lines {
		text += "\n  " + logfile.Printable(line)
	}
	return text
}

// explainTask is what a person is told of an error about tasks, and of any other
// that explain does not know.
func explainTask(err error, lang message.Lang) string {
	var (
		ambiguous *client.AmbiguousError
		missing   *noTaskError
		refused   *client.Problem
		unheard   *consumer.SubscribeError
	)
	switch {
	case errors.As(err, &ambiguous):
		text := lang.TaskAmbiguous(ambiguous.Prefix)
		for _, t := range ambiguous.Tasks {
			text += "\n  " + t.ID + "  " + oneLine(t.Title)
		}
		return text
	case errors.As(err, &missing):
		return lang.TaskUnknown(oneLine(missing.id))
	case errors.Is(err, task.ErrVersion):
		return lang.TaskChanged()
	case errors.As(err, &unheard) && errors.As(err, &refused) && refused.Status == http.StatusUnauthorized:
		return lang.ConsumerNeedsToken(unheard.URL, "auth.token", config.Env("auth.token"))
	case errors.As(err, &unheard) && errors.As(err, &refused):
		return lang.ConsumerRejected(unheard.URL, refused.Error())
	case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized:
		return lang.APINeedsToken("auth.token", config.Env("auth.token"))
	case errors.As(err, &refused) && errors.Is(err, task.ErrUnavailable):
		return lang.APIBusy(refused.Error())
	case errors.As(err, &refused):
		return lang.APIRefused(refused.Error())
	}
	return fmt.Sprint(err)
}
