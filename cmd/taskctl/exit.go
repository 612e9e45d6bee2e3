package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"

	"taskctl/launcher"
	"taskctl/launcher/control"
	"taskctl/launcher/ports"
	"taskctl/pkg/client"
	"taskctl/pkg/config"
	"taskctl/pkg/consumer"
	"taskctl/pkg/listen"
	"taskctl/pkg/logfile"
	"taskctl/pkg/message"
	"taskctl/pkg/ownfile"
	"taskctl/pkg/store/postgres"
	"taskctl/pkg/store/sqlite"
	"taskctl/pkg/supervisor"
	"taskctl/pkg/task"
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

// exitCode is the only table from errors to exit codes.
func exitCode(err error) int {
	var (
		usage    *usageError
		problems config.Problems
		taken    *ports.TakenError
		running  *control.AlreadyRunningError
		status   exitStatus
		file     *consumer.FileError
	)
	switch {
	case errors.As(err, &status):
		return int(status)
	case err == nil, readerGone(err):
		return exitDone
	case errors.As(err, &usage), errors.As(err, &problems), errors.Is(err, task.ErrInvalid),
		errors.As(err, &file) && file.Fault != consumer.FaultOpen:
		return exitUsage
	case errors.Is(err, control.ErrLeft):
		return exitLeft
	case errors.Is(err, control.ErrKilled):
		return exitKilled
	case errors.As(err, &taken):
		return exitPortTaken
	case errors.As(err, &running):
		return exitAlreadyRunning
	case errors.Is(err, control.ErrNotRunning):
		return exitNotRunning
	case errors.Is(err, control.ErrNotReady):
		return exitNotReady
	}
	return exitFailed
}

// readerGone reports whether the reader of standard output has closed it. That is no
// failure, for example in `taskctl logs | head`.
func readerGone(err error) bool {
	var written *fs.PathError
	return errors.Is(err, syscall.EPIPE) && errors.As(err, &written) && written.Path == os.Stdout.Name()
}

// explain returns the message for an error; empty if the command has printed it
// already.
func explain(err error, lang message.Lang, dir string) string {
	var (
		problems config.Problems
		taken    *ports.TakenError
		running  *control.AlreadyRunningError
		notReady *launcher.NotReadyError
		trip     *launcher.RoundTripError
		file     *sqlite.FileError
		database *postgres.ServerError
		away     *unreachableError
		restarts supervisor.RestartErrors
		silent   *control.NotAnsweringError
		removed  *control.DataRemovedError
		unknown  *control.UnknownOwnerError
		unsafe   *control.UnsafeError
		fewFiles *listen.TooFewFilesError
		notLog   *logfile.NotRegularError
		notFile  *ownfile.NotRegularError
	)
	switch {
	case errors.As(err, &silent): // before ErrNotReady, which it wraps
		return lang.LauncherSilent(silent.PID, silent.NoSocket)
	case errors.Is(err, context.Canceled), readerGone(err), errors.Is(err, control.ErrKilled),
		errors.Is(err, control.ErrLeft), errors.Is(err, control.ErrNotReady):
		return ""
	case errors.As(err, &problems):
		return problems.In(lang)
	case errors.As(err, &taken):
		return explainTaken(taken, lang)
	case errors.As(err, &notLog):
		return lang.LogNotRegular(notLog.Path, notLog.Type)
	case errors.As(err, &notFile):
		return lang.NotRegular(notFile.Path, notFile.Type)
	case errors.As(err, &fewFiles):
		return lang.TooFewFiles(fewFiles.Limit, listen.MinOpenFiles)
	case errors.As(err, &removed):
		return lang.DataRemoved(removed.Path)
	case errors.As(err, &running):
		return lang.AlreadyRunning(running.Dir, running.PID)
	case errors.As(err, &unknown):
		return lang.UnknownOwner(unknown.Path)
	case errors.As(err, &unsafe):
		return unsafe.Text(lang)
	case errors.Is(err, launcher.ErrStoppedBeforeReady):
		return lang.StoppedBeforeReady()
	case errors.Is(err, control.ErrEnded):
		return lang.RestartStopped()
	case errors.As(err, &away): // before ErrNotRunning, which it may wrap
		if errors.Is(err, control.ErrNotRunning) {
			return lang.NotRunning(dir)
		}
		cause := connectCause(away.err.Err, lang)
		if away.given {
			return lang.URLUnreachable(away.url, cause)
		}
		return lang.APIUnreachable(away.url, cause, away.running)
	case errors.Is(err, control.ErrNotRunning):
		return lang.NotRunning(dir)
	case errors.As(err, &notReady):
		text := lang.NotReady(notReady.Component, control.ExitText(lang, notReady.Exit))
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
	case errors.As(err, &database):
		return database.Describe(lang)
	case errors.As(err, &trip):
		return lang.RoundTripFailed(trip.Error())
	}
	return explainTask(err, lang) + writeHint(err, lang, dir)
}

// writeHint returns a hint, on a line of its own, for a failure to write a file.
func writeHint(err error, lang message.Lang, dir string) string {
	var file *fs.PathError
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "\n" + lang.DiskFull()
	case errors.As(err, &file) && strings.HasPrefix(file.Path, dir) && (errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission)):
		return "\n" + lang.DirNotWritable(dir)
	}
	return ""
}

func explainTaken(err *ports.TakenError, lang message.Lang) string {
	holder := err.Holder.Text(lang)
	text := lang.PortTaken(err.Component, err.Port, err.Addr, holder, err.Key, config.Env(err.Key))
	if err.Holder.Dir != "" {
		text += "\n" + lang.PortOfSystem(err.Holder.Dir)
	}
	if err.Also != nil {
		text += "\n" + explainTaken(err.Also, lang)
	}
	return text
}

func explainRestart(err *supervisor.RestartError, lang message.Lang) string {
	if len(err.WaitsFor) > 0 {
		return lang.RestartWaits(err.Component, err.WaitsFor)
	}
	text := lang.RestartFailed(err.Component, control.ExitText(lang, err.Exit))
	if err.PreviousServes {
		text += "; " + lang.RestartOldServes()
	}
	if len(err.Lines) > 0 {
		text += "\n" + lang.WhyLines() + indented(err.Lines)
	}
	return text
}

// connectCause explains why a connection could not be opened.
func connectCause(err error, lang message.Lang) string {
	lost := client.ConnectError{Err: err}
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case lost.TLS() != "":
		return lang.ConsumerTLS(string(lost.TLS()))
	case errors.Is(err, syscall.ECONNREFUSED):
		return lang.ConsumerRefused()
	case errors.As(err, &dns):
		return lang.UnknownHost(dns.Name)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return lang.NoAnswerInTime()
	case errors.As(err, &op):
		err = op.Err
	}
	return err.Error()
}

// indented renders lines that a process has printed, indented.
func indented(lines []string) string {
	var text string
	for _, line := range lines {
		text += "\n  " + logfile.Printable(line)
	}
	return text
}

// explainTask returns the message for an error about tasks, and for every error that
// explain does not handle.
func explainTask(err error, lang message.Lang) string {
	var (
		ambiguous *client.AmbiguousError
		missing   *noTaskError
		refused   *client.Problem
		foreign   *foreignError
		unheard   *consumer.SubscribeError
		file      *consumer.FileError
	)
	switch {
	case errors.As(err, &file):
		return explainFile(file, lang)
	case errors.As(err, &foreign) && foreign.flag != "":
		return lang.URLForeign(foreign.flag, foreign.url, foreign.err.Status)
	case errors.As(err, &foreign):
		return lang.APIForeign(foreign.url, foreign.err.Status)
	case errors.As(err, &unheard) && errors.As(err, &refused) && refused.Foreign():
		return lang.ConsumerRejected(unheard.URL, lang.ConsumerForeign(refused.Status))
	case errors.As(err, &ambiguous):
		text := lang.TaskAmbiguous(ambiguous.Part)
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

// explainFile returns why a consumer cannot use a file.
func explainFile(err *consumer.FileError, lang message.Lang) string {
	cause := ""
	switch {
	case errors.Is(err.Err, fs.ErrNotExist):
		cause = lang.FileMissingDir()
	case errors.Is(err.Err, fs.ErrPermission):
		cause = lang.FileNoPermission()
	case err.Err != nil:
		cause = lang.FileCause(err.Err)
	}
	return lang.ConsumerFile(string(err.Fault), err.Path, cause)
}
