package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"taskctl/pkg/config"
)

func (p *program) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:        "init",
		SuggestFor: []string{"new", "setup", "create"},
		Short:      p.text("Write a settings file, from a Procfile if there is one", "Escribe un archivo de ajustes, a partir de un Procfile si existe"),
		Long: p.text(`Write configs/taskctl.yaml with every setting, its default and an explanation. If
the directory has a Procfile, its processes become components. A file that exists
is not changed.`,
			`Escribe configs/taskctl.yaml con cada ajuste, su valor por defecto y una
explicación. Si el directorio tiene un Procfile, sus procesos pasan a ser
componentes. Un archivo que ya existe no se cambia.`),
		Example: "  taskctl init && taskctl start\n  taskctl init --dir /srv/tasks",
		Args:    p.noArgs,
		RunE:    func(*cobra.Command, []string) error { return p.initSettings() },
	}
}

func (p *program) initSettings() error {
	dir := p.dir()
	text, source := config.DefaultYAML(p.lang), ""
	switch procfile, err := os.ReadFile(filepath.Join(dir, "Procfile")); {
	case err == nil:
		source = "Procfile"
		made, bad := config.FromProcfile(string(procfile), p.lang)
		if bad > 0 {
			return &usageError{fmt.Sprintf(p.text("Procfile:%d: a process is written NAME: COMMAND, with a name of its own", "Procfile:%d: un proceso se escribe NOMBRE: COMANDO, con un nombre propio"), bad)}
		}
		text = made
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("read the Procfile: %w", err)
	}
	path := filepath.Join(dir, filepath.FromSlash(config.DefaultFile))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // settings are for everybody to read; secrets have files of their own
		return fmt.Errorf("make the directory of the settings: %w", err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // as above
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf(p.text("%s exists already; it was not changed", "%s ya existe; no se ha cambiado"), path)
	}
	if err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	if _, err := file.WriteString(text); err != nil {
		return errors.Join(fmt.Errorf("write the settings: %w", err), file.Close(), os.Remove(path))
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	if source != "" {
		_, err = fmt.Fprintf(p.stdout, p.text("wrote %s from %s; `taskctl start` uses it\n", "se ha escrito %s a partir de %s; `taskctl start` lo usa\n"), path, source)
		return err
	}
	_, err = fmt.Fprintf(p.stdout, p.text("wrote %s; `taskctl start` uses it\n", "se ha escrito %s; `taskctl start` lo usa\n"), path)
	return err
}
