package message

func (l Lang) DoctorShort() string {
	return l.say("Look for what could go wrong, and say how to fix it", "Busca qué podría ir mal, y dice cómo arreglarlo")
}

func (l Lang) DoctorLong() string {
	return l.say(`Check the settings, the directory, the ports, the disk, the file limit and what
an earlier launcher may have left, and name a fix for everything that is wrong.
Nothing is changed. Exit code 1 where something would keep taskctl from running.`,
		`Comprueba los ajustes, el directorio, los puertos, el disco, el límite de
ficheros y lo que un lanzador anterior pudo dejar, y da un arreglo para todo lo
que esté mal. No cambia nada. Código 1 si algo impediría funcionar a taskctl.`)
}

func (l Lang) DoctorRunning(pid int) string {
	return l.say("a launcher runs, pid %d", "un lanzador funciona, pid %d", pid)
}

func (l Lang) DoctorNotAnswering(pid int) string {
	return l.say("a launcher holds the lock (pid %d) but does not answer", "un lanzador tiene el cerrojo (pid %d) pero no responde", pid)
}
func (l Lang) DoctorFixStop() string { return l.say("taskctl stop", "taskctl stop") }

// DoctorComponent says that a component is not ready, and DoctorFixComponent what
// tells more.
func (l Lang) DoctorComponent(name, state string) string {
	return l.say("%s is %s", "%s está %s", name, l.StateName(state))
}

func (l Lang) DoctorFixComponent(name string) string {
	return l.say("taskctl why %s", "taskctl why %s", name)
}

func (l Lang) DoctorNotRunning() string {
	return l.say("no launcher runs here", "aquí no funciona ningún lanzador")
}

func (l Lang) DoctorStaleSocket(path string) string {
	return l.say("a dead launcher left its control socket: %s", "un lanzador muerto dejó su socket de control: %s", path)
}

func (l Lang) DoctorFixStart() string {
	return l.say("nothing to do: the next `taskctl start` clears it", "nada que hacer: el próximo `taskctl start` lo elimina")
}

func (l Lang) DoctorNothingLeft() string {
	return l.say("nothing is left of an earlier launcher", "no queda nada de un lanzador anterior")
}

func (l Lang) DoctorLeft(what string) string {
	return l.say("an earlier launcher left running: %s", "un lanzador anterior dejó funcionando: %s", what)
}

func (l Lang) DoctorPortFree(key, addr string) string {
	return l.say("%s: %s is free", "%s: %s está libre", key, addr)
}

func (l Lang) DoctorPortOurs(key, addr string) string {
	return l.say("%s: %s is held by this launcher", "%s: %s lo tiene este lanzador", key, addr)
}

func (l Lang) DoctorPortTaken(key, addr, holder string) string {
	return l.say("%s: %s is held by %s", "%s: %s lo tiene %s", key, addr, holder)
}

func (l Lang) DoctorFixPort(key, env string) string {
	return l.say("stop that process, or set %s (%s)", "pare ese proceso, o ponga %s (%s)", key, env)
}

func (l Lang) DoctorDisk(free, needed string) string {
	return l.say("%s free on the disk; the logs may take %s", "%s libres en el disco; los registros pueden ocupar %s", free, needed)
}

func (l Lang) DoctorFixDisk() string {
	return l.say("make room, `taskctl logs clean`, or lower logs.max_total", "haga sitio, `taskctl logs clean`, o baje logs.max_total")
}

func (l Lang) DoctorFiles(limit uint64, clients int) string {
	return l.say("%d open files allowed; wsserver.max_clients is %d", "%d ficheros abiertos permitidos; wsserver.max_clients es %d", limit, clients)
}

func (l Lang) DoctorFixFiles() string {
	return l.say("raise the hard limit (ulimit -Hn), or lower wsserver.max_clients", "suba el límite duro (ulimit -Hn), o baje wsserver.max_clients")
}

func (l Lang) DoctorWritable(dir string) string {
	return l.say("%s can be written", "%s se puede escribir", dir)
}

func (l Lang) DoctorNotWritable(dir, why string) string {
	return l.say("%s cannot be written: %s", "%s no se puede escribir: %s", dir, why)
}

func (l Lang) DoctorFixWritable(dir string) string {
	return l.say("chown or chmod %s, or choose another --dir", "chown o chmod %s, o elija otro --dir", dir)
}

// DoctorNotDirectory is for something else that has the name of a directory.
func (l Lang) DoctorNotDirectory(path string) string {
	return l.say("%s is no directory", "%s no es un directorio", path)
}

func (l Lang) DoctorFixNotDirectory() string {
	return l.say("move it away; the start makes the directory", "muévalo a otro sitio; el arranque crea el directorio")
}

// DoctorFixReadOnly is for a whole file system that takes nothing.
func (l Lang) DoctorFixReadOnly() string {
	return l.say("choose another --dir, or mount that file system for writing", "elija otro --dir, o monte ese sistema de archivos para escritura")
}

func (l Lang) DoctorTooOpen(path, mode string) string {
	return l.say("others can read %s (mode %s)", "otros pueden leer %s (modo %s)", path, mode)
}

func (l Lang) DoctorFixTooOpen(path string) string {
	return l.say("chmod go= %s", "chmod go= %s", path)
}

func (l Lang) DoctorPrivate() string {
	return l.say("data/ is private to this user", "data/ es privado de este usuario")
}

func (l Lang) DoctorDatabase(seq uint64) string {
	return l.say("the database is whole; last event %d", "la base de datos está entera; último evento %d", seq)
}

func (l Lang) DoctorNoDatabase() string {
	return l.say("no database yet; the first start makes it", "aún no hay base de datos; el primer arranque la crea")
}

func (l Lang) DoctorBadDatabase(why string) string {
	return l.say("the database cannot be used: %s", "la base de datos no se puede usar: %s", why)
}

func (l Lang) DoctorFixDatabase(path string) string {
	return l.say("restore %s from a backup, or move it away to begin anew", "restaure %s de una copia, o apártela para empezar de nuevo", path)
}

// DoctorState is a finding's weight in a word.
func (l Lang) DoctorState(state string) string {
	switch state {
	case "warning":
		return l.say("warning", "aviso")
	case "bad":
		return l.say("BAD", "MAL")
	}
	return l.say("good", "bien")
}
func (l Lang) DoctorFix() string { return l.say("fix:", "arreglo:") }
