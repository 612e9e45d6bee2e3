package message

func (l Lang) ColumnDone() string    { return l.say("DONE", "HECHA") }
func (l Lang) ColumnCreated() string { return l.say("CREATED", "CREADA") }
func (l Lang) ColumnChanged() string { return l.say("CHANGED", "CAMBIADA") }
func (l Lang) ColumnTitle() string   { return l.say("TITLE", "TÍTULO") }

// YesNo is yes or no.
func (l Lang) YesNo(yes bool) string {
	if yes {
		return l.say("yes", "sí")
	}
	return l.say("no", "no")
}

// FlagsExclude says that two flags contradict each other.
func (l Lang) FlagsExclude(one, other string) string {
	return l.say("%s cannot be used together with %s", "%s no se puede usar junto con %s", one, other)
}

// TaskNone is said when a list is empty.
func (l Lang) TaskNone() string { return l.say("no tasks", "no hay tareas") }

// TaskMore is said when a list ends before the tasks do.
func (l Lang) TaskMore(shown int) string {
	return l.say("only the newest %d are listed; use --limit N or --all to list more", "solo se muestran las %d más nuevas; use --limit N o --all para ver más", shown)
}

func (l Lang) TaskTitleEmpty() string {
	return l.say("the title must not be empty", "el título no puede estar vacío")
}

func (l Lang) TaskTitleLong(length, limit int) string {
	return l.say("the title has %d characters; at most %d are allowed", "el título tiene %d caracteres; puede tener como máximo %d", length, limit)
}

func (l Lang) TaskDescriptionLong(limit int) string {
	return l.say("the description may have at most %d characters", "la descripción puede tener como máximo %d caracteres", limit)
}

func (l Lang) TaskNothingToEdit() string {
	return l.say("nothing to change: use --title, --description or --completed", "nada que cambiar: use --title, --description o --completed")
}

// TaskUnknown says that no task has such an id.
func (l Lang) TaskUnknown(id string) string {
	return l.say("there is no task %s", "no hay ninguna tarea %s", id)
}

// TaskAmbiguous heads the candidates for a shortened id.
func (l Lang) TaskAmbiguous(part string) string {
	return l.say("the ids of several tasks begin or end with %[1]s; write more of the id:",
		"los ids de varias tareas empiezan por %[1]s o terminan en %[1]s; escriba más caracteres del id:", part)
}

// TaskChanged says that someone else changed the task first.
func (l Lang) TaskChanged() string {
	return l.say("the task was changed by someone else in the meantime, so nothing was written; look at it and try again",
		"otra persona cambió la tarea mientras tanto, así que no se escribió nada; revísela y pruebe otra vez")
}

// APIRefused gives the API's reason for refusing a request.
func (l Lang) APIRefused(reason string) string {
	return l.say("the API refuses the request: %s", "la API rechaza la petición: %s", reason)
}

// APIForeign says that something else answers at the address of the API.
func (l Lang) APIForeign(url string, status int) string {
	return l.say("another program answers at %s, not taskctl (HTTP %d); --api-addr or TASKCTL_API_ADDR name another address, `taskctl doctor` says whose port it is",
		"en %s responde otro programa, no taskctl (HTTP %d); --api-addr o TASKCTL_API_ADDR indican otra dirección, `taskctl doctor` dice de quién es el puerto", url, status)
}

// APINeedsToken says which setting holds the token that the API asks for.
func (l Lang) APINeedsToken(key, env string) string {
	return l.say("the API needs a valid token: set %s or %s", "la API necesita un token válido: defina %s o %s", key, env)
}

// APIBusy says that a later try may succeed.
func (l Lang) APIBusy(reason string) string {
	return l.say("the API cannot handle the request now (%s); try again later", "la API no puede atender la petición ahora (%s); pruebe más tarde", reason)
}

// URLForeign is APIForeign for a URL of the command line.
func (l Lang) URLForeign(flag, url string, status int) string {
	return l.say("another program answers at %[2]s, not taskctl (HTTP %[3]d); check the URL after %[1]s",
		"en %[2]s responde otro programa, no taskctl (HTTP %[3]d); revise la URL de %[1]s", flag, url, status)
}

// URLUnreachable is APIUnreachable for a URL of the command line.
func (l Lang) URLUnreachable(url, cause string) string {
	return l.say("no answer from the API at %s (%s); check the URL after --url, and whether taskctl runs there",
		"la API no responde en %s (%s); revise la URL de --url y si taskctl está en marcha allí", url, cause)
}

// APIUnreachable says that the API does not answer and what to do about it.
func (l Lang) APIUnreachable(url, cause string, running bool) string {
	if running {
		return l.say("no answer from the API at %s (%s); `taskctl status` and `taskctl why api` show why",
			"la API no responde en %s (%s); `taskctl status` y `taskctl why api` muestran por qué", url, cause)
	}
	return l.say("no answer from the API at %s (%s); --api-addr or TASKCTL_API_ADDR name another address",
		"la API no responde en %s (%s); --api-addr o TASKCTL_API_ADDR indican otra dirección", url, cause)
}
