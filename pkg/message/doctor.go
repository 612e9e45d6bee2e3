package message

func (l Lang) DoctorRunning(pid int) string {
	return l.say("a launcher is running, pid %d", "hay un lanzador en marcha, pid %d", pid)
}

func (l Lang) DoctorNotAnswering(pid int) string {
	return l.say("a launcher holds the directory lock (pid %d), but does not answer", "un lanzador tiene el bloqueo del directorio (pid %d), pero no responde", pid)
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
	return l.say("no launcher is running here", "aquí no hay ningún lanzador en marcha")
}

func (l Lang) DoctorStaleSocket(path string) string {
	return l.say("a launcher that died left its control socket: %s", "un lanzador que murió dejó su socket de control: %s", path)
}

func (l Lang) DoctorFixStart() string {
	return l.say("nothing to do: the next `taskctl start` removes it", "nada que hacer: el próximo `taskctl start` lo elimina")
}

func (l Lang) DoctorNothingLeft() string {
	return l.say("no process of an earlier launcher is left", "no queda ningún proceso de un lanzador anterior")
}

func (l Lang) DoctorLeft(what string) string {
	return l.say("an earlier launcher left these running: %s", "un lanzador anterior dejó en marcha: %s", what)
}

func (l Lang) DoctorPortFree(key, addr string) string {
	return l.say("%s: %s is free", "%s: %s está libre", key, addr)
}

func (l Lang) DoctorPortOurs(key, addr string) string {
	return l.say("%s: %s is used by this launcher", "%s: %s lo usa este lanzador", key, addr)
}

func (l Lang) DoctorPortTaken(key, addr, holder string) string {
	return l.say("%s: %s is used by %s", "%s: %s lo usa %s", key, addr, holder)
}

func (l Lang) DoctorFixPort(key, env string) string {
	return l.say("stop that process, or change %s (%s)", "detenga ese proceso, o cambie %s (%s)", key, env)
}

func (l Lang) DoctorDisk(free, needed string) string {
	return l.say("%s free on the disk; the logs may take %s", "%s libres en el disco; los registros pueden ocupar %s", free, needed)
}

func (l Lang) DoctorFixDisk() string {
	return l.say("free space, run `taskctl logs clean`, or lower logs.max_total", "libere espacio, use `taskctl logs clean` o reduzca logs.max_total")
}

func (l Lang) DoctorFiles(limit uint64, clients int) string {
	return l.say("%d open files allowed; wsserver.max_clients is %d", "%d archivos abiertos permitidos; wsserver.max_clients es %d", limit, clients)
}

func (l Lang) DoctorFixFiles() string {
	return l.say("raise the hard limit (ulimit -Hn), or lower wsserver.max_clients", "suba el límite máximo (ulimit -Hn) o reduzca wsserver.max_clients")
}

func (l Lang) DoctorWritable(dir string) string {
	return l.say("%s is writable", "se puede escribir en %s", dir)
}

func (l Lang) DoctorNotWritable(dir, why string) string {
	return l.say("%s is not writable: %s", "no se puede escribir en %s: %s", dir, why)
}

func (l Lang) DoctorFixWritable(dir string) string {
	return l.say("change owner or mode of %s (chown, chmod), or choose another --dir", "cambie el dueño o los permisos de %s (chown, chmod) o elija otro --dir", dir)
}

// DoctorNotDirectory is for something else that has the name of a directory.
func (l Lang) DoctorNotDirectory(path string) string {
	return l.say("%s is not a directory", "%s no es un directorio", path)
}

func (l Lang) DoctorFixNotDirectory() string {
	return l.say("move it away; the next start creates the directory", "muévalo a otro sitio; el próximo arranque crea el directorio")
}

func (l Lang) DoctorFixLog(path, kind string) string {
	if kind == "directory" {
		return l.say("mv %[1]s %[1]s.old", "mv %[1]s %[1]s.old", path)
	}
	return l.say("rm %s", "rm %s", path)
}

// DoctorFixReadOnly is for a file system that is mounted read-only.
func (l Lang) DoctorFixReadOnly() string {
	return l.say("choose another --dir, or mount that file system read-write", "elija otro --dir, o monte ese sistema de archivos con permiso de escritura")
}

func (l Lang) DoctorTooOpen(path, mode string) string {
	return l.say("other users can read %s (mode %s)", "otros usuarios pueden leer %s (modo %s)", path, mode)
}

func (l Lang) DoctorFixTooOpen(path string) string {
	return l.say("chmod go= %s", "chmod go= %s", path)
}

// DoctorFixSecretFile closes a file with secrets to all but its owner and group.
func (l Lang) DoctorFixSecretFile(path string) string {
	return l.say("chmod o= %s", "chmod o= %s", path)
}

func (l Lang) DoctorPrivate() string {
	return l.say("data/ is private to this user", "solo este usuario puede acceder a data/")
}

func (l Lang) DoctorDatabase(seq uint64) string {
	return l.say("the database is intact; last event %d", "la base de datos está intacta; último evento %d", seq)
}

func (l Lang) DoctorNoDatabase() string {
	return l.say("no database yet; the first start creates it", "aún no hay base de datos; el primer arranque la crea")
}

func (l Lang) DoctorBadDatabase(why string) string {
	return l.say("the database cannot be used: %s", "la base de datos no se puede usar: %s", why)
}

func (l Lang) DoctorFixDatabase(path string) string {
	return l.say("restore %s from a backup, or move it away to start with an empty one", "restaure %s desde una copia de seguridad, o muévala a otro sitio para empezar con una vacía", path)
}

// DoctorState is the severity of a finding in a word.
func (l Lang) DoctorState(state string) string {
	switch state {
	case "warning":
		return l.say("warning", "aviso")
	case "bad":
		return l.say("BAD", "MAL")
	}
	return l.say("ok", "bien")
}
func (l Lang) DoctorFix() string { return l.say("fix:", "solución:") }
