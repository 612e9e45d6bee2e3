package message

import (
	"strings"
	"time"
)

// StartHeading is the first line of the screen that `start` prints.
func (l Lang) StartHeading(dir string) string {
	return l.say("taskctl runs in %s", "taskctl en marcha en %s", dir)
}

// ColumnNames of the table of components.
func (l Lang) ColumnName() string     { return l.say("COMPONENT", "COMPONENTE") }
func (l Lang) ColumnState() string    { return l.say("STATE", "ESTADO") }
func (l Lang) ColumnAddress() string  { return l.say("ADDRESS", "DIRECCIÓN") }
func (l Lang) ColumnUptime() string   { return l.say("UPTIME", "EN MARCHA") }
func (l Lang) ColumnRestarts() string { return l.say("RESTARTS", "REINICIOS") }
func (l Lang) ColumnCPU() string      { return l.say("CPU", "CPU") }
func (l Lang) ColumnMemory() string   { return l.say("MEMORY", "MEMORIA") }
func (l Lang) ColumnLastExit() string { return l.say("LAST EXIT", "ÚLTIMA SALIDA") }

// TestTaskTitle is the title of the task that each start creates.
func (l Lang) TestTaskTitle() string { return l.say("WebSocket test", "Prueba WebSocket") }

// TestTaskDescription is its description.
func (l Lang) TestTaskDescription() string {
	return l.say("Task to test the notifications", "Tarea para probar notificaciones")
}

// StartTestTask says that the test task's notification came through.
func (l Lang) StartTestTask(title string, took time.Duration) string {
	return l.say("test task   %q created, its notification arrived after %s", "prueba      tarea %q creada, su notificación llegó en %s", title, l.Took(took))
}

// StartNoTestTask says that the test was left out on request.
func (l Lang) StartNoTestTask() string {
	return l.say("test task   not created", "prueba      tarea no creada")
}

// StartBoard says where the board is.
func (l Lang) StartBoard(url string) string {
	return l.say("board       %s", "tablero     %s", url)
}

// StartLogs says where the logs are.
func (l Lang) StartLogs(dir string) string {
	return l.say("logs        %s  (taskctl logs -f)", "registros   %s  (taskctl logs -f)", dir)
}

// StartReady says that all is ready, or what is not, and after what time.
func (l Lang) StartReady(took time.Duration, except []string) string {
	if len(except) > 0 {
		return l.say("ready in %s, all but %s", "listo en %s, todo menos %s", l.Took(took), strings.Join(except, ", "))
	}
	return l.say("all ready in %s", "todo listo en %s", l.Took(took))
}

// StartHowToStop says how a launcher on a terminal is stopped.
func (l Lang) StartHowToStop() string {
	return l.say("Press Ctrl+C to stop.", "Pulse Ctrl+C para detenerlo.")
}

// StartHowToStopDetached says how a launcher without a terminal is stopped.
func (l Lang) StartHowToStopDetached(pid int) string {
	return l.say("It keeps running in the background (pid %d), where Ctrl+C does not reach it: `taskctl status`, `taskctl stop`.", "Sigue en marcha en segundo plano (pid %d), donde Ctrl+C no llega: `taskctl status`, `taskctl stop`.", pid)
}

// StartWarning tells what the machine lacks.
func (l Lang) StartWarning(what string) string {
	return l.say("warning: %s; continuing without it", "aviso: %s; se continúa sin ello", what)
}

// StartNoProcesses says that components cannot be processes of their own here.
func (l Lang) StartNoProcesses() string {
	return l.say("this operating system cannot pass sockets to child processes; the components run in one process (--in-process)",
		"este sistema operativo no puede pasar sockets a procesos hijos; los componentes se ejecutan en un solo proceso (--in-process)")
}

// StartSwept says what a launcher that died had left behind.
func (l Lang) StartSwept(what string) string {
	return l.say("ended a process that an earlier launcher had left running: %s", "se terminó un proceso que un lanzador anterior había dejado en marcha: %s", what)
}

// StartNotSwept says that a process of a dead launcher could not be ended.
func (l Lang) StartNotSwept(what string) string {
	return l.say("an earlier launcher left a process that cannot be ended: %s; end it as its user or as root",
		"un lanzador anterior dejó un proceso que no se puede terminar: %s; termínelo como su usuario o como root", what)
}

// PortTaken says who holds a port and what to do about it.
func (l Lang) PortTaken(component string, port int, addr, holder, key, env string) string {
	return l.say("port %d, which %s needs, is taken: %s is used by %s\nstop that process, or choose another port: %s (%s)",
		"el puerto %d, que %s necesita, está ocupado: %s lo usa %s\ndetenga ese proceso, o elija otro puerto: %s (%s)",
		port, component, addr, holder, key, env)
}

// PortHolder names a process that listens on a port.
func (l Lang) PortHolder(pid int32, command, user string) string {
	return l.say("pid %d (%s), user %s", "el pid %d (%s), usuario %s", pid, command, user)
}

// PortHolderUnknown names a process that this user has no right to inspect.
func (l Lang) PortHolderUnknown() string {
	return l.say("a process of another user", "un proceso de otro usuario")
}

// AlreadyRunning says who runs in the directory already.
func (l Lang) AlreadyRunning(dir string, pid int) string {
	return l.say("taskctl is already running in %s, pid %d\n`taskctl status` shows it, `taskctl stop` stops it",
		"taskctl ya está en marcha en %s, pid %d\n`taskctl status` lo muestra, `taskctl stop` lo detiene", dir, pid)
}

// UnknownOwner says that a process that is not a launcher holds the directory's lock.
func (l Lang) UnknownOwner(lock string) string {
	return l.say("%s is locked by a process that is not a taskctl launcher; `fuser -v %s` names it: end it, or choose another --dir",
		"%s está bloqueado por un proceso que no es un lanzador de taskctl; `fuser -v %s` dice cuál: termínelo, o elija otro --dir", lock, lock)
}

// ForeignFile says that a file that the launcher relies on belongs to another user.
func (l Lang) ForeignFile(path string, uid int) string {
	return l.say("%s belongs to another user (uid %d), who could change what the launcher reads and writes; remove it, or choose another --dir",
		"%s pertenece a otro usuario (uid %d), que podría cambiar lo que el lanzador lee y escribe; bórrelo, o elija otro --dir", path, uid)
}

// SharedDirectory says that other users can put files into a directory of ours.
func (l Lang) SharedDirectory(path, mode string) string {
	return l.say("other users can change the files in %s (mode %s), which the launcher relies on; `chmod go-w %s` prevents that",
		"otros usuarios pueden cambiar los archivos de %s (modo %s), en los que confía el lanzador; `chmod go-w %s` lo impide", path, mode, path)
}

// StoppedBeforeReady says that a detached start was stopped by another command.
func (l Lang) StoppedBeforeReady() string {
	return l.say("stopped before it was ready", "detenido antes de estar listo")
}

// NotRunning says that there is nothing to talk to.
func (l Lang) NotRunning(dir string) string {
	return l.say("taskctl is not running in %s; `taskctl start` starts it", "taskctl no está en marcha en %s; `taskctl start` lo arranca", dir)
}

// PortOfSystem says that a port is used by the system of another directory.
func (l Lang) PortOfSystem(dir string) string {
	return l.say("that is the taskctl system in %[1]s: `taskctl stop --dir %[1]s` stops it",
		"es el sistema taskctl de %[1]s: `taskctl stop --dir %[1]s` lo detiene", dir)
}

// OtherSystem completes NotRunning: the system of another directory listens there.
func (l Lang) OtherSystem(dir, addr string) string {
	return l.say("the taskctl system in %[1]s listens at %[2]s: `taskctl status --dir %[1]s` shows it",
		"el sistema taskctl de %[1]s escucha en %[2]s: `taskctl status --dir %[1]s` lo muestra", dir, addr)
}

// UsingOtherSystem says that a command works on the system of another directory.
func (l Lang) UsingOtherSystem(dir, addr string) string {
	return l.say("note: no system runs in this directory; using the one in %[1]s, which listens at %[2]s (--dir %[1]s)",
		"nota: en este directorio no hay ningún sistema en marcha; se usa el de %[1]s, que escucha en %[2]s (--dir %[1]s)", dir, addr)
}

// WaitingForAnswer says that a server has not answered yet.
func (l Lang) WaitingForAnswer(url string) string {
	return l.say("still waiting for an answer from %s; Ctrl+C cancels", "todavía se espera la respuesta de %s; Ctrl+C cancela", url)
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
	return l.say("the test task failed: %s\n`taskctl logs` and `taskctl doctor` show more",
		"la tarea de prueba falló: %s\n`taskctl logs` y `taskctl doctor` muestran más", err)
}

// DataRemoved says that what a running system writes has been taken away from it.
func (l Lang) DataRemoved(path string) string {
	return l.say("%s was removed while the system was running; what was written since then is lost, so everything was stopped; `taskctl start` starts with a new database",
		"%s se borró con el sistema en marcha; lo escrito desde entonces se ha perdido, así que se ha detenido todo; `taskctl start` arranca con una base de datos nueva", path)
}

// DiskFull says what helps where nothing more can be written.
func (l Lang) DiskFull() string {
	return l.say("free space on that disk; `taskctl doctor` shows how much is needed", "libere espacio en ese disco; `taskctl doctor` muestra cuánto hace falta")
}

// TooFewFiles says that the limit of open files is too low to serve, and how to raise it.
func (l Lang) TooFewFiles(limit, least int) string {
	return l.say("the limit of open files is %d, and at least %d are needed; raise it with `ulimit -n 1024`, or LimitNOFILE= in a systemd unit",
		"el límite de archivos abiertos es %d y hacen falta al menos %d; súbalo con `ulimit -n 1024`, o con LimitNOFILE= en una unidad de systemd", limit, least)
}

// LogNotRegular says that something else is in the place of a log file.
func (l Lang) LogNotRegular(path, kind string) string {
	return l.say("%s is a %s, not a regular file; remove it, and `taskctl start` creates the log file",
		"%s es %s, no un archivo normal; elimínelo y `taskctl start` creará el archivo de registro", path, l.fileKind(kind))
}

// NotRegular says that something else is in the place of a file in data/.
func (l Lang) NotRegular(path, kind string) string {
	return l.say("%s is a %s, not a regular file, and data/ is for the files of taskctl only; remove it",
		"%s es %s, no un archivo normal, y data/ es solo para los archivos de taskctl; elimínelo", path, l.fileKind(kind))
}

// fileKind names a kind of file that is not a regular file; in Spanish with its article.
func (l Lang) fileKind(kind string) string {
	names := map[string]string{
		"FIFO": "una tubería con nombre (FIFO)", "socket": "un socket", "device": "un dispositivo",
		"symbolic link": "un enlace simbólico", "directory": "un directorio",
	}
	return l.Choose(kind, names[kind])
}

// DirNotWritable says what helps where nothing may be written below the directory.
func (l Lang) DirNotWritable(dir string) string {
	return l.say("make %s writable, or choose another directory with --dir", "dé permiso de escritura en %s, o elija otro directorio con --dir", dir)
}

// DetachInherited says that inherited sockets stay with the process that inherited them.
func (l Lang) DetachInherited() string {
	return l.say("--detach cannot be used with sockets passed by systemd (LISTEN_FDS); leave --detach out, because systemd already runs the command in the background",
		"--detach no se puede usar con sockets recibidos de systemd (LISTEN_FDS); quite --detach, porque systemd ya ejecuta el comando en segundo plano")
}

// TerminalMissed says how many messages were dropped because the terminal was blocked.
func (l Lang) TerminalMissed(n int) string {
	return l.say("(messages dropped because this terminal was blocked: %d; `taskctl logs launcher` has them)",
		"(mensajes descartados porque esta terminal estaba bloqueada: %d; `taskctl logs launcher` los tiene)", n)
}

// WaitingFor says which component the stop waits for, and for how long already.
func (l Lang) WaitingFor(component, processes string, since, left time.Duration) string {
	return l.say("waiting for %s (%s), %s so far; it will be killed in %s, or at once with another Ctrl+C",
		"esperando a %s (%s) desde hace %s; se matará dentro de %s, o de inmediato con otro Ctrl+C",
		component, processes, since.Round(time.Second), left.Round(time.Second))
}

// WaitingForMore counts the components that the stop waits for besides those named.
func (l Lang) WaitingForMore(n int) string {
	return l.say("waiting for %d more", "esperando a %d más", n)
}

// ReceiptHeading begins the receipt.
func (l Lang) ReceiptHeading(took time.Duration) string {
	return l.say("stopped in %s", "detenido en %s", l.Took(took))
}

// EndedHow says in a word how a component ended.
func (l Lang) EndedHow(how string) string {
	switch how {
	case "stopped":
		return l.say("stopped", "detenido")
	case "killed":
		return l.say("KILLED", "MATADO")
	case "left":
		return l.say("STILL RUNNING", "SIGUE EN MARCHA")
	case "failed":
		return l.say("had already failed", "ya había fallado")
	case "done":
		return l.say("was done", "había terminado")
	case "not_started":
		return l.say("was not started", "no se arrancó")
	}
	return how
}

// ReceiptClean ends a receipt without anything left.
func (l Lang) ReceiptClean() string {
	return l.say("nothing left running", "no queda nada en marcha")
}

// ReceiptKilled counts what did not stop by itself.
func (l Lang) ReceiptKilled(names string) string {
	return l.say("had to be killed: %s", "hubo que matar: %s", names)
}

// ReceiptLeft names what could not be stopped at all.
func (l Lang) ReceiptLeft(what string) string {
	return l.say("STILL RUNNING: %s", "SIGUE EN MARCHA: %s", what)
}

// ComponentDied says that a component ended by itself and what happens next.
func (l Lang) ComponentDied(name, exit, next string) string {
	return l.say("%s died (%s); %s", "%s murió (%s); %s", name, exit, next)
}

// RestartNow completes ComponentDied.
func (l Lang) RestartNow() string { return l.say("restarting it", "se reinicia") }

// RestartIn completes ComponentDied where there is a pause.
func (l Lang) RestartIn(wait time.Duration) string {
	return l.say("restarting it in %s", "se reinicia en %s", l.Took(wait))
}

// ComponentBack says that a component is ready again.
func (l Lang) ComponentBack(name string, pid int) string {
	return l.say("%s is ready again (pid %d)", "%s está listo otra vez (pid %d)", name, pid)
}

// ComponentFailed says that a component is not restarted any more.
func (l Lang) ComponentFailed(name, why string) string {
	return l.say("%s has FAILED and is not restarted any more: %s\n`taskctl why %s` explains it, `taskctl restart %s` tries again",
		"%s ha FALLADO y no se reinicia más: %s\n`taskctl why %s` lo explica, `taskctl restart %s` lo intenta de nuevo", name, why, name, name)
}
