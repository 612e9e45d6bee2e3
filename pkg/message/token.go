package message

// The texts about named tokens.

// TokenExists says that a name is in use.
func (l Lang) TokenExists(name string) string {
	return l.say("there is a token named %q already; revoke it first: taskctl token revoke %s",
		"ya existe un token llamado %q; revóquelo antes: taskctl token revoke %s", name, name)
}

// TokenUnknown says that there is no token of a name.
func (l Lang) TokenUnknown(name string) string {
	return l.say("there is no token named %q; taskctl token list shows them", "no hay ningún token llamado %q; taskctl token list los muestra", name)
}

// TokenBadName says what a name may be.
func (l Lang) TokenBadName(name string) string {
	return l.say("%q cannot be a token's name: 1 to 64 letters, digits, '.', '_' and '-'",
		"%q no puede ser el nombre de un token: de 1 a 64 letras, cifras, '.', '_' y '-'", name)
}
