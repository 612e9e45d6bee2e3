package message

import "time"

// What the command line says of itself.

func (l Lang) RootShort() string {
	return l.say("A task service with live notifications, in one command", "Un servicio de tareas con notificaciones en vivo, en una orden")
}

func (l Lang) RootLong() string {
	return l.say(`taskctl brings up a REST tasks API, a WebSocket notification server and a
terminal consumer, watches over them, and takes them down cleanly.`,
		`taskctl levanta una API REST de tareas, un servidor WebSocket de notificaciones
y un consumidor de terminal, los vigila, y los para limpiamente.`)
}

func (l Lang) HelpUsage() string    { return l.say("Usage:", "Uso:") }
func (l Lang) HelpExamples() string { return l.say("Examples:", "Ejemplos:") }
func (l Lang) HelpCommands() string { return l.say("Commands:", "Órdenes:") }
func (l Lang) HelpFlags() string    { return l.say("Flags:", "Opciones:") }
func (l Lang) HelpGlobalFlags() string {
	return l.say("Flags of every command:", "Opciones de toda orden:")
}
func (l Lang) HelpExitCodes() string   { return l.say("Exit codes:", "Códigos de salida:") }
func (l Lang) HelpCommandWord() string { return l.say("COMMAND", "ORDEN") }
func (l Lang) HelpFlagsWord() string   { return l.say("flags", "opciones") }
func (l Lang) HelpShort() string       { return l.say("Help about any command", "Ayuda sobre una orden") }

// ExitCodes is the list that every help ends with.
func (l Lang) ExitCodes() string {
	return l.say(`  0  done, or stopped on request
  1  failed
  2  usage or configuration
  3  stopped, but something had to be killed
  4  stopped, but something is left
  5  a port is taken
  6  already running
  7  not running
  8  running, but not all of it is ready`,
		`  0  hecho, o parado a petición
  1  falló
  2  uso o configuración
  3  parado, pero hubo que matar algo
  4  parado, pero queda algo
  5  un puerto está ocupado
  6  ya está funcionando
  7  no está funcionando
  8  funciona, pero no todo está listo`)
}

// SeeHelp points to a command's help.
func (l Lang) SeeHelp(command string) string {
	return l.say("see `%s --help`", "vea `%s --help`", command)
}

func (l Lang) UnknownCommand(name, meant string) string {
	if meant == "" {
		return l.say("unknown command %q", "orden desconocida %q", name)
	}
	return l.say("unknown command %q; did you mean %q?", "orden desconocida %q; ¿quizá %q?", name, meant)
}

func (l Lang) UnexpectedArgument(arg string) string {
	return l.say("unexpected argument %q", "argumento inesperado %q", arg)
}

func (l Lang) MissingArgument(name string) string {
	return l.say("%s is missing", "falta %s", name)
}

func (l Lang) UnknownFlag(name string) string {
	return l.say("unknown flag %s", "opción desconocida %s", name)
}

func (l Lang) FlagNeedsValue(name string) string {
	return l.say("%s needs a value", "%s necesita un valor", name)
}

func (l Lang) FlagBadValue(name, value string) string {
	return l.say("%s cannot be %q", "%s no puede ser %q", name, value)
}

func (l Lang) FlagDir() string {
	return l.say("the `dir`ectory that holds logs/ and data/ (default: the working directory, or TASKCTL_DIR)",
		"el `dir`ectorio con logs/ y data/ (por defecto: el actual, o TASKCTL_DIR)")
}

func (l Lang) FlagConfig() string {
	return l.say("the settings `file` (default: configs/taskctl.yaml in the directory, if it is there)",
		"el `fichero` de ajustes (por defecto: configs/taskctl.yaml en el directorio, si existe)")
}

func (l Lang) FlagLang() string {
	return l.say("`lang`uage of messages: en or es", "idioma (`lang`) de los mensajes: en o es")
}

func (l Lang) FlagHelp() string { return l.say("this help", "esta ayuda") }

// FlagSetting describes a flag that sets a setting.
func (l Lang) FlagSetting(key, env string) string {
	return l.say("the setting %s (%s)", "el ajuste %s (%s)", key, env)
}

func (l Lang) FlagJSON() string { return l.say("print JSON", "imprime JSON") }

// start

func (l Lang) StartShort() string {
	return l.say("Start everything, prove that it works, and watch over it", "Arranca todo, prueba que funciona, y lo vigila")
}

func (l Lang) StartLong() string {
	return l.say(`Start the notification server, the API and the consumer, each when the one
before is ready; create a test task and see its notification arrive; then
watch over them until Ctrl+C, and take them down in reverse order.

Logs go to logs/, one file a component.`,
		`Arranca el servidor de notificaciones, la API y el consumidor, cada uno cuando
el anterior está listo; crea una tarea de prueba y ve llegar su notificación;
después los vigila hasta Ctrl+C, y los para en orden inverso.

Los registros van a logs/, un fichero por componente.`)
}

func (l Lang) FlagDetach() string {
	return l.say("go on in the background once everything is ready", "sigue en segundo plano cuando todo está listo")
}

func (l Lang) FlagInProcess() string {
	return l.say("run the components as goroutines of one process: a panic ends all of them, none can be killed singly, memory is shared",
		"componentes como gorrutinas de un solo proceso: un pánico acaba con todos, ninguno puede matarse solo, comparten memoria")
}

func (l Lang) FlagNoTestTask() string {
	return l.say("do not create the test task", "no crea la tarea de prueba")
}

// stop

func (l Lang) StopShort() string {
	return l.say("Stop what `start` started", "Para lo que `start` arrancó")
}

func (l Lang) StopLong() string {
	return l.say(`Stop the launcher of the directory and everything it started, and wait until
nothing is left. A launcher that does not answer gets SIGTERM, then SIGKILL.`,
		`Para el lanzador del directorio y todo lo que arrancó, y espera hasta que no
quede nada. Un lanzador que no responde recibe SIGTERM, después SIGKILL.`)
}

func (l Lang) StopNoAnswer(pid int) string {
	return l.say("the launcher (pid %d) does not answer; sending SIGTERM", "el lanzador (pid %d) no responde; se envía SIGTERM", pid)
}

// LauncherSilent says that the launcher takes no part, and what helps. Where its
// control socket is gone, socket names it.
func (l Lang) LauncherSilent(pid int, socket string) string {
	if socket != "" {
		return l.say(
			"the launcher (pid %d) cannot be asked: its control socket %s is gone; `taskctl stop` stops the system all the same",
			"no se puede consultar al lanzador (pid %d): su socket de control %s ya no está; aun así, `taskctl stop` detiene el sistema", pid, socket)
	}
	return l.say("the launcher (pid %d) does not answer; `taskctl stop` ends it", "el lanzador (pid %d) no responde; `taskctl stop` lo para", pid)
}

// StopKilledLauncher says that SIGTERM was not enough.
func (l Lang) StopKilledLauncher(pid int) string {
	return l.say("the launcher (pid %d) had to be killed; what it had started is gone too",
		"hubo que matar al lanzador (pid %d); lo que había arrancado tampoco queda", pid)
}

// StopWaits says on whom a stop waits.
func (l Lang) StopWaits(component string, pid int, since time.Duration) string {
	return l.say("waiting for %s (pid %d), %s so far", "esperando a %s (pid %d), ya %s", component, pid, since.Round(time.Second))
}

// restart

func (l Lang) RestartShort() string {
	return l.say("Restart components, without refusing a connection", "Reinicia componentes, sin rechazar conexiones")
}

func (l Lang) RestartLong() string {
	return l.say(`Restart the named components, or all. The API and the notification server are
replaced while they run: the next generation is ready before the old one
leaves. A component that was given up (failed) gets a new chance.`,
		`Reinicia los componentes nombrados, o todos. La API y el servidor de
notificaciones se reemplazan en marcha: la generación siguiente está lista
antes de que la anterior se vaya. Un componente fallido tiene otra oportunidad.`)
}

func (l Lang) Restarted(name string, pid int) string {
	return l.say("%s restarted (pid %d)", "%s reiniciado (pid %d)", name, pid)
}

// SettingsChanged says that a system does not know what its settings say now.
func (l Lang) SettingsChanged(file string) string {
	return l.say("%s has been changed since; settings are read at the start: taskctl stop, then taskctl start",
		"%s se ha cambiado desde entonces; los ajustes se leen al arrancar: taskctl stop y luego taskctl start", file)
}

func (l Lang) UnknownComponent(name, meant string) string {
	if meant == "" {
		return l.say("there is no component %q", "no hay componente %q", name)
	}
	return l.say("there is no component %q; did you mean %q?", "no hay componente %q; ¿quizá %q?", name, meant)
}

func (l Lang) VersionShort() string {
	return l.say("Print the version", "Imprime la versión")
}

func (l Lang) CompletionShort() string {
	return l.say("Print a completion script for a shell", "Imprime el guion de autocompletado para un intérprete")
}

func (l Lang) CompletionLong() string {
	return l.say(`Print a script that completes taskctl's commands, flags, component names and
task ids in bash, zsh, fish or PowerShell.`,
		`Imprime un guion que completa las órdenes, opciones, componentes e ids de
tareas de taskctl en bash, zsh, fish o PowerShell.`)
}

// config

func (l Lang) ConfigShort() string {
	return l.say("Show, check and document the settings", "Muestra, comprueba y documenta los ajustes")
}

func (l Lang) ConfigShowShort() string {
	return l.say("Show every setting and where its value came from", "Muestra cada ajuste y de dónde viene su valor")
}

func (l Lang) ConfigCheckShort() string {
	return l.say("Check the settings and say what is wrong, with its line", "Comprueba los ajustes y dice qué está mal, con su línea")
}

func (l Lang) ConfigDefaultShort() string {
	return l.say("Print the documented settings file", "Imprime el fichero de ajustes documentado")
}

func (l Lang) ColumnSetting() string { return l.say("SETTING", "AJUSTE") }
func (l Lang) ColumnValue() string   { return l.say("VALUE", "VALOR") }
func (l Lang) ColumnSource() string  { return l.say("FROM", "DE") }

// ConfigGood says that the settings can be used.
func (l Lang) ConfigGood(file string) string {
	if file == "" {
		return l.say("the settings are good (no file; defaults and environment)", "los ajustes son correctos (sin fichero; valores por defecto y entorno)")
	}
	return l.say("the settings are good (%s)", "los ajustes son correctos (%s)", file)
}
