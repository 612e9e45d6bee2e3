package message

import (
	"cmp"
	"strings"
)

// ConfigUnknownKey says that a key is none of ours; meant is the nearest that is,
// or empty.
func (l Lang) ConfigUnknownKey(key, meant string) string {
	if meant == "" {
		return l.say("%q is not a setting; `taskctl config default` lists them all",
			"%q no es un ajuste; `taskctl config default` los muestra todos", key)
	}
	return l.say("%q is not a setting; did you mean %q?", "%q no es un ajuste; ¿quizá %q?", key, meant)
}

// ConfigDuplicateKey says that a key stands twice; line is where it stood first.
func (l Lang) ConfigDuplicateKey(key string, line int) string {
	return l.say("%q is set twice; it is also on line %d", "%q está puesto dos veces; también en la línea %d", key, line)
}

// ConfigNotCount says that a value is no whole number, or less than the least.
func (l Lang) ConfigNotCount(key, value string, least int) string {
	return l.say("%s takes a whole number from %d, not %q", "%s admite un número entero desde %d, no %q", key, least, value)
}

// ConfigZero says that a setting has no use for 0.
func (l Lang) ConfigZero(key, value string) string {
	return l.say("%s must be more than 0, not %q", "%s debe ser mayor que 0, no %q", key, value)
}

// ConfigNotDuration says that a value is no duration.
func (l Lang) ConfigNotDuration(key, value string) string {
	return l.say(`%s takes a duration such as 500ms, 10s or 7d, not %q`, `%s admite una duración como 500ms, 10s o 7d, no %q`, key, value)
}

// ConfigNotSize says that a value is no size.
func (l Lang) ConfigNotSize(key, value string) string {
	return l.say(`%s takes a size such as 65536, 8MiB or 10MB, not %q`, `%s admite un tamaño como 65536, 8MiB o 10MB, no %q`, key, value)
}

// ConfigBadValue says that a value cannot be used, and why.
func (l Lang) ConfigBadValue(key, value, why string) string {
	return l.say("%s cannot be %q: %s", "%s no puede ser %q: %s", key, value, why)
}

// ConfigNotAddress says that a value is no address to listen on.
func (l Lang) ConfigNotAddress(key, value string) string {
	return l.say("%s takes host:port such as localhost:8001, not %q", "%s admite host:puerto como localhost:8001, no %q", key, value)
}

// ConfigNotURL says that a value is no WebSocket URL.
func (l Lang) ConfigNotURL(key, value string) string {
	return l.say("%s takes a URL such as ws://localhost:8765/, without user, query or fragment, not %q",
		"%s admite una URL como ws://localhost:8765/, sin usuario, consulta ni fragmento, no %q", key, value)
}

// ConfigNotHTTP says that a value is no URL to ask.
func (l Lang) ConfigNotHTTP(key, value string) string {
	return l.say("%s takes a URL such as http://localhost:9000/healthz, not %q", "%s admite una URL como http://localhost:9000/healthz, no %q", key, value)
}

// ConfigNotOrigin says that a list has something that is no browser's origin.
func (l Lang) ConfigNotOrigin(key, value string) string {
	return l.say("%s takes origins such as https://tasks.example, not %q", "%s admite orígenes como https://tasks.example, no %q", key, value)
}

// ConfigNotHost says that a list has something that is no host name.
func (l Lang) ConfigNotHost(key, value string) string {
	return l.say("%s takes host names without a port, such as tasks.example, not %q",
		"%s admite nombres de equipo sin puerto, como tasks.example, no %q", key, value)
}

// ConfigNotSecret says that a secret cannot be sent in a header as it is.
func (l Lang) ConfigNotSecret(key string) string {
	return l.say("%s takes one line without spaces at its ends", "%s admite una sola línea sin espacios en los extremos", key)
}

// ConfigNotOneOf says which values a setting takes.
func (l Lang) ConfigNotOneOf(key, value string, choices ...string) string {
	return l.say("%s takes %s, not %q", "%s admite %s, no %q", key, strings.Join(choices, l.say(" or ", " o ")), value)
}

// ConfigSamePort says that two listeners want one port.
func (l Lang) ConfigSamePort(key, other, port string) string {
	return l.say("%s and %s both want port %s; each needs its own", "%s y %s quieren ambos el puerto %s; cada uno necesita el suyo", key, other, port)
}

// ConfigNeedsToken refuses to listen for strangers without a secret, with the way out.
func (l Lang) ConfigNeedsToken(key, value string) string {
	return l.say("%s is %s, which other machines can reach: set auth.token (TASKCTL_AUTH_TOKEN) first, or listen on localhost",
		"%s es %s, al alcance de otras máquinas: ponga antes auth.token (TASKCTL_AUTH_TOKEN), o escuche en localhost", key, value)
}

// ConfigNotScalar says that a key holds a list or a mapping where one value belongs.
func (l Lang) ConfigNotScalar(key string) string {
	return l.say("%s takes one value", "%s admite un solo valor", key)
}

// ConfigNull says that nothing stands where a text belongs.
func (l Lang) ConfigNull(key string) string {
	return l.say(`%s holds null where a text belongs; the empty text is ""`, `%s contiene null donde va un texto; el texto vacío es ""`, key)
}

// ConfigHasNUL says that a text has a character that ends it for the system.
func (l Lang) ConfigHasNUL(key string) string {
	return l.say("%s cannot hold a NUL character", "%s no puede contener un carácter NUL", key)
}

// ConfigNotList says that a key holds something else where a list belongs.
func (l Lang) ConfigNotList(key string) string {
	return l.say("%s takes a list: [a, b]", "%s admite una lista: [a, b]", key)
}

// ConfigNotMapping says that a key holds something else where key: value pairs belong.
func (l Lang) ConfigNotMapping(key string) string {
	return l.say("%s takes keys and values", "%s admite claves y valores", key)
}

// ConfigSyntax says that a file is no YAML.
func (l Lang) ConfigSyntax(why string) string {
	return l.say("not YAML: %s", "no es YAML: %s", why)
}

// ConfigSecondDocument says that settings go on after a line "---".
func (l Lang) ConfigSecondDocument() string {
	return l.say("a second document begins here; all settings belong into the first: take the --- out",
		"aquí empieza un segundo documento; todos los ajustes van en el primero: quite el ---")
}

// ConfigNotDirectory says that --dir names something else.
func (l Lang) ConfigNotDirectory() string {
	return l.say("not a directory", "no es un directorio")
}

// ConfigUnreadable says that a file cannot be read.
func (l Lang) ConfigUnreadable(why string) string {
	return l.say("cannot be read: %s", "no se puede leer: %s", why)
}

// ComponentNotMapping says that the list of components holds something else.
func (l Lang) ComponentNotMapping() string {
	return l.say("a component is written {name: NAME, command: [program, argument, …]}",
		"un componente se escribe {name: NOMBRE, command: [programa, argumento, …]}")
}

// ComponentUnnamed says that a component has no usable name.
func (l Lang) ComponentUnnamed(name string) string {
	return l.say("a component needs a name of at most 63 lower-case letters, digits, - and _, the first a letter or digit, not %q",
		"un componente necesita un nombre de 63 minúsculas, cifras, - y _ como máximo, que empiece por letra o cifra, no %q", name)
}

// ComponentBadVariable says that no environment can hold a variable of this name.
func (l Lang) ComponentBadVariable(name string) string {
	return l.say("env takes names of variables, without = and NUL, not %q", "env admite nombres de variables, sin = ni NUL, no %q", name)
}

// ComponentNameTaken says that a name stands for something else already.
func (l Lang) ComponentNameTaken(name string) string {
	return l.say("the name %q is taken", "el nombre %q está ocupado", name)
}

// ComponentNoCommand says that a component has nothing to run.
func (l Lang) ComponentNoCommand(name string) string {
	return l.say("%s needs a command: [program, argument, …]", "%s necesita un command: [programa, argumento, …]", l.named(name))
}

// ComponentAfterUnknown says that a component waits for one that does not exist.
func (l Lang) ComponentAfterUnknown(name, after, meant string) string {
	if meant == "" {
		return l.say("%s comes after %q, which does not exist", "%s va después de %q, que no existe", l.named(name), after)
	}
	return l.say("%s comes after %q, which does not exist; did you mean %q?", "%s va después de %q, que no existe; ¿quizá %q?", l.named(name), after, meant)
}

// ComponentCycle says that components wait for one another in a circle.
func (l Lang) ComponentCycle(names []string) string {
	return l.say("these wait for one another in a circle: %s", "estos se esperan en círculo: %s", strings.Join(names, " → "))
}

// ComponentReadyTwice says that only one way of being ready can be given.
func (l Lang) ComponentReadyTwice(name string) string {
	return l.say("%s.ready takes one of log, http and tcp", "%s.ready admite uno de log, http y tcp", l.named(name))
}

// ComponentReadyNever says that no way of being ready is given where one belongs.
func (l Lang) ComponentReadyNever(name string) string {
	return l.say("%s.ready names none of log, http and tcp; without ready it is ready once it runs",
		"%s.ready no nombra ninguno de log, http y tcp; sin ready está listo en cuanto funciona", l.named(name))
}

// named stands in for the name of a component that has none.
func (l Lang) named(name string) string { return cmp.Or(name, l.say("(no name)", "(sin nombre)")) }
