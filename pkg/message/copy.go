package message

// CopyNeedsURL asks for the database to copy to or from.
func (l Lang) CopyNeedsURL(variable string) string {
	return l.say("store copy needs postgres.url (%s)", "store copy necesita postgres.url (%s)", variable)
}

// CopyProgress says how much has been copied in this run.
func (l Lang) CopyProgress(tasks, events, keys int) string {
	return l.say("copied so far; tasks: %d, events: %d, idempotency keys: %d",
		"copiado hasta ahora; tareas: %d, eventos: %d, claves de idempotencia: %d", tasks, events, keys)
}

// CopyDone says what the copy holds.
func (l Lang) CopyDone(to string, tasks, events, keys int, position string) string {
	return l.say("copied and verified; tasks: %[2]d, events: %[3]d, idempotency keys: %[4]d, position: %[5]s. Set store: %[1]s to use the copy",
		"copiado y comprobado; tareas: %[2]d, eventos: %[3]d, claves de idempotencia: %[4]d, posición: %[5]s. Ponga store: %[1]s para usar la copia",
		to, tasks, events, keys, position)
}

// CopyInUse says that a taskctl, on this machine or another, uses the database.
func (l Lang) CopyInUse(server string) string {
	return l.say("a taskctl is connected to PostgreSQL at %s. Stop it on every machine, and repeat the command",
		"hay un taskctl conectado a PostgreSQL en %s. Deténgalo en todas las máquinas y repita el comando", server)
}

// CopySchemaExists says that there is something in the place of the copy.
func (l Lang) CopySchemaExists(schema string) string {
	return l.say("schema %[1]s exists already; nothing was changed. If its content is not needed: DROP SCHEMA %[1]s CASCADE, or choose another postgres.schema",
		"el esquema %[1]s ya existe; no se ha cambiado nada. Si no necesita lo que contiene: DROP SCHEMA %[1]s CASCADE, o elija otro postgres.schema", schema)
}

// CopyFileExists says that there is something in the place of the copy.
func (l Lang) CopyFileExists(path string) string {
	return l.say("%s exists already; nothing was changed. Move it away, or choose another --dir",
		"%s ya existe; no se ha cambiado nada. Muévalo a otro sitio, o elija otro --dir", path)
}

// CopyChanged says that the source was written to meanwhile.
func (l Lang) CopyChanged() string {
	return l.say("the source was changed while it was copied. Stop everything that writes to it, and repeat the command",
		"el origen cambió mientras se copiaba. Detenga todo lo que escribe en él y repita el comando")
}

// CopyDiffers says that the copy is not what the source is.
func (l Lang) CopyDiffers(what string) string {
	return l.say("the copy differs from its source (%s) and was discarded. Repeat the command; if that does not help, check both disks",
		"la copia difiere del origen (%s) y se ha descartado. Repita el comando; si no ayuda, revise ambos discos", what)
}
