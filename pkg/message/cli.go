package message

import "strings"

import "time"

// What the command line says of itself.

// SeeHelp points to a command's help.
func (l Lang) SeeHelp(command string) string {
	return l.say("see `%s --help`", "vea `%s --help`", command)
}

func (l Lang) UnknownCommand(name, meant string) string {
	if meant == "" {
		return l.say("unknown command %q", "comando desconocido %q", name)
	}
	return l.say("unknown command %q; did you mean %q?", "comando desconocido %q; ¿quiso decir %q?", name, meant)
}

func (l Lang) UnexpectedArgument(arg string) string {
	return l.say("unexpected argument %q", "argumento inesperado %q", arg)
}

func (l Lang) MissingArgument(name string) string {
	return l.say("%s is missing", "falta %s", l.Placeholder(name))
}

// Placeholder is the word that stands for a value in a usage line. The commands
// name them in English.
func (l Lang) Placeholder(word string) string {
	if l != Spanish {
		return word
	}
	return strings.NewReplacer("COMPONENT", "COMPONENTE", "FILE", "ARCHIVO", "NAME", "NOMBRE", "TITLE", "TÍTULO").Replace(word)
}

// UnknownFlag says that a command has no such flag; meant is the nearest, or empty.
func (l Lang) UnknownFlag(name, meant string) string {
	if meant == "" {
		return l.say("unknown flag %s", "opción desconocida %s", name)
	}
	return l.say("unknown flag %s; did you mean %s?", "opción desconocida %s; ¿quiso decir %s?", name, meant)
}

func (l Lang) FlagNeedsValue(name string) string {
	return l.say("%s needs a value", "%s necesita un valor", name)
}

func (l Lang) FlagBadValue(name, value string) string {
	return l.say("%s cannot be %q", "%s no puede ser %q", name, value)
}

// FlagNotPosition says that a flag needs a position in the event log.
func (l Lang) FlagNotPosition(name, value string) string {
	return l.say("%s takes a position, EPOCH:SEQ or SEQ, not %q", "%s admite una posición, EPOCH:SEQ o SEQ, no %q", name, value)
}

func (l Lang) FlagJSON() string { return l.say("print JSON", "muestra JSON") }

// start

// stop

func (l Lang) StopNoAnswer(pid int) string {
	return l.say("the launcher (pid %d) does not answer; sending SIGTERM", "el lanzador (pid %d) no responde; se envía SIGTERM", pid)
}

// LauncherSilent says that the launcher does not answer, and what helps. If its
// control socket is gone, socket names it.
func (l Lang) LauncherSilent(pid int, socket string) string {
	if socket != "" {
		return l.say(
			"the launcher (pid %d) cannot be reached: its control socket %s is missing; `taskctl stop` still stops the system",
			"no se puede contactar con el lanzador (pid %d): falta su socket de control %s; aun así, `taskctl stop` detiene el sistema", pid, socket)
	}
	return l.say("the launcher (pid %d) does not answer; `taskctl stop` stops it", "el lanzador (pid %d) no responde; `taskctl stop` lo detiene", pid)
}

// StopKilledLauncher says that SIGTERM was not enough.
func (l Lang) StopKilledLauncher(pid int) string {
	return l.say("the launcher (pid %d) had to be killed; the processes that it had started have ended too",
		"hubo que matar al lanzador (pid %d); los procesos que había arrancado también han terminado", pid)
}

// StopWaits says which component a stop waits for.
func (l Lang) StopWaits(component string, pid int, since time.Duration) string {
	return l.say("waiting for %s (pid %d), %s so far", "esperando a %s (pid %d) desde hace %s", component, pid, since.Round(time.Second))
}

// restart

func (l Lang) Restarted(name string, pid int) string {
	return l.say("%s restarted (pid %d)", "%s reiniciado (pid %d)", name, pid)
}

// ComponentStarted says that a component runs.
func (l Lang) ComponentStarted(name string, pid int) string {
	return l.say("%s started (pid %d)", "%s arrancado (pid %d)", name, pid)
}

// ComponentDone says that a component has run to its end.
func (l Lang) ComponentDone(name string) string { return l.say("%s done", "%s terminado", name) }

// ComponentStopped says that a component does not run any more.
func (l Lang) ComponentStopped(name string) string { return l.say("%s stopped", "%s detenido", name) }

// ReloadNothing says that a reload had nothing to do.
func (l Lang) ReloadNothing() string { return l.say("nothing has changed", "no ha cambiado nada") }

// ReloadUpdated says that changed settings apply to a component without a restart.
func (l Lang) ReloadUpdated(name string) string {
	return l.say("%s has new settings, without a restart", "%s tiene nuevos ajustes, sin reiniciarse", name)
}

// ReloadNextStart says which settings a reload does not apply.
func (l Lang) ReloadNextStart(keys []string) string {
	return l.say("these take effect at the next start of the system: %s", "estos tendrán efecto en el próximo arranque del sistema: %s",
		strings.Join(keys, ", "))
}

// SettingsChanged says that the settings file is newer than what the system has read of it.
func (l Lang) SettingsChanged(file string) string {
	return l.say("%s was changed after the start; `taskctl reload` applies the changes of components",
		"%s se cambió después del arranque; `taskctl reload` aplica los cambios de los componentes", file)
}

// BinaryReplaced says that the system runs another program than the one on disk.
func (l Lang) BinaryReplaced(path, at string) string {
	return l.say("%s was replaced (the new file is from %s), but the running system still uses the old program; `taskctl stop` and `taskctl start` switch to the new one",
		"%s fue reemplazado (el archivo nuevo es del %s), pero el sistema en marcha aún usa el programa anterior; `taskctl stop` y `taskctl start` cambian al nuevo", path, at)
}

// UnknownComponent says that no component has a name, which one was probably meant,
// if any, and which there are.
func (l Lang) UnknownComponent(name, meant string, known []string) string {
	text := l.say("there is no component %q", "no hay ningún componente %q", name)
	if meant != "" {
		text += l.say("; did you mean %q?", "; ¿quiso decir %q?", meant)
	}
	return text + l.say(" (components: %s)", " (componentes: %s)", strings.Join(known, ", "))
}

// config

func (l Lang) ColumnSetting() string { return l.say("SETTING", "AJUSTE") }
func (l Lang) ColumnValue() string   { return l.say("VALUE", "VALOR") }
func (l Lang) ColumnSource() string  { return l.say("FROM", "ORIGEN") }

// ConfigGood says that the settings can be used.
func (l Lang) ConfigGood(file string) string {
	if file == "" {
		return l.say("the settings are valid (no file; defaults and environment)", "los ajustes son válidos (sin archivo; valores por defecto y entorno)")
	}
	return l.say("the settings are valid (%s)", "los ajustes son válidos (%s)", file)
}
