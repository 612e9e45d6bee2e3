package message

import "strings"

// LogsNone says where no logs were found: those of the named components, or any.
func (l Lang) LogsNone(dir string, names ...string) string {
	if len(names) == 0 {
		return l.say("there are no logs in %s", "no hay registros en %s", dir)
	}
	return l.say("there are no logs of %s in %s", "no hay registros de %s en %s", strings.Join(names, ", "), dir)
}

// LogsLegend explains the mark between a component and its text.
func (l Lang) LogsLegend() string {
	return l.say("local times;  | standard output  ! standard error", "hora local;  | salida estándar  ! salida de errores")
}

func (l Lang) CleanCurrent() string {
	return l.say("current log files", "archivos de registro actuales")
}

func (l Lang) CleanRotated() string {
	return l.say("rotated log files", "archivos de registro rotados")
}

func (l Lang) CleanStrays() string {
	return l.say("log files outside logs/", "archivos de registro fuera de logs/")
}

func (l Lang) CleanForeign() string {
	return l.say("other log files (never touched)", "otros archivos de registro (no se tocan)")
}

// CleanNothing says that there is nothing to clean.
func (l Lang) CleanNothing() string {
	return l.say("there is nothing to clean", "no hay nada que limpiar")
}

func (l Lang) CleanAskEmpty(n int, size string) string {
	return l.say("Empty %s (%s)?", "¿Vaciar %s (%s)?",
		l.count(int64(n), noun{"current log file", "current log files"}, noun{"archivo actual", "archivos actuales"}), size)
}

func (l Lang) CleanAskDelete(n int, size string) string {
	return l.say("Delete %s (%s)?", "¿Borrar %s (%s)?",
		l.count(int64(n), noun{"rotated log file", "rotated log files"}, noun{"archivo rotado", "archivos rotados"}), size)
}

func (l Lang) CleanAskMove(n int) string {
	return l.say("Move %s into logs/?", "¿Mover %s a logs/?",
		l.count(int64(n), noun{"log file from outside", "log files from outside"}, noun{"archivo de fuera", "archivos de fuera"}))
}

// CleanChoices is what a question can be answered with; the first letters are
// read as y, n and q, or in Spanish s, n and q.
func (l Lang) CleanChoices() string { return l.say("[y/N/q]", "[s/N/q]") }

// CleanYesLetter is the answer that means yes.
func (l Lang) CleanYesLetter() string { return l.say("y", "s") }

func (l Lang) CleanCancelled() string {
	return l.say("cancelled; nothing was changed", "cancelado; no se ha cambiado nada")
}

func (l Lang) CleanNeedsAnswer() string {
	return l.say("standard input is not a terminal, so no question can be asked: use --yes, or --dry-run", "la entrada estándar no es una terminal y no se puede preguntar: use --yes, o --dry-run")
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

// CleanFreed tells how much space was freed.
func (l Lang) CleanFreed(size string) string { return l.say("freed %s", "liberado: %s", size) }

// CleanWouldFree tells how much space would be freed.
func (l Lang) CleanWouldFree(size string) string {
	return l.say("would free %s", "se liberaría: %s", size)
}

// CleanJSONAsksNothing says that JSON is for programs, which are not asked.
func (l Lang) CleanJSONAsksNothing() string {
	return l.say("--json needs --yes or --dry-run, because it asks nothing", "--json requiere --yes o --dry-run, porque no pregunta nada")
}
