package message

// TaskShort and the others below describe `taskctl task` and its commands.
func (l Lang) TaskShort() string {
	return l.say("List, add, change and remove tasks", "Lista, añade, cambia y borra tareas")
}

func (l Lang) TaskLong() string {
	return l.say(`A client of the API for people and scripts. It finds the system that runs in
the directory, whatever its port; else it asks at api.addr. An id may be
shortened as long as only one task's id begins so.`,
		`Un cliente de la API para personas y guiones. Encuentra el sistema que funciona
en el directorio, sea cual sea su puerto; si no, pregunta en api.addr. Un id
puede abreviarse mientras solo el de una tarea empiece así.`)
}

func (l Lang) TaskListShort() string {
	return l.say("List tasks, newest first", "Lista las tareas, la más nueva primero")
}

func (l Lang) TaskListLong() string {
	return l.say(`List tasks, newest first: a table, the ids alone (-q), or an array with one
task a line (--json).`,
		`Lista las tareas, la más nueva primero: una tabla, solo los ids (-q), o una
lista JSON con una tarea por línea (--json).`)
}

func (l Lang) TaskGetShort() string { return l.say("Show one task", "Muestra una tarea") }

func (l Lang) TaskAddShort() string {
	return l.say("Add a task and print its id", "Añade una tarea e imprime su id")
}

func (l Lang) TaskAddLong() string {
	return l.say(`Add a task and print its id once the task is on disk. A title is one argument:
quote it. After --, one may begin with a dash.`,
		`Añade una tarea e imprime su id cuando la tarea está en disco. El título es un
solo argumento: póngalo entre comillas. Tras --, puede empezar con un guion.`)
}

func (l Lang) TaskEditShort() string { return l.say("Change a task", "Cambia una tarea") }

func (l Lang) TaskEditLong() string {
	return l.say(`Change what the flags name, leave the rest, and print the task's id. Nothing is
written if somebody else changes the task in the meantime.`,
		`Cambia lo que nombran las opciones, deja el resto, e imprime el id de la tarea.
No se escribe nada si alguien cambia la tarea mientras tanto.`)
}

func (l Lang) TaskDoneShort() string {
	return l.say("Mark tasks as completed", "Marca tareas como completadas")
}

func (l Lang) TaskRmShort() string { return l.say("Remove tasks", "Borra tareas") }

// TaskIDsLong says what ids may look like.
func (l Lang) TaskIDsLong() string {
	return l.say("An id may be shortened as long as only one task's id begins so.",
		"Un id puede abreviarse mientras solo el de una tarea empiece así.")
}

func (l Lang) FlagTaskLimit() string {
	return l.say("at most `N` tasks (default: 100)", "como mucho `N` tareas (por defecto: 100)")
}

func (l Lang) FlagTaskAll() string { return l.say("all tasks", "todas las tareas") }

func (l Lang) FlagTaskOpen() string {
	return l.say("only tasks that are not completed", "solo tareas sin completar")
}

func (l Lang) FlagTaskDone() string {
	return l.say("only completed tasks", "solo tareas completadas")
}

func (l Lang) FlagTaskListCompleted() string {
	return l.say("only tasks that are so: `true` or false", "solo tareas que estén así: `true` o false")
}

func (l Lang) FlagTaskSearch() string {
	return l.say("only tasks whose title or description contains `TEXT`", "solo tareas cuyo título o descripción contenga `TEXTO`")
}

func (l Lang) FlagTaskQuiet() string {
	return l.say("only the ids, one a line", "solo los ids, uno por línea")
}

func (l Lang) FlagTaskTitle() string {
	return l.say("the new title, `TEXT`", "el título nuevo, `TEXTO`")
}

func (l Lang) FlagTaskDescription() string {
	return l.say("the description, `TEXT`; - reads it from the standard input", "la descripción, `TEXTO`; - la lee de la entrada estándar")
}

func (l Lang) FlagTaskCompleted() string {
	return l.say("`true` or false", "`true` o false")
}

func (l Lang) FlagTaskUndo() string {
	return l.say("mark them as not completed instead", "las marca como no completadas")
}

func (l Lang) ColumnDone() string    { return l.say("DONE", "HECHA") }
func (l Lang) ColumnCreated() string { return l.say("CREATED", "CREADA") }
func (l Lang) ColumnChanged() string { return l.say("CHANGED", "CAMBIADA") }
func (l Lang) ColumnTitle() string   { return l.say("TITLE", "TÍTULO") }

// YesNo is the word for a truth.
func (l Lang) YesNo(yes bool) string {
	if yes {
		return l.say("yes", "sí")
	}
	return l.say("no", "no")
}

// FlagsExclude says that two flags contradict each other.
func (l Lang) FlagsExclude(one, other string) string {
	return l.say("%s does not go with %s", "%s no va con %s", one, other)
}

// TaskNone is said when a list is empty.
func (l Lang) TaskNone() string { return l.say("no tasks", "no hay tareas") }

// TaskMore is said when a list ends before the tasks do.
func (l Lang) TaskMore(shown int) string {
	return l.say("the newest %d; --limit N or --all shows more", "las %d más nuevas; --limit N o --all muestra más", shown)
}

func (l Lang) TaskTitleEmpty() string {
	return l.say("the title must not be empty", "el título no puede estar vacío")
}

func (l Lang) TaskTitleLong(length, limit int) string {
	return l.say("the title has %d characters; at most %d are allowed", "el título tiene %d caracteres; como mucho puede tener %d", length, limit)
}

func (l Lang) TaskDescriptionLong(limit int) string {
	return l.say("the description may have at most %d characters", "la descripción puede tener como mucho %d caracteres", limit)
}

func (l Lang) TaskNothingToEdit() string {
	return l.say("nothing to change: give --title, --description or --completed", "nada que cambiar: use --title, --description o --completed")
}

// TaskUnknown says that no task has an id, or one that begins so.
func (l Lang) TaskUnknown(id string) string {
	return l.say("there is no task %s", "no hay ninguna tarea %s", id)
}

// TaskAmbiguous heads the candidates for a shortened id.
func (l Lang) TaskAmbiguous(prefix string) string {
	return l.say("several tasks begin with %s; give more of the id:", "varias tareas empiezan por %s; escriba más del id:", prefix)
}

// TaskChanged says that somebody else was faster.
func (l Lang) TaskChanged() string {
	return l.say("the task was changed by somebody else in the meantime; nothing was written, look at it and try again",
		"otra persona cambió la tarea mientras tanto; no se ha escrito nada, mírela y pruebe otra vez")
}

// APIRefused gives the API's own words on a request that it will not have.
func (l Lang) APIRefused(reason string) string {
	return l.say("the API refuses it: %s", "la API lo rechaza: %s", reason)
}

// APINeedsToken says which setting lets one in.
func (l Lang) APINeedsToken(key, env string) string {
	return l.say("the API does not accept the token, or asks for one; set %s or %s", "la API no acepta el token, o pide uno; defina %s o %s", key, env)
}

// APIBusy says that it is worth trying again.
func (l Lang) APIBusy(reason string) string {
	return l.say("the API cannot do it now (%s); try again", "la API no puede hacerlo ahora (%s); pruebe otra vez", reason)
}

// APIUnreachable says that nobody answers and what to do about it.
func (l Lang) APIUnreachable(url, cause, dir string, running bool) string {
	if running {
		return l.say("no answer from the API at %s (%s); `taskctl status` and `taskctl why api` tell more",
			"la API no responde en %s (%s); `taskctl status` y `taskctl why api` dicen más", url, cause)
	}
	return l.say(`no answer from the API at %s (%s); is taskctl running?
Nothing runs in %s: `+"`taskctl start --detach`"+` starts it there; --dir names
another directory, --api-addr or TASKCTL_API_ADDR another address.`,
		`la API no responde en %s (%s); ¿está taskctl en marcha?
Nada funciona en %s: `+"`taskctl start --detach`"+` lo arranca ahí; --dir nombra
otro directorio, --api-addr o TASKCTL_API_ADDR otra dirección.`, url, cause, dir)
}
