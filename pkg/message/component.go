package message

import (
	"strings"
	"time"
)

// How a component's process ended. The texts complete one another from the
// inside out: ExitNotReady takes what ExitCode has said.

// ExitCode names an exit code.
func (l Lang) ExitCode(code int) string { return l.say("exit %d", "código %d", code) }

// ExitReturned is the end of a group of goroutines without an error.
func (l Lang) ExitReturned() string { return l.say("returned", "terminó") }

// ExitNotKilled is said of a process that did not end when it was killed.
func (l Lang) ExitNotKilled() string { return l.say("could not be killed", "no se pudo matar") }

// ExitNotStarted says why there never was a process.
func (l Lang) ExitNotStarted(err string) string {
	return l.say("could not be started: %s", "no se pudo arrancar: %s", err)
}

// ExitNotReady says that it was ended, and how that went, because it was not ready in time.
func (l Lang) ExitNotReady(how string, after time.Duration) string {
	return l.say("%s, because it was not ready after %s", "%s, porque no estaba listo después de %s", how, l.Took(after))
}

// ExitHung says that it was ended because it did not answer.
func (l Lang) ExitHung(how string) string {
	return l.say("%s, because it did not answer its health checks", "%s, porque no respondía a las comprobaciones", how)
}

// ExitOOM says that the kernel ran out of memory.
func (l Lang) ExitOOM(how string) string {
	return l.say("%s, because memory ran out", "%s, porque se agotó la memoria", how)
}

// ExitRestKilled says that the process ended, but its child processes had to be killed.
func (l Lang) ExitRestKilled(how string) string {
	return l.say("%s, but its child processes had to be killed", "%s, pero hubo que matar a sus procesos hijos", how)
}

// ExitBackground says that a command put itself into the background.
func (l Lang) ExitBackground(how, processes string) string {
	return l.say("%s, leaving %s in the background", "%s, y dejó %s en segundo plano", how, processes)
}

// StayInForeground says what to do about a command that puts itself into the
// background, where it cannot be supervised.
func (l Lang) StayInForeground(hint string) string {
	return l.say("a command that puts itself into the background cannot be supervised and is stopped; make it stay in the foreground: %s",
		"un comando que se pone en segundo plano no se puede supervisar y se detiene; haga que siga en primer plano: %s", hint)
}

// ForegroundHint is how a program is kept in the foreground.
func (l Lang) ForegroundHint(program string) string {
	switch program {
	case "nginx":
		return "nginx -g 'daemon off;'"
	case "redis-server":
		return "--daemonize no"
	case "postgres":
		return l.say("postgres -D DIR in place of pg_ctl", "postgres -D DIR en lugar de pg_ctl")
	case "apache2", "httpd":
		return "-D FOREGROUND"
	case "sshd":
		return "sshd -D"
	}
	return l.say("no & at its end, and an option such as --foreground or --no-daemon",
		"sin & al final, y con una opción como --foreground o --no-daemon")
}

// ComponentsWait says which components are not started, because another has failed.
func (l Lang) ComponentsWait(failed string, names []string) string {
	return l.say("not started, because %s has failed: %s", "sin arrancar, porque %s ha fallado: %s", failed, strings.Join(names, ", "))
}

// ExitLeft names what is still there.
func (l Lang) ExitLeft(how, processes string) string {
	return l.say("%s; still running: %s", "%s; sigue en marcha: %s", how, processes)
}

// Budget tells how often a component died within the window, and how often it may.
func (l Lang) Budget(deaths, most int, window time.Duration) string {
	if most == 0 {
		return l.say("deaths %d in %g s", "muertes %d en %g s", deaths, window.Seconds())
	}
	return l.say("deaths %d/%d in %g s", "muertes %d/%d en %g s", deaths, most, window.Seconds())
}

// BudgetNextTry adds when it is started again.
func (l Lang) BudgetNextTry(budget string, wait time.Duration) string {
	return l.say("%s, next try in %.1f s", "%s, próximo intento en %.1f s", budget, wait.Seconds())
}

// BudgetCause adds why it died.
func (l Lang) BudgetCause(budget, exit string) string {
	return l.say("%s, last cause: %s", "%s, última causa: %s", budget, exit)
}

// ComponentSuspended says why a component does not answer, and what helps.
func (l Lang) ComponentSuspended(name string, pid int) string {
	return l.say("%s is suspended by a signal, so it does not answer; it is not restarted for that. `kill -CONT %d` resumes it",
		"%s está suspendido por una señal, por eso no responde; no se reinicia por ello. `kill -CONT %d` lo reanuda", name, pid)
}

// ComponentGoesOn says that it is no longer suspended by a signal.
func (l Lang) ComponentGoesOn(name string) string {
	return l.say("%s is no longer suspended and answers again", "%s ya no está suspendido y vuelve a responder", name)
}

// ComponentSilent says that checks were missed.
func (l Lang) ComponentSilent(name string, misses int) string {
	return l.say("%s has not answered its last health checks: %d", "%s no ha respondido a sus últimas comprobaciones: %d", name, misses)
}

// ComponentWaitsFor says which components have to be ready before one is started.
func (l Lang) ComponentWaitsFor(name string, others []string) string {
	return l.say("%s is started as soon as these are ready: %s", "%s se arranca en cuanto estén listos: %s", name, strings.Join(others, ", "))
}

// ComponentReadyWhen says which condition of the settings a running component has not met yet.
func (l Lang) ComponentReadyWhen(name, condition string) string {
	return l.say("%s runs, but is not ready until this condition holds: %s", "%s se ejecuta, pero no está listo hasta que se cumpla esta condición: %s", name, condition)
}

// ComponentHung says what is done about a component that does not answer.
func (l Lang) ComponentHung(name string) string {
	return l.say("%s does not answer; its goroutines are written to its log (taskctl logs %s), then it is restarted",
		"%s no responde; sus goroutines se escriben en su registro (taskctl logs %s) y después se reinicia", name, name)
}

// ComponentGivenUp says in a status that a component is not restarted any more.
func (l Lang) ComponentGivenUp(name, budget string) string {
	return l.say("%s has FAILED and is not restarted any more: %s; `taskctl why %s` explains it, `taskctl restart %s` tries again",
		"%s ha FALLADO y no se reinicia más: %s; `taskctl why %s` lo explica, `taskctl restart %s` lo intenta de nuevo", name, budget, name, name)
}

// ComponentFilesChanged says that a component is restarted, and why.
func (l Lang) ComponentFilesChanged(name string, files []string) string {
	return l.say("%s: %s changed; restarting it", "%s: cambió %s; se reinicia", name, l.someOf(files))
}

// WhyFilesChanged says when and why a component was last restarted.
func (l Lang) WhyFilesChanged(at string, files []string) string {
	return l.say("restarted at %s because files that it watches changed: %s", "se reinició el %s porque cambiaron archivos que vigila: %s", at, l.someOf(files))
}

// mostNames is how many names of a list are shown.
const mostNames = 5

// someOf lists names, and counts those that are too many.
func (l Lang) someOf(names []string) string {
	if more := len(names) - mostNames; more > 0 {
		return l.say("%s and %d more", "%s y %d más", strings.Join(names[:mostNames], ", "), more)
	}
	return strings.Join(names, ", ")
}

// WatchNoMatch says that no file exists whose change would restart a component.
func (l Lang) WatchNoMatch(name string, patterns []string) string {
	return l.say("%s: no file matches watch (%s); patterns are relative to --dir", "%s: ningún archivo coincide con watch (%s); los patrones son relativos a --dir",
		name, strings.Join(patterns, ", "))
}

// WatchMissing says that a directory cannot be watched because it is not there.
func (l Lang) WatchMissing(name, dir string) string {
	return l.say("%s: the watched directory %s does not exist; changes are noticed again when it does",
		"%s: el directorio vigilado %s no existe; los cambios se detectarán de nuevo cuando exista", name, dir)
}

// WatchFailed says why changes of files are not noticed.
func (l Lang) WatchFailed(name, why string) string {
	return l.say("%s: changes of files are not noticed: %s", "%s: no se detectan los cambios de archivos: %s", name, why)
}

// WatchLimit completes WatchFailed where the system watches no more.
func (l Lang) WatchLimit(why, sysctl string) string {
	return l.say("%s; raise %s with sysctl, or watch fewer directories", "%s; aumente %s con sysctl, o vigile menos directorios", why, sysctl)
}

// RestartFailed says why the next generation of a component is not ready.
func (l Lang) RestartFailed(name, exit string) string {
	return l.say("%s did not become ready again: %s", "%s no llegó a estar listo de nuevo: %s", name, exit)
}

// RestartWaits says that a component was not started because others are not ready.
func (l Lang) RestartWaits(name string, others []string) string {
	return l.say("%s cannot be started before these are ready: %s", "%s no se puede arrancar antes de que estén listos: %s", name, strings.Join(others, ", "))
}

// RestartOldServes completes RestartFailed where nothing was lost.
func (l Lang) RestartOldServes() string {
	return l.say("the old process keeps serving", "el proceso anterior sigue atendiendo")
}

// RestartStopped says that the component was stopped during its restart.
func (l Lang) RestartStopped() string {
	return l.say("stopped before it was restarted", "detenido antes de reiniciarse")
}

// RestartedNot says that a component became ready and then did not stay so.
func (l Lang) RestartedNot(name, state string) string {
	return l.say("%s became ready, but is now %s; `taskctl why %s` explains it", "%s llegó a estar listo, pero ahora está %s; `taskctl why %s` lo explica",
		name, l.StateName(state), name)
}
