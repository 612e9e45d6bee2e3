package message

import "time"

// DatabaseCorrupt: the file is damaged.
func (l Lang) DatabaseCorrupt(path string) string {
	return l.say(
		"the database %s is damaged; nothing was changed. Put a backup in its place, or move the file away to start with an empty one",
		"la base de datos %s está dañada; no se ha cambiado nada. Ponga una copia de seguridad en su lugar, o mueva el archivo a otro sitio para empezar con una vacía",
		path)
}

// DatabaseNotOne: the file is something else.
func (l Lang) DatabaseNotOne(path string) string {
	return l.say(
		"%s is not a database, or is damaged; nothing was changed. Move it away to start with an empty one",
		"%s no es una base de datos, o está dañado; no se ha cambiado nada. Muévalo a otro sitio para empezar con una vacía",
		path)
}

// DatabaseForeign: the file belongs to another program.
func (l Lang) DatabaseForeign(path string) string {
	return l.say(
		"%s is the database of another program; nothing was changed. Move it away, or choose another --dir",
		"%s es la base de datos de otro programa; no se ha cambiado nada. Muévala a otro sitio, o elija otro --dir",
		path)
}

// DatabaseNewer: a newer taskctl wrote the file.
func (l Lang) DatabaseNewer(path string) string {
	return l.say(
		"the database %s was written by a newer taskctl; nothing was changed. Run that version, or put an older backup in its place",
		"la base de datos %s fue escrita por un taskctl más nuevo; no se ha cambiado nada. Use esa versión, o ponga una copia de seguridad anterior en su lugar",
		path)
}

// DatabaseReadOnly: the file or its directory cannot be written.
func (l Lang) DatabaseReadOnly(path string) string {
	return l.say(
		"the database %s cannot be written. Give this user permission to write the file and its directory, or choose another place with --dir",
		"no se puede escribir en la base de datos %s. Dé permiso de escritura a este usuario sobre el archivo y su directorio, o elija otro lugar con --dir",
		path)
}

// DatabaseFull: no space is left to create the file.
func (l Lang) DatabaseFull(path string) string {
	return l.say(
		"there is no space left on the disk for the database %s. Free some space, or choose another --dir",
		"no queda espacio en el disco para la base de datos %s. Libere espacio, o elija otro --dir",
		path)
}

// DatabaseUnusable: the file cannot be opened, for a reason of the system's.
func (l Lang) DatabaseUnusable(path string, err error) string {
	return l.say(
		"the database %s cannot be opened: %v",
		"no se puede abrir la base de datos %s: %v",
		path, err)
}

// DatabaseRemoved: a file of the database is gone while it is in use.
func (l Lang) DatabaseRemoved(path string) string {
	return l.say(
		"%s was removed or renamed while taskctl was using it; nothing is served from it until it is opened again",
		"%s se eliminó o cambió de nombre mientras taskctl lo usaba; no se sirve nada de él hasta que se vuelva a abrir",
		path)
}

// DatabaseReplaced: a file of the database was replaced while it is in use.
func (l Lang) DatabaseReplaced(path string) string {
	return l.say(
		"%s was replaced by another file, or overwritten, while taskctl was using it; nothing is served from it until it is opened again. To put back a backup: taskctl stop, taskctl restore FILE, taskctl start",
		"%s se sustituyó por otro archivo, o se sobrescribió, mientras taskctl lo usaba; no se sirve nada de él hasta que se vuelva a abrir. Para recuperar una copia: taskctl stop, taskctl restore ARCHIVO, taskctl start",
		path)
}

// HistoryLost says that a database lacks events that were acknowledged: had and has
// are positions.
func (l Lang) HistoryLost(had, has string, when time.Time) string {
	at := when.Local().Format(time.DateTime)
	return l.say(
		"Acknowledged tasks may be lost: the database had reached %s, and was found at %s on %s. An older copy may have been put in its place, or the file was damaged; clients have been told to read all tasks again",
		"Pueden faltar tareas confirmadas: la base de datos había llegado a %s y se encontró en %s el %s. Puede que se pusiera una copia anterior en su lugar, o que el archivo se dañara; se ha avisado a los clientes de que vuelvan a leer todas las tareas",
		had, has, at)
}
