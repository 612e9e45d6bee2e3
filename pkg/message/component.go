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

// ExitNotStarted says why there never was a process.
func (l Lang) ExitNotStarted(err string) string {
	return l.say("could not be started: %s", "no se pudo arrancar: %s", err)
}

// ExitNotReady says that it was ended, and how that went, because it was not ready in time.
func (l Lang) ExitNotReady(how string, after time.Duration) string {
	return l.say("%s, because it was not ready after %s", "%s, porque no estaba listo tras %s", how, Took(after))
}

// ExitHung says that it was ended because it did not answer.
func (l Lang) ExitHung(how string) string {
	return l.say("%s, because it did not answer its health checks", "%s, porque no respondía a las comprobaciones", how)
}

// ExitOOM says that the kernel ran out of memory.
func (l Lang) ExitOOM(how string) string {
	return l.say("%s, as memory ran out", "%s, al agotarse la memoria", how)
}

// ExitRestKilled says that the process ended, but what it had started did not.
func (l Lang) ExitRestKilled(how string) string {
	return l.say("%s, but what it had started was killed", "%s, pero hubo que matar lo que había arrancado", how)
}

// ExitLeft names what is still there.
func (l Lang) ExitLeft(how, processes string) string {
	return l.say("%s; still there: %s", "%s; sigue ahí: %s", how, processes)
}

// Budget tells how many of the deaths that a component may die it has died.
func (l Lang) Budget(deaths, most int, window time.Duration) string {
	if most == 0 {
		return l.say("restarts %d in %g s", "reinicios %d en %g s", deaths, window.Seconds())
	}
	return l.say("restarts %d/%d in %g s", "reinicios %d/%d en %g s", deaths, most, window.Seconds())
}

// BudgetNextTry adds when it is started again.
func (l Lang) BudgetNextTry(budget string, wait time.Duration) string {
	return l.say("%s, next try in %.1f s", "%s, próximo intento en %.1f s", budget, wait.Seconds())
}

// BudgetCause adds what it died of.
func (l Lang) BudgetCause(budget, exit string) string {
	return l.say("%s, last cause: %s", "%s, última causa: %s", budget, exit)
}

// ComponentSuspended says why a component is silent, and what ends that.
func (l Lang) ComponentSuspended(name string, pid int) string {
	return l.say("%s is stopped by a signal, so it does not answer, and is not restarted for that; `kill -CONT %d` lets it go on",
		"%s está detenido por una señal, por eso no responde, y no se reinicia por ello; `kill -CONT %d` lo deja seguir", name, pid)
}

// ComponentGoesOn says that it is no longer stopped by a signal.
func (l Lang) ComponentGoesOn(name string) string {
	return l.say("%s goes on and answers again", "%s sigue y vuelve a responder", name)
}

// ComponentSilent says that checks were missed.
func (l Lang) ComponentSilent(name string, misses int) string {
	return l.say("%s has left its last health checks unanswered: %d", "%s ha dejado sin respuesta sus últimas comprobaciones: %d", name, misses)
}

// ComponentWaitsFor says which components have to be ready before one is started.
func (l Lang) ComponentWaitsFor(name string, others []string) string {
	return l.say("%s is started when these are ready: %s", "%s se arranca cuando estén listos: %s", name, strings.Join(others, ", "))
}

// ComponentReadyWhen says what a component that runs has to show, as in the settings.
func (l Lang) ComponentReadyWhen(name, condition string) string {
	return l.say("%s runs, and is not ready before it has shown this: %s", "%s se ejecuta, y no estará listo hasta que muestre esto: %s", name, condition)
}

// ComponentHung says what is done about a component that does not answer.
func (l Lang) ComponentHung(name string) string {
	return l.say("%s does not answer; it writes down its goroutines (taskctl logs %s) and is restarted",
		"%s no responde; apunta sus gorrutinas (taskctl logs %s) y se reinicia", name, name)
}

// ComponentGivenUp says in a status what the budget came to.
func (l Lang) ComponentGivenUp(name, budget string) string {
	return l.say("%s has FAILED and is not restarted any more: %s; `taskctl why %s` tells more, `taskctl restart %s` tries again",
		"%s ha FALLADO y no se reinicia más: %s; `taskctl why %s` explica más, `taskctl restart %s` lo intenta de nuevo", name, budget, name, name)
}

// RestartFailed says why the next generation of a component is not ready.
func (l Lang) RestartFailed(name, exit string) string {
	return l.say("%s did not become ready again: %s", "%s no llegó a estar listo de nuevo: %s", name, exit)
}

// RestartWaits says that a component was not started because others are not ready.
func (l Lang) RestartWaits(name string, others []string) string {
	return l.say("%s is not started before these are ready: %s", "%s no se arranca antes de que estén listos: %s", name, strings.Join(others, ", "))
}

// RestartOldServes completes RestartFailed where nothing was lost.
func (l Lang) RestartOldServes() string {
	return l.say("the one before goes on serving", "el anterior sigue atendiendo")
}

// RestartStopped says that a restart was overtaken by a stop.
func (l Lang) RestartStopped() string {
	return l.say("stopped before it was restarted", "parado antes de reiniciarse")
}

// RestartedNot says that a component was restarted, and what became of it since.
func (l Lang) RestartedNot(name, state string) string {
	return l.say("%s was restarted, but is %s again; `taskctl why %s` tells why", "%s se reinició, pero está %s otra vez; `taskctl why %s` dice por qué",
		name, l.StateName(state), name)
}
