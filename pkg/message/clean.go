package message

import "strings"

func (l Lang) LogsShort() string {
	return l.say("Show the logs of the components", "Muestra los registros de los componentes")
}

func (l Lang) LogsLong() string {
	return l.say(`Show what the components printed, all of them merged by time or only the named
ones. With -f it goes on through rotation, cleaning and restarts.`,
		`Muestra lo que imprimieron los componentes, todos mezclados por tiempo o solo
los nombrados. Con -f sigue a través de rotaciones, limpiezas y reinicios.`)
}

func (l Lang) FlagFollow() string {
	return l.say("go on with what is written", "sigue con lo que se escriba")
}

func (l Lang) FlagLines() string {
	return l.say("only the last `N` lines", "solo las últimas `N` líneas")
}

func (l Lang) FlagSince() string {
	return l.say("only what is not older than this `AGE`: 10m, 2h, 7d", "solo lo que no sea más viejo que `EDAD`: 10m, 2h, 7d")
}

// LogsNone says where logs were looked for in vain: those of the components that
// were named, or any where none was.
func (l Lang) LogsNone(dir string, names ...string) string {
	if len(names) == 0 {
		return l.say("there are no logs in %s", "no hay registros en %s", dir)
	}
	return l.say("there are no logs of %s in %s", "no hay registros de %s en %s", strings.Join(names, ", "), dir)
}

func (l Lang) CleanShort() string {
	return l.say("Empty, delete and tidy up log files", "Vacía, borra y ordena ficheros de registro")
}

func (l Lang) CleanLong() string {
	return l.say(`Show which log files there are: the current ones, rotated ones, and strays
outside logs/. Then ask what to do: empty the current ones, delete the rotated
ones, move the strays into logs/. It is safe while the system runs. Cancelled,
it changes nothing.`,
		`Muestra qué ficheros de registro hay: los actuales, los rotados, y los sueltos
fuera de logs/. Después pregunta qué hacer: vaciar los actuales, borrar los
rotados, mover los sueltos a logs/. Es seguro con el sistema en marcha.
Cancelado, no cambia nada.`)
}

func (l Lang) FlagYes() string {
	return l.say("do all of it without asking", "lo hace todo sin preguntar")
}

func (l Lang) FlagDryRun() string {
	return l.say("only say what would be done", "solo dice qué se haría")
}

func (l Lang) FlagOlderThan() string {
	return l.say("only files last changed longer ago than this `AGE`: 12h, 7d", "solo ficheros sin cambios desde hace más de `EDAD`: 12h, 7d")
}

func (l Lang) FlagRotatedOnly() string {
	return l.say("only delete rotated files", "solo borra ficheros rotados")
}

func (l Lang) CleanCurrent() string {
	return l.say("current log files", "ficheros de registro actuales")
}

func (l Lang) CleanRotated() string {
	return l.say("rotated log files", "ficheros de registro rotados")
}

func (l Lang) CleanStrays() string {
	return l.say("log files outside logs/", "ficheros de registro fuera de logs/")
}

func (l Lang) CleanForeign() string {
	return l.say("other log files (never touched)", "otros ficheros de registro (no se tocan)")
}

// CleanNothing says that there is nothing to clean.
func (l Lang) CleanNothing() string {
	return l.say("there is nothing to clean", "no hay nada que limpiar")
}

func (l Lang) CleanAskEmpty(n int, size string) string {
	return l.say("Empty the %d current log files (%s)?", "¿Vaciar los %d ficheros actuales (%s)?", n, size)
}

func (l Lang) CleanAskDelete(n int, size string) string {
	return l.say("Delete the %d rotated log files (%s)?", "¿Borrar los %d ficheros rotados (%s)?", n, size)
}

func (l Lang) CleanAskMove(n int) string {
	return l.say("Move the %d strays into logs/?", "¿Mover los %d sueltos a logs/?", n)
}

// CleanChoices is what a question can be answered with; the first letters are
// read as y, n and q, or in Spanish s, n and q.
func (l Lang) CleanChoices() string { return l.say("[y/N/q]", "[s/N/q]") }

// CleanYesLetter is the answer that means yes.
func (l Lang) CleanYesLetter() string { return l.say("y", "s") }

func (l Lang) CleanCancelled() string {
	return l.say("cancelled; nothing was changed", "cancelado; no se cambió nada")
}

func (l Lang) CleanNeedsAnswer() string {
	return l.say("nobody can answer here: use --yes, or --dry-run", "aquí nadie puede responder: use --yes, o --dry-run")
}

func (l Lang) CleanWould() string { return l.say("would be done:", "se haría:") }

// CleanEmpty, CleanDelete and CleanMove follow CleanWould.
func (l Lang) CleanEmpty(path, size string) string {
	return l.say("empty   %s  (%s)", "vaciar  %s  (%s)", path, size)
}

func (l Lang) CleanDelete(path, size string) string {
	return l.say("delete  %s  (%s)", "borrar  %s  (%s)", path, size)
}

func (l Lang) CleanMove(from, to string) string {
	return l.say("move    %s → %s", "mover   %s → %s", from, to)
}

func (l Lang) CleanEmptied(path, size string) string {
	return l.say("emptied  %s  (%s)", "vaciado  %s  (%s)", path, size)
}

func (l Lang) CleanDeleted(path, size string) string {
	return l.say("deleted  %s  (%s)", "borrado  %s  (%s)", path, size)
}

func (l Lang) CleanMoved(from, to string) string {
	return l.say("moved    %s → %s", "movido   %s → %s", from, to)
}

// CleanFreed tells what the cleaning came to.
func (l Lang) CleanFreed(size string) string { return l.say("freed %s", "liberado: %s", size) }

// CleanWouldFree tells what it would come to.
func (l Lang) CleanWouldFree(size string) string {
	return l.say("would free %s", "se liberaría: %s", size)
}
