package message

import (
	"strings"
	"time"
)

// StartHeading is the first line of the screen that `start` prints.
func (l Lang) StartHeading(dir string) string {
	return l.say("taskctl runs in %s", "taskctl funciona en %s", dir)
}

// ColumnNames of the table of components.
func (l Lang) ColumnName() string     { return l.say("COMPONENT", "COMPONENTE") }
func (l Lang) ColumnState() string    { return l.say("STATE", "ESTADO") }
func (l Lang) ColumnAddress() string  { return l.say("ADDRESS", "DIRECCIÓN") }
func (l Lang) ColumnUptime() string   { return l.say("UPTIME", "ACTIVO") }
func (l Lang) ColumnRestarts() string { return l.say("RESTARTS", "REINICIOS") }
func (l Lang) ColumnCPU() string      { return l.say("CPU", "CPU") }
func (l Lang) ColumnMemory() string   { return l.say("MEMORY", "MEMORIA") }
func (l Lang) ColumnLastExit() string { return l.say("LAST EXIT", "ÚLTIMA SALIDA") }

// StartTestTask says that the test task's notification came through.
func (l Lang) StartTestTask(title string, took time.Duration) string {
	return l.say("test task   %q created, its notification arrived after %s", "tarea       %q creada, su notificación llegó en %s", title, Took(took))
}

// StartNoTestTask says that the test was left out on request.
func (l Lang) StartNoTestTask() string {
	return l.say("test task   not created (--no-test-task)", "tarea       no creada (--no-test-task)")
}

// StartBoard says where the board is.
func (l Lang) StartBoard(url string) string {
	return l.say("board       %s", "tablero     %s", url)
}

// StartLogs says where the logs are.
func (l Lang) StartLogs(dir string) string {
	return l.say("logs        %s  (taskctl logs -f)", "logs        %s  (taskctl logs -f)", dir)
}

// StartReady says that all is ready, or what is not, and after what time.
func (l Lang) StartReady(took time.Duration, except []string) string {
	if len(except) > 0 {
		return l.say("ready in %s, all but %s", "listo en %s, todo menos %s", Took(took), strings.Join(except, ", "))
	}
	return l.say("all ready in %s", "todo listo en %s", Took(took))
}

// StartHowToStop says how a launcher on a terminal is stopped.
func (l Lang) StartHowToStop() string {
	return l.say("Press Ctrl+C to stop.", "Pulse Ctrl+C para parar.")
}

// StartHowToStopDetached says how a launcher without a terminal is stopped.
func (l Lang) StartHowToStopDetached(pid int) string {
	return l.say("It goes on in the background (pid %d), where Ctrl+C does not reach it: `taskctl status`, `taskctl stop`.", "Sigue en segundo plano (pid %d), donde Ctrl+C no llega: `taskctl status`, `taskctl stop`.", pid)
}

// StartWarning passes on what the machine lacks.
func (l Lang) StartWarning(what string) string {
	return l.say("warning: %s; going on without it", "aviso: %s; se sigue sin ello", what)
}

// StartNoProcesses says that components cannot be processes of their own here.
func (l Lang) StartNoProcesses() string {
	return l.say("this system cannot hand sockets to child processes: running --in-process",
		"este sistema no puede pasar sockets a procesos hijos: se usa --in-process")
}

// StartSwept says what a dead launcher had left behind.
func (l Lang) StartSwept(what string) string {
	return l.say("cleared what an earlier launcher left: %s", "se eliminó lo que dejó un lanzador anterior: %s", what)
}

// PortTaken says who holds a port and what to do about it.
func (l Lang) PortTaken(component string, port int, addr, holder, key, env string) string {
	return l.say("port %d, which %s needs, is taken: %s is held by %s\nstop that process, or choose another port: %s (%s)",
		"el puerto %d, que %s necesita, está ocupado: %s lo tiene %s\npare ese proceso, o elija otro puerto: %s (%s)",
		port, component, addr, holder, key, env)
}

// PortHolder names a process that listens on a port.
func (l Lang) PortHolder(pid int32, command, user string) string {
	return l.say("pid %d (%s), user %s", "el pid %d (%s), usuario %s", pid, command, user)
}

// PortHolderUnknown stands for a process that this user may not look at.
func (l Lang) PortHolderUnknown() string {
	return l.say("a process of another user", "un proceso de otro usuario")
}

// AlreadyRunning says who runs in the directory already.
func (l Lang) AlreadyRunning(dir string, pid int) string {
	return l.say("taskctl is already running in %s, pid %d\n`taskctl status` shows it, `taskctl stop` ends it",
		"taskctl ya está funcionando en %s, pid %d\n`taskctl status` lo muestra, `taskctl stop` lo para", dir, pid)
}

// NotRunning says that there is nothing to talk to.
func (l Lang) NotRunning(dir string) string {
	return l.say("taskctl is not running in %s; `taskctl start` starts it", "taskctl no está funcionando en %s; `taskctl start` lo arranca", dir)
}

// NotReady says which component did not become ready, and why.
func (l Lang) NotReady(component, reason string) string {
	return l.say("%s did not become ready: %s", "%s no llegó a estar listo: %s", component, reason)
}

// LastLines heads the last lines of a component's log.
func (l Lang) LastLines(file string) string {
	return l.say("its last lines (%s):", "sus últimas líneas (%s):", file)
}

// RoundTripFailed says at what stage the test task got stuck.
func (l Lang) RoundTripFailed(err string) string {
	return l.say("the test task failed: %s\n`taskctl logs` and `taskctl doctor` tell more",
		"la tarea de prueba falló: %s\n`taskctl logs` y `taskctl doctor` dicen más", err)
}

// DataRemoved says that what a running system writes has been taken away from it.
func (l Lang) DataRemoved(path string) string {
	return l.say("%s was removed while the system ran; what it wrote since is lost, so everything was stopped: `taskctl start` begins anew",
		"%s se borró con el sistema en marcha; lo que escribió desde entonces se ha perdido, así que se ha parado todo: `taskctl start` empieza de nuevo", path)
}

// DiskFull says what helps where nothing more can be written.
func (l Lang) DiskFull() string {
	return l.say("make room on that disk; `taskctl doctor` says how much is needed", "libere espacio en ese disco; `taskctl doctor` dice cuánto hace falta")
}

// DirNotWritable says what helps where nothing may be written below the directory.
func (l Lang) DirNotWritable(dir string) string {
	return l.say("make %s writable, or choose another directory: --dir", "haga que se pueda escribir en %s, o elija otro directorio: --dir", dir)
}

// DetachPassed says that sockets which were passed stay with the process they were passed to.
func (l Lang) DetachPassed() string {
	return l.say("--detach cannot hand on the sockets that this process was passed (LISTEN_FDS); without it they are served, and systemd keeps it in the background",
		"--detach no puede entregar los sockets que recibió este proceso (LISTEN_FDS); sin él se atienden, y systemd lo mantiene en segundo plano")
}

// TerminalMissed says how many messages a terminal that took none has missed.
func (l Lang) TerminalMissed(n int) string {
	return l.say("(messages that this terminal did not take: %d; `taskctl logs launcher` has what happened)",
		"(mensajes que este terminal no aceptó: %d; `taskctl logs launcher` tiene lo ocurrido)", n)
}

// WaitingFor says on whom the stop waits, and for how long already.
func (l Lang) WaitingFor(component, processes string, since, left time.Duration) string {
	return l.say("waiting for %s (%s), %s so far; it is killed in %s, or at once by another Ctrl+C",
		"esperando a %s (%s), ya %s; se mata en %s, o ya mismo con otro Ctrl+C",
		component, processes, since.Round(time.Second), left.Round(time.Second))
}

// ReceiptHeading begins the receipt.
func (l Lang) ReceiptHeading(took time.Duration) string {
	return l.say("stopped in %s", "parado en %s", Took(took))
}

// EndedHow says in a word how a component ended.
func (l Lang) EndedHow(how string) string {
	switch how {
	case "stopped":
		return l.say("stopped", "parado")
	case "killed":
		return l.say("KILLED", "MATADO")
	case "left":
		return l.say("LEFT", "SIGUE")
	case "failed":
		return l.say("was down already", "ya no funcionaba")
	case "not_started":
		return l.say("was not started", "no se arrancó")
	}
	return how
}

// ReceiptClean ends a receipt without anything left.
func (l Lang) ReceiptClean() string {
	return l.say("nothing left running", "no queda nada funcionando")
}

// ReceiptKilled counts what did not stop by itself.
func (l Lang) ReceiptKilled(names string) string {
	return l.say("had to be killed: %s", "hubo que matar: %s", names)
}

// ReceiptLeft names what could not be stopped at all.
func (l Lang) ReceiptLeft(what string) string {
	return l.say("LEFT RUNNING: %s", "SIGUE FUNCIONANDO: %s", what)
}

// ComponentDied says that a component ended by itself and what happens next.
func (l Lang) ComponentDied(name, exit, next string) string {
	return l.say("%s died (%s); %s", "%s murió (%s); %s", name, exit, next)
}

// RestartNow completes ComponentDied.
func (l Lang) RestartNow() string { return l.say("restarting it", "se reinicia") }

// RestartIn completes ComponentDied where there is a pause.
func (l Lang) RestartIn(wait time.Duration) string {
	return l.say("restarting it in %s", "se reinicia en %s", Took(wait))
}

// ComponentBack says that a component is ready again.
func (l Lang) ComponentBack(name string, pid int) string {
	return l.say("%s is ready again (pid %d)", "%s está listo otra vez (pid %d)", name, pid)
}

// ComponentFailed says loudly that a component has been given up.
func (l Lang) ComponentFailed(name, why string) string {
	return l.say("%s has FAILED and is not restarted any more: %s\n`taskctl why %s` tells more, `taskctl restart %s` tries again",
		"%s ha FALLADO y no se reinicia más: %s\n`taskctl why %s` explica más, `taskctl restart %s` lo intenta de nuevo", name, why, name, name)
}

// Took renders a duration for people: milliseconds below a second, else seconds.
func Took(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
