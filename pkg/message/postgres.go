package message

// PostgresUnreachable: no server answers, or it is not ready yet.
func (l Lang) PostgresUnreachable(server, cause string) string {
	return l.say(
		"PostgreSQL at %s cannot be reached: %s. Check postgres.url, and that the server runs",
		"no se puede conectar con PostgreSQL en %s: %s. Compruebe postgres.url y que el servidor esté en marcha",
		server, cause)
}

// PostgresLogin: the server does not accept this user.
func (l Lang) PostgresLogin(server, user, cause string) string {
	return l.say(
		"PostgreSQL at %s does not accept user %s: %s. Check the user in postgres.url and the password in postgres.password_file",
		"PostgreSQL en %s no acepta al usuario %s: %s. Compruebe el usuario en postgres.url y la contraseña en postgres.password_file",
		server, user, cause)
}

// PostgresNoDatabase: there is no database of that name.
func (l Lang) PostgresNoDatabase(server string) string {
	return l.say(
		"there is no database %s. Create it with `createdb`, or correct the name in postgres.url",
		"no existe la base de datos %s. Créela con `createdb`, o corrija el nombre en postgres.url",
		server)
}

// PostgresNoRights: the user lacks a right.
func (l Lang) PostgresNoRights(server, user, schema, cause string) string {
	return l.say(
		"user %[2]s may not use schema %[3]s in PostgreSQL at %[1]s: %[4]s. As the owner of the database: CREATE SCHEMA %[3]s AUTHORIZATION %[2]s",
		"el usuario %[2]s no puede usar el esquema %[3]s en PostgreSQL en %[1]s: %[4]s. Como propietario de la base de datos: CREATE SCHEMA %[3]s AUTHORIZATION %[2]s",
		server, user, schema, cause)
}

// PostgresNewer: a newer taskctl has migrated the schema.
func (l Lang) PostgresNewer(server, schema string) string {
	return l.say(
		"schema %[2]s in PostgreSQL at %[1]s belongs to a newer taskctl; nothing was changed. Run that version, or choose another postgres.schema",
		"el esquema %[2]s en PostgreSQL en %[1]s es de un taskctl más nuevo; no se ha cambiado nada. Use esa versión, o elija otro postgres.schema",
		server, schema)
}

// PostgresForeign: the schema has tables of another program.
func (l Lang) PostgresForeign(server, schema string) string {
	return l.say(
		"schema %[2]s in PostgreSQL at %[1]s holds tables of another program; nothing was changed. Choose another postgres.schema",
		"el esquema %[2]s en PostgreSQL en %[1]s contiene tablas de otro programa; no se ha cambiado nada. Elija otro postgres.schema",
		server, schema)
}

// PostgresTooOld: the server's version is not supported.
func (l Lang) PostgresTooOld(server, version string) string {
	return l.say(
		"PostgreSQL at %s is version %s; taskctl needs version 14 or newer",
		"PostgreSQL en %s es la versión %s; taskctl necesita la versión 14 o posterior",
		server, version)
}

// PostgresStandby: the server takes no writes.
func (l Lang) PostgresStandby(server string) string {
	return l.say(
		"PostgreSQL at %s is a read-only standby. Point postgres.url at the primary; with several hosts, add target_session_attrs=read-write",
		"PostgreSQL en %s es una réplica de solo lectura. Indique el servidor primario en postgres.url; con varios servidores, añada target_session_attrs=read-write",
		server)
}

// PostgresEncoding: the database's encoding cannot hold every text.
func (l Lang) PostgresEncoding(server, encoding string) string {
	return l.say(
		"the database %s has the encoding %s; taskctl needs UTF8. Create one with `createdb --encoding=UTF8 --template=template0`",
		"la base de datos %s tiene la codificación %s; taskctl necesita UTF8. Cree una con `createdb --encoding=UTF8 --template=template0`",
		server, encoding)
}

// PostgresCertificate: the server's certificate is not accepted.
func (l Lang) PostgresCertificate(server, cause string) string {
	return l.say(
		"the encrypted connection to PostgreSQL at %s failed: %s. Check sslmode and sslrootcert in postgres.url",
		"la conexión cifrada con PostgreSQL en %s falló: %s. Compruebe sslmode y sslrootcert en postgres.url",
		server, cause)
}

// PostgresPasswordFile: the file with the password cannot be read.
func (l Lang) PostgresPasswordFile(cause string) string {
	return l.say(
		"postgres.password_file cannot be read: %s",
		"no se puede leer postgres.password_file: %s",
		cause)
}

// PostgresPooler: a pooler gives every transaction another session.
func (l Lang) PostgresPooler(server string) string {
	return l.say(
		"%s is a pooler in transaction mode, which cannot be used. Set pool_mode = session for this database, or name the server itself in postgres.url",
		"%s es un pooler en modo de transacción, que no se puede usar. Ponga pool_mode = session para esta base de datos, o indique el propio servidor en postgres.url",
		server)
}

// PostgresUnusable: the server refuses for a reason of its own.
func (l Lang) PostgresUnusable(server, cause string) string {
	return l.say(
		"PostgreSQL at %s cannot be used: %s",
		"no se puede usar PostgreSQL en %s: %s",
		server, cause)
}

// PostgresWaiting says whom a component waits for.
func (l Lang) PostgresWaiting(server, cause string) string {
	return l.say(
		"waiting for PostgreSQL at %s: %s",
		"esperando a PostgreSQL en %s: %s",
		server, cause)
}

// PostgresFsyncOff: commits are not synced.
func (l Lang) PostgresFsyncOff(server string) string {
	return l.say(
		"PostgreSQL at %s runs with fsync=off: what was acknowledged may be lost when its machine fails",
		"PostgreSQL en %s funciona con fsync=off: lo confirmado puede perderse si falla su máquina",
		server)
}

// DoctorPostgres says what the database is, and how far its log has come.
func (l Lang) DoctorPostgres(server, version, schema string, migrations int, seq uint64) string {
	return l.say("PostgreSQL %[2]s at %[1]s answers; schema %[3]s has version %[4]d; last event: %[5]d",
		"PostgreSQL %[2]s en %[1]s responde; el esquema %[3]s tiene la versión %[4]d; último evento: %[5]d",
		server, version, schema, migrations, seq)
}

// DoctorPostgresEmpty says that the schema is still to be made.
func (l Lang) DoctorPostgresEmpty(server, version, schema string) string {
	return l.say("PostgreSQL %[2]s at %[1]s answers; schema %[3]s will be created",
		"PostgreSQL %[2]s en %[1]s responde; el esquema %[3]s se creará", server, version, schema)
}

// DoctorFixFsync says what helps against fsync=off.
func (l Lang) DoctorFixFsync() string {
	return l.say("ALTER SYSTEM SET fsync = on, and reload the server", "ALTER SYSTEM SET fsync = on, y recargue el servidor")
}

// DoctorAsyncCommit says that the server does not sync commits by default.
func (l Lang) DoctorAsyncCommit() string {
	return l.say("synchronous_commit is off for this user; taskctl turns it on for its own connections",
		"synchronous_commit está desactivado para este usuario; taskctl lo activa en sus propias conexiones")
}

// DoctorFixAsyncCommit says what helps against it.
func (l Lang) DoctorFixAsyncCommit() string {
	return l.say("nothing to do; ALTER ROLE … SET synchronous_commit = on silences this",
		"nada que hacer; ALTER ROLE … SET synchronous_commit = on silencia este aviso")
}

// DoctorClock says how far the clocks are apart.
func (l Lang) DoctorClock(difference any) string {
	return l.say("this machine's clock differs from the database's by %v", "el reloj de esta máquina difiere del de la base de datos en %v", difference)
}

// DoctorFixClock says what helps against it.
func (l Lang) DoctorFixClock() string {
	return l.say("synchronise both clocks with NTP", "sincronice ambos relojes con NTP")
}

// DoctorNoSearchIndex says what searching does without an index.
func (l Lang) DoctorNoSearchIndex() string {
	return l.say("searches compare one task after the other, for at most 100 ms per page; docs/operations.md says how to create an index",
		"las búsquedas comparan una tarea tras otra, 100 ms por página como máximo; docs/operations.md explica cómo crear un índice")
}
