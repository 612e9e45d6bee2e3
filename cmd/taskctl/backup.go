package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/ownfile"
	"taskctl/pkg/store/sqlite"
)

func (p *program) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: p.text("Copy the database, also while the system runs", "Copia la base de datos, también con el sistema en marcha"),
		Long: p.text(`Write a copy of the database to FILE, which must not exist. The system may be
running: the copy has the state of one moment, and the command prints the position
of that moment. The copy is synced to disk and checked before it gets its name.
While others write, the command works slowly, so that it hardly slows them down.`,
			`Escribe una copia de la base de datos en ARCHIVO, que no debe existir. El sistema
puede estar en marcha: la copia tiene el estado de un solo momento, y el comando
muestra la posición de ese momento. La copia se sincroniza con el disco y se
comprueba antes de recibir su nombre. Mientras hay otras escrituras, el comando
trabaja despacio para que apenas se retrasen.`),
		Example: "  taskctl backup tasks-$(date +%F).db",
		Args:    p.exactArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.backup(cmd, args[0])
		},
	}
}

func (p *program) backup(cmd *cobra.Command, file string) error {
	cfg, err := p.loadRunning(cmd)
	if err != nil {
		return err
	}
	if cfg.Store != config.StoreSQLite {
		return &usageError{p.lang.BackupPostgres()}
	}
	to, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	info, err := sqlite.Backup(cmd.Context(), cfg.Database(), to)
	switch {
	case errors.Is(err, fs.ErrExist):
		return errors.New(p.lang.BackupExists(file))
	case errors.Is(err, fs.ErrNotExist):
		return errors.New(p.lang.NoDatabase(cfg.Database()))
	case err != nil:
		return err
	}
	_, err = fmt.Fprintln(p.stdout, p.lang.BackupDone(file, info.Tasks, info.Position.String(), p.lang.Bytes(info.Bytes)))
	return err
}

func (p *program) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: p.text("Put a backup in the place of the database", "Pone una copia en el lugar de la base de datos"),
		Long: p.text(`Put a copy of FILE, made with taskctl backup, in the place of the database. The
system must be stopped. FILE is checked first, and the present database stays in
its place until the copy is complete. Clients that were connected before are told
to read all tasks again (reset), because the history after the backup is gone.`,
			`Pone una copia de ARCHIVO, hecha con taskctl backup, en el lugar de la base de datos.
El sistema tiene que estar detenido. Antes se comprueba ARCHIVO, y la base de datos
actual sigue en su lugar hasta que la copia está completa. A los clientes que
estaban conectados se les dice que vuelvan a leer todas las tareas (reset), porque
el historial posterior a la copia ya no existe.`),
		Example: "  taskctl stop\n  taskctl restore tasks-2026-11-28.db\n  taskctl start --detach",
		Args:    p.exactArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := p.loadRunning(cmd)
			if err != nil {
				return err
			}
			return p.restore(cmd.Context(), cfg, args[0])
		},
	}
}

func (p *program) restore(ctx context.Context, cfg *config.Config, file string) (err error) {
	if cfg.Store != config.StoreSQLite {
		return &usageError{p.lang.BackupPostgres()}
	}
	from, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if found, err := os.Stat(from); err == nil && !found.Mode().IsRegular() {
		return errors.New(p.lang.BackupNotRegular(file, ownfile.NotRegular(from, found.Mode()).Type))
	}
	lock, err := control.Lock(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	info, err := sqlite.Restore(ctx, from, cfg.Database())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New(p.lang.NoDatabase(file))
	case err != nil:
		return err
	}
	_, err = fmt.Fprintln(p.stdout, p.lang.RestoreDone(file, info.Tasks, info.Position.String()))
	return err
}
