package message

import "strings"

// BackupPostgres says how to back up the other store.
func (l Lang) BackupPostgres() string {
	return l.say(
		"this command is for store: sqlite. With store: postgres, use pg_dump and pg_restore, or taskctl store copy --to sqlite",
		"este comando es para store: sqlite. Con store: postgres, use pg_dump y pg_restore, o taskctl store copy --to sqlite")
}

// BackupExists says that the file of a backup is there already.
func (l Lang) BackupExists(file string) string {
	return l.say("%s exists already; nothing was written. Choose another name", "%s ya existe; no se ha escrito nada. Elija otro nombre", file)
}

// NoDatabase says that there is no file at the path.
func (l Lang) NoDatabase(path string) string {
	return l.say("there is no database at %s", "no hay ninguna base de datos en %s", path)
}

// BackupNotRegular says that a backup is not a regular file. The kind is that of
// [Lang.NotRegular].
func (l Lang) BackupNotRegular(file, kind string) string {
	return l.say("%s is a %s; name the file of a backup", "%s es %s; indique el archivo de una copia", file, l.fileKind(kind))
}

// BackupDone says what a backup contains.
func (l Lang) BackupDone(file string, tasks int64, position, size string) string {
	return l.say("backed up and verified: %s, %s, position %s, %s", "copia hecha y comprobada: %s, %s, posición %s, %s",
		file, l.tasks(tasks), position, size)
}

// RestoreDone says what the database contains now.
func (l Lang) RestoreDone(file string, tasks int64, position string) string {
	return l.say("restored and verified: %s, %s, from position %s. Clients will be told to read all tasks again",
		"copia restaurada y comprobada: %s, %s, desde la posición %s. Se dirá a los clientes que vuelvan a leer todas las tareas",
		file, l.tasks(tasks), position)
}

// ImportUnreadable says why the file of an import cannot be read.
func (l Lang) ImportUnreadable(file string, err error) string {
	return l.say("%s cannot be read: %s", "no se puede leer %s: %s", file, l.FileCause(err))
}

// ImportCounts is what became of the lines of a file.
type ImportCounts struct{ Added, Changed, Unchanged, Bad int }

// ImportDryRun says what an import would do.
func (l Lang) ImportDryRun(c ImportCounts) string {
	return l.say("nothing was changed; an import would add %s, change %d, leave %d unchanged and skip %s",
		"no se ha cambiado nada; la importación añadiría %s, cambiaría %d, dejaría %d sin cambios y omitiría %s",
		l.tasks(int64(c.Added)), c.Changed, c.Unchanged, l.lines(int64(c.Bad)))
}

// ImportDone says what an import has done.
func (l Lang) ImportDone(c ImportCounts) string {
	return l.say("imported; added: %d, changed: %d, unchanged: %d, lines skipped: %d",
		"importación terminada; tareas añadidas: %d, cambiadas: %d, sin cambios: %d, líneas omitidas: %d",
		c.Added, c.Changed, c.Unchanged, c.Bad)
}

// ImportBadLine names a line that is not a task; fault is a taskfile.Fault.
func (l Lang) ImportBadLine(line int, fault, field, value string) string {
	return l.say("line %d: %s", "línea %d: %s", line, l.lineFault(fault, field, value))
}

func (l Lang) lineFault(fault, field, value string) string {
	switch fault {
	case "syntax":
		return l.say("it is not JSON", "no es JSON")
	case "not_object":
		return l.say("it is not a JSON object", "no es un objeto JSON")
	case "type":
		return l.say("%s has a value of the wrong type", "%s tiene un valor de tipo incorrecto", field)
	case "unknown_field":
		return l.say("a task has no field %q", "una tarea no tiene ningún campo %q", field)
	case "repeated":
		return l.say("%s appears twice", "%s aparece dos veces", field)
	case "id":
		return l.say("id must be a UUID, not %q", "id debe ser un UUID, no %q", value)
	case "same_id":
		return l.say("the task on line %s has the same id", "la tarea de la línea %s tiene el mismo id", value)
	case "time":
		return l.say("%s must be a time such as 2026-01-31T12:00:00Z, not %q", "%s debe ser una hora como 2026-01-31T12:00:00Z, no %q", field, value)
	case "bool":
		return l.say("%s must be true or false, not %q", "%s debe ser true o false, no %q", field, value)
	case "empty":
		return l.say("%s must have a visible character", "%s debe tener algún carácter visible", field)
	case "too_long":
		return l.say("%s must have at most %s characters", "%s debe tener como mucho %s caracteres", field, value)
	case "nul":
		return l.say("%s contains the NUL character", "%s contiene el carácter NUL", field)
	case "order":
		return l.say("updated_at is before created_at", "updated_at es anterior a created_at")
	case "columns":
		return l.say("it has %s fields, but the header has a different number", "tiene %s campos, pero la cabecera tiene otro número", value)
	case "quote":
		return l.say("a quotation mark is missing or misplaced", "faltan unas comillas o están mal puestas")
	case "line_too_long":
		return l.say("it is longer than %s bytes", "tiene más de %s bytes", value)
	}
	return l.say("it is not UTF-8", "no es UTF-8")
}

// ImportBadHeader says why a CSV file cannot be read; fault is a taskfile.HeaderFault.
func (l Lang) ImportBadHeader(fault, column string, columns []string) string {
	all := strings.Join(columns, ", ")
	switch fault {
	case "missing":
		return l.say("line 1: the header has no column %q; the columns are %s", "línea 1: a la cabecera le falta la columna %q; las columnas son %s", column, all)
	case "repeated":
		return l.say("line 1: the header has the column %q twice; the columns are %s", "línea 1: la cabecera tiene la columna %q dos veces; las columnas son %s", column, all)
	}
	return l.say("line 1: the header has the unknown column %q; the columns are %s", "línea 1: la cabecera tiene la columna desconocida %q; las columnas son %s", column, all)
}

// ImportNothing says that nothing was imported, because some lines are not tasks.
func (l Lang) ImportNothing(bad int) string {
	return l.say("nothing was imported; lines that are not tasks: %d. Correct them, or import the others with --skip-bad",
		"no se ha importado nada; líneas que no son tareas: %d. Corríjalas, o importe las demás con --skip-bad", bad)
}

// ImportNotNotified says that clients receive the imported tasks later than usual.
func (l Lang) ImportNotNotified(cause string) string {
	return l.say("the notification server could not be notified of the import (%s); clients receive it within a few seconds",
		"no se ha podido avisar al servidor de notificaciones de la importación (%s); los clientes la recibirán en unos segundos", cause)
}
