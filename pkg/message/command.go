package message

// CommandNoDirectory says that a command has no directory to run in.
func (l Lang) CommandNoDirectory(dir string) string {
	return l.say("its directory %s does not exist (dir is relative to --dir)", "su directorio %s no existe (dir es relativo a --dir)", dir)
}

// CommandNotInPath says that a program is not installed, or is elsewhere.
func (l Lang) CommandNotInPath(name string) string {
	return l.say("no program %s in its PATH; install it, give its path, or set PATH in env", "no hay ningún programa %s en su PATH; instálelo, indique su ruta o cambie PATH en env", name)
}

// CommandNoProgram says that the file of a program is missing.
func (l Lang) CommandNoProgram(path string) string {
	return l.say("%s does not exist (a command with a slash is relative to dir)", "%s no existe (un comando con barra es relativo a dir)", path)
}

// CommandIsDirectory says that a command names a directory.
func (l Lang) CommandIsDirectory(path string) string {
	return l.say("%s is a directory, not a program", "%s es un directorio, no un programa", path)
}

// CommandNotExecutable says that the file of a program lacks its mode.
func (l Lang) CommandNotExecutable(path string) string {
	return l.say("%s is not executable; chmod +x %s", "%s no es ejecutable; chmod +x %s", path, path)
}

// CommandNoShebang says that a script does not name its interpreter.
func (l Lang) CommandNoShebang(path string) string {
	return l.say("%s is a text file without #! in its first line; add one such as #!/bin/sh, or name the interpreter in command",
		"%s es un archivo de texto sin #! en su primera línea; añada una como #!/bin/sh, o indique el intérprete en command", path)
}

// CommandNoInterpreter says that the interpreter of a script is missing.
func (l Lang) CommandNoInterpreter(path, interpreter string) string {
	return l.say("%s needs the interpreter %s, which its #! line names, but which does not exist", "%s necesita el intérprete %s, que figura en su línea #! pero no existe", path, interpreter)
}

// CommandCarriageReturn says that a script has line ends of Windows.
func (l Lang) CommandCarriageReturn(path string) string {
	return l.say("the #! line of %s ends with a carriage return, as on Windows, so its interpreter is not found; sed -i 's/\\r$//' %s",
		"la línea #! de %s termina con un retorno de carro, como en Windows, y no se encuentra su intérprete; sed -i 's/\\r$//' %s", path, path)
}
