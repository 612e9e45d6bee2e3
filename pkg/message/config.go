package message

import (
	"cmp"
	"strings"
)

// ConfigUnknownKey says that a setting does not exist; meant is the nearest that
// does, or empty.
func (l Lang) ConfigUnknownKey(key, meant string) string {
	if meant == "" {
		return l.say("%q is not a setting; `taskctl config default` lists them all",
			"%q no es un ajuste; `taskctl config default` los muestra todos", key)
	}
	return l.say("%q is not a setting; did you mean %q?", "%q no es un ajuste; ¿quiso decir %q?", key, meant)
}

// ConfigDuplicateKey says that a key is set twice; line is that of the first.
func (l Lang) ConfigDuplicateKey(key string, line int) string {
	return l.say("%q is set twice; it is also on line %d", "%q aparece dos veces; también en la línea %d", key, line)
}

// ConfigNotCount says that a value is not a whole number, or below the minimum.
func (l Lang) ConfigNotCount(key, value string, least int) string {
	return l.say("%s takes a whole number of at least %d, not %q", "%s admite un número entero de al menos %d, no %q", key, least, value)
}

// ConfigZero says that a setting must not be 0.
func (l Lang) ConfigZero(key, value string) string {
	return l.say("%s must be more than 0, not %q", "%s debe ser mayor que 0, no %q", key, value)
}

// ConfigNotDuration says that a value is not a duration.
func (l Lang) ConfigNotDuration(key, value string) string {
	return l.say(`%s takes a duration such as 500ms, 10s or 7d, not %q`, `%s admite una duración como 500ms, 10s o 7d, no %q`, key, value)
}

// ConfigNotSize says that a value is not a size.
func (l Lang) ConfigNotSize(key, value string) string {
	return l.say(`%s takes a size such as 65536, 8MiB or 10MB, not %q`, `%s admite un tamaño como 65536, 8MiB o 10MB, no %q`, key, value)
}

// ConfigBadValue says that a value cannot be used, and why.
func (l Lang) ConfigBadValue(key, value, why string) string {
	return l.say("%s cannot be %q: %s", "%s no puede ser %q: %s", key, value, why)
}

// ConfigNotAddress says that a value is not a listen address.
func (l Lang) ConfigNotAddress(key, value string) string {
	return l.say("%s takes host:port such as localhost:8001, not %q", "%s admite host:puerto como localhost:8001, no %q", key, value)
}

// ConfigNotURL says that a value is not a WebSocket URL.
func (l Lang) ConfigNotURL(key, value string) string {
	return l.say("%s takes a URL such as ws://localhost:8765/, without user, query or fragment, not %q",
		"%s admite una URL como ws://localhost:8765/, sin usuario, consulta ni fragmento, no %q", key, value)
}

// ConfigNotServerURL says that a value is not a URL with one of the schemes.
func (l Lang) ConfigNotServerURL(key, value string, schemes ...string) string {
	return l.say("%s takes a URL such as %s://host:port (%s), not %q", "%s admite una URL como %s://host:puerto (%s), no %q",
		key, schemes[0], strings.Join(schemes, ", "), value)
}

// ConfigNotHTTP says that a value is no HTTP URL.
func (l Lang) ConfigNotHTTP(key, value string) string {
	return l.say("%s takes a URL such as http://localhost:9000/healthz, not %q", "%s admite una URL como http://localhost:9000/healthz, no %q", key, value)
}

// ConfigNotOrigin says that a list contains something that is not a browser origin.
func (l Lang) ConfigNotOrigin(key, value string) string {
	return l.say("%s takes origins such as https://tasks.example or https://*.tasks.example, not %q",
		"%s admite orígenes como https://tasks.example o https://*.tasks.example, no %q", key, value)
}

// ConfigNotHost says that a list contains something that is not a host name.
func (l Lang) ConfigNotHost(key, value string) string {
	return l.say("%s takes host names without a port, such as tasks.example or *.tasks.example, not %q",
		"%s admite nombres de equipo sin puerto, como tasks.example o *.tasks.example, no %q", key, value)
}

// ConfigNotProxy says that a list contains something that is not an address.
func (l Lang) ConfigNotProxy(key, value string) string {
	return l.say("%s takes addresses and prefixes such as 10.0.0.0/8, not %q", "%s admite direcciones y prefijos como 10.0.0.0/8, no %q", key, value)
}

// ConfigTwoTokens says that two settings name a token.
func (l Lang) ConfigTwoTokens(key, other string) string {
	return l.say("%s and %s are both set; keep one of them", "%s y %s están definidos a la vez; deje solo uno", key, other)
}

// ConfigUnreadableFile says that a file which a setting names cannot be used.
func (l Lang) ConfigUnreadableFile(key, why string) string {
	return l.say("%s: the file cannot be used: %s", "%s: el archivo no se puede usar: %s", key, why)
}

// ConfigNotSecret says that a secret cannot be sent in a header.
func (l Lang) ConfigNotSecret(key string) string {
	return l.say("%s must be one line without spaces at its ends", "%s debe ser una sola línea sin espacios en los extremos", key)
}

// ConfigNotOneOf says which values a setting takes.
func (l Lang) ConfigNotOneOf(key, value string, choices ...string) string {
	return l.say("%s takes %s, not %q", "%s admite %s, no %q", key, strings.Join(choices, l.say(" or ", " o ")), value)
}

// ConfigSamePort says that two listeners want one port.
func (l Lang) ConfigSamePort(key, other, port string) string {
	return l.say("%s and %s both use port %s; each needs its own", "%s y %s usan el mismo puerto %s; cada uno necesita el suyo", key, other, port)
}

// ConfigNeedsToken refuses an address that other machines can reach without a token.
func (l Lang) ConfigNeedsToken(key, value string) string {
	return l.say("%s is %s, which other machines can reach: set auth.token (TASKCTL_AUTH_TOKEN), or use localhost",
		"%s es %s, al alcance de otras máquinas: defina auth.token (TASKCTL_AUTH_TOKEN) o use localhost", key, value)
}

// ConfigNeedsURL asks for the database.
func (l Lang) ConfigNeedsURL(variable string) string {
	return l.say("store: postgres needs postgres.url (%s), such as postgres://taskctl@db.internal/tasks?sslmode=verify-full",
		"store: postgres necesita postgres.url (%s), por ejemplo postgres://taskctl@db.internal/tasks?sslmode=verify-full", variable)
}

// ConfigNeedsStore says that a broker works with one store alone.
func (l Lang) ConfigNeedsStore(broker, store string) string {
	return l.say("broker: %s needs store: %s", "broker: %s necesita store: %s", broker, store)
}

// ConfigNotPostgres says what is wrong with a connection string, which is shown
// without its password.
func (l Lang) ConfigNotPostgres(key, value, why string) string {
	return l.say("%s cannot be %q: %s", "%s no puede ser %q: %s", key, value, why)
}

// ConfigNotIdentifier says that a value is not a plain name.
func (l Lang) ConfigNotIdentifier(key, value string) string {
	return l.say("%s takes a name of lower-case letters, digits and underscores, not %q",
		"%s admite un nombre de minúsculas, cifras y guiones bajos, no %q", key, value)
}

// ConfigNotScalar says that a key has a list or a mapping instead of one value.
func (l Lang) ConfigNotScalar(key string) string {
	return l.say("%s takes one value", "%s admite un solo valor", key)
}

// ConfigNull says that a key has null instead of a text.
func (l Lang) ConfigNull(key string) string {
	return l.say(`%s is null, but must be a text; the empty text is ""`, `%s es null, pero debe ser un texto; el texto vacío es ""`, key)
}

// ConfigHasNUL says that a text contains a NUL character.
func (l Lang) ConfigHasNUL(key string) string {
	return l.say("%s cannot hold a NUL character", "%s no puede contener un carácter NUL", key)
}

// ConfigNotList says that a key has something other than a list.
func (l Lang) ConfigNotList(key string) string {
	return l.say("%s takes a list: [a, b]", "%s admite una lista: [a, b]", key)
}

// ConfigNotMapping says that a key has something other than keys and values.
func (l Lang) ConfigNotMapping(key string) string {
	return l.say("%s takes keys and values, such as {key: value}", "%s admite claves y valores, como {clave: valor}", key)
}

// ConfigSyntax says that a file is no YAML.
func (l Lang) ConfigSyntax(why string) string {
	return l.say("not YAML: %s", "no es YAML: %s", why)
}

// ConfigSecondDocument says that settings continue after a line "---".
func (l Lang) ConfigSecondDocument() string {
	return l.say("a second document begins here, but all settings belong in one: remove the ---",
		"aquí empieza un segundo documento, pero todos los ajustes van en uno solo: quite el ---")
}

// ConfigNotDirectory says that --dir names something else.
func (l Lang) ConfigNotDirectory() string {
	return l.say("not a directory", "no es un directorio")
}

// ConfigUnreadable says that a file cannot be read.
func (l Lang) ConfigUnreadable(why string) string {
	return l.say("cannot be read: %s", "no se puede leer: %s", why)
}

// ComponentNotMapping says that the list of components contains something else.
func (l Lang) ComponentNotMapping() string {
	return l.say("a component must be written as {name: NAME, command: [program, argument, …]}",
		"un componente se escribe así: {name: NOMBRE, command: [programa, argumento, …]}")
}

// ComponentUnnamed says that a component has no usable name.
func (l Lang) ComponentUnnamed(name string) string {
	return l.say("a component needs a name of at most 63 lower-case letters, digits, - and _, the first a letter or digit, not %q",
		"un componente necesita un nombre de 63 minúsculas, cifras, - y _ como máximo, que empiece por letra o cifra, no %q", name)
}

// ComponentBadVariable says that a name is not valid for an environment variable.
func (l Lang) ComponentBadVariable(name string) string {
	return l.say("env takes names of variables without = and NUL, not %q", "env admite nombres de variables sin = ni NUL, no %q", name)
}

// ComponentNameTaken says that a name is already used.
func (l Lang) ComponentNameTaken(name string) string {
	return l.say("the name %q is already used or reserved; each component needs its own", "el nombre %q ya está en uso o reservado; cada componente necesita el suyo", name)
}

// ComponentNoCommand says that a component has nothing to run.
func (l Lang) ComponentNoCommand(name string) string {
	return l.say("%s needs a command: [program, argument, …]", "%s necesita un command: [programa, argumento, …]", l.named(name))
}

// ComponentCommandText says that a command is a text where a list belongs; command
// is the text, quoted.
func (l Lang) ComponentCommandText(command string) string {
	return l.say("command takes a list; for a shell command, write [sh, -c, %s]",
		"command admite una lista; para un comando de shell, escriba [sh, -c, %s]", command)
}

// ComponentAfterUnknown says that a component waits for one that does not exist.
func (l Lang) ComponentAfterUnknown(name, after, meant string) string {
	if meant == "" {
		return l.say("%s comes after %q, which does not exist", "%s va después de %q, que no existe", l.named(name), after)
	}
	return l.say("%s comes after %q, which does not exist; did you mean %q?", "%s va después de %q, que no existe; ¿quiso decir %q?", l.named(name), after, meant)
}

// ComponentCycle says that components wait for one another in a circle.
func (l Lang) ComponentCycle(names []string) string {
	return l.say("these components wait for each other in a circle: %s", "estos componentes se esperan unos a otros en círculo: %s", strings.Join(names, " → "))
}

// ComponentCheckTwice says that exactly one way to check a component can be given.
func (l Lang) ComponentCheckTwice(name, check, ways string) string {
	return l.say("%s.%s takes one of %s", "%s.%s admite uno de %s", l.named(name), check, ways)
}

// ComponentReadyNever says that ready is given without a condition.
func (l Lang) ComponentReadyNever(name string) string {
	return l.say("%s.ready has none of log, http, tcp and exec; without ready, a component is ready as soon as it runs",
		"%s.ready no tiene ninguno de log, http, tcp y exec; sin ready, un componente está listo en cuanto se ejecuta", l.named(name))
}

// ComponentJobReady says that a job cannot be checked.
func (l Lang) ComponentJobReady(name string) string {
	return l.say("%s is a job, which runs to its end: remove ready and alive, or job",
		"%s es un trabajo que se ejecuta hasta su fin: quite ready y alive, o job", l.named(name))
}

// ComponentJobAlways says that a job cannot always be restarted.
func (l Lang) ComponentJobAlways(name string) string {
	return l.say("%s is a job, which runs to its end: restart.policy can be never or on-failure",
		"%s es un trabajo que se ejecuta hasta su fin: restart.policy puede ser never u on-failure", l.named(name))
}

// ConfigWarning introduces a problem that is not a mistake in the settings.
func (l Lang) ConfigWarning(text string) string { return l.say("warning: %s", "aviso: %s", text) }

// ConfigDangling says that the settings file is a link that leads nowhere.
func (l Lang) ConfigDangling(target string) string {
	return l.say("it is a link to %s, which does not exist", "es un enlace a %s, que no existe", target)
}

// ConfigOtherName says that a file which looks like the settings is not read.
func (l Lang) ConfigOtherName(name string) string {
	return l.say("this file is not read: rename it to %s, or give it with --config", "este archivo no se lee: llámelo %s, o indíquelo con --config", name)
}

// ComponentBadPattern says that a pattern of files is malformed.
func (l Lang) ComponentBadPattern(name, pattern string) string {
	return l.say("%s.watch takes patterns of files such as src/*.py or src/**/*.py, not %q; write alternatives as several patterns",
		"%s.watch admite patrones de archivos como src/*.py o src/**/*.py, no %q; escriba las alternativas como varios patrones", l.named(name), pattern)
}

// ComponentUser says that a component cannot run as a user, and why.
func (l Lang) ComponentUser(name, user, why string) string {
	return l.say("%s cannot run as user %q: %s", "%s no se puede ejecutar como el usuario %q: %s", l.named(name), user, why)
}

// OnlyRoot is why a launcher cannot start a component as another user.
func (l Lang) OnlyRoot() string {
	return l.say("only a launcher that runs as root can start processes as another user",
		"solo un lanzador que se ejecuta como root puede arrancar procesos como otro usuario")
}

// EnvFileLine says that a line of an env_file sets no variable.
func (l Lang) EnvFileLine(line string) string {
	return l.say("a line is NAME=value, not %q", "una línea es NOMBRE=valor, no %q", line)
}

// HookNotMapping says that the list of hooks holds something else.
func (l Lang) HookNotMapping() string {
	return l.say("a hook is written {name: NAME, url: URL, secret: SECRET} or {name: NAME, command: [program, argument, …]}",
		"un hook se escribe {name: NOMBRE, url: URL, secret: SECRETO} o {name: NOMBRE, command: [programa, argumento, …]}")
}

// HookUnnamed says that a hook has no usable name.
func (l Lang) HookUnnamed(name string) string {
	return l.say("a hook needs a name of at most 63 lower-case letters, digits, - and _, the first a letter or digit, not %q",
		"un hook necesita un nombre de 63 minúsculas, cifras, - y _ como máximo, que empiece por letra o cifra, no %q", name)
}

// HookNameTaken says that two hooks have one name.
func (l Lang) HookNameTaken(name string) string {
	return l.say("the hook name %q is already used; each hook needs its own", "el nombre de hook %q ya está en uso; cada hook necesita el suyo", name)
}

// HookOneTarget says that a hook has no receiver, or two.
func (l Lang) HookOneTarget(name string) string {
	return l.say("hook %s needs a url or a command, one of the two", "el hook %s necesita url o command, uno de los dos", l.named(name))
}

// HookNoSecret says that a hook cannot sign its requests.
func (l Lang) HookNoSecret(name string) string {
	return l.say("hook %s needs a secret to sign its requests with: whsec_$(openssl rand -base64 24)",
		"el hook %s necesita un secret con el que firmar sus peticiones: whsec_$(openssl rand -base64 24)", l.named(name))
}

// HookBadURL says that events cannot be sent to a URL, which may be secret.
func (l Lang) HookBadURL(key string) string {
	return l.say("%s must be like https://shop.example/webhook, without user and password",
		"%s debe ser como https://shop.example/webhook, sin usuario ni contraseña", key)
}

// HookBadSecret says that a secret has the wrong form.
func (l Lang) HookBadSecret(key string) string {
	return l.say("%s must be whsec_ followed by 24 to 64 random bytes in base64: whsec_$(openssl rand -base64 24)",
		"%s debe ser whsec_ seguido de 24 a 64 bytes aleatorios en base64: whsec_$(openssl rand -base64 24)", key)
}

// named is the name of a component, or a text that says that it has none.
func (l Lang) named(name string) string { return cmp.Or(name, l.say("(no name)", "(sin nombre)")) }
