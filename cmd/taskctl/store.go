package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"taskctl/launcher/control"
	"taskctl/pkg/config"
	"taskctl/pkg/store/postgres"
	"taskctl/pkg/store/sqlite"
	"taskctl/pkg/store/storecopy"
	"taskctl/pkg/task"
)

func (p *program) storeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "store",
		Short: p.text("Move a system between stores", "Mueve un sistema entre almacenes"),
		Long: p.text("Move a system from SQLite to PostgreSQL, and back.",
			"Mueve un sistema de SQLite a PostgreSQL, y al revés."),
		Example: "  taskctl store copy --to postgres",
		Args:    p.noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.storeCopyCommand())
	return cmd
}

func (p *program) storeCopyCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "copy",
		Short: p.text("Copy everything from one store to the other", "Copia todo de un almacén al otro"),
		Long: p.text(`Copy all tasks and events, and the idempotency keys that have not expired, from
data/taskctl.db to the database that postgres.url names, or back. Ids, times,
versions, epoch and seq stay, so clients resume at the copy. The system must be
stopped. The source is not changed; the copy is read back and compared before it
is used. An interrupted copy is continued when the command is repeated.`,
			`Copia todas las tareas y eventos, y las claves de idempotencia que no han
caducado, de data/taskctl.db a la base de datos que indica postgres.url, o al
revés. Los ids, tiempos, versiones, epoch y seq se conservan, así que los
clientes siguen donde estaban. El sistema tiene que estar detenido. El origen no
cambia; la copia se vuelve a leer y se compara antes de usarse. Una copia
interrumpida continúa al repetir el comando.`),
		Example: "  TASKCTL_POSTGRES_URL=postgres://me@db/tasks taskctl store copy --to postgres\n  taskctl store copy --to sqlite",
		Args:    p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if to != config.StorePostgres && to != config.StoreSQLite {
				return &usageError{p.lang.ConfigNotOneOf("--to", to, config.StorePostgres, config.StoreSQLite)}
			}
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			if cfg.Postgres.URL == "" {
				return &usageError{p.lang.CopyNeedsURL(config.Env("postgres.url"))}
			}
			return p.copyStore(cmd.Context(), cfg, to)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", p.text("the `STORE` to copy to: postgres or sqlite", "el `ALMACÉN` de destino: postgres o sqlite"))
	offerWords(cmd, "to", config.StorePostgres, config.StoreSQLite)
	return cmd
}

// progressInterval is the time between progress messages of a copy.
const progressInterval = time.Second

func (p *program) copyStore(ctx context.Context, cfg *config.Config, to string) (err error) {
	lock, err := control.Lock(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	from, err := openCopySource(ctx, cfg, to)
	if err != nil {
		return p.copyError(cfg, err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	head, err := from.Head(ctx)
	if err != nil {
		return err
	}
	target, err := openCopyTarget(ctx, cfg, to, head)
	if err != nil {
		return p.copyError(cfg, err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	said := time.Now()
	total, err := storecopy.Copy(ctx, from, target, storecopy.Options{
		Since: time.Now().Add(-task.IdempotencyTTL).UnixMilli(),
		Progress: func(done storecopy.Progress) {
			if time.Since(said) >= progressInterval {
				said = time.Now()
				fmt.Fprintln(p.stderr, p.lang.CopyProgress(done.Tasks, done.Events, done.Answers))
			}
		},
	})
	if err != nil {
		return p.copyError(cfg, err)
	}
	_, err = fmt.Fprintln(p.stdout, p.lang.CopyDone(to, total.Tasks, total.Events, total.Answers, head.String()))
	return err
}

func openCopySource(ctx context.Context, cfg *config.Config, to string) (storecopy.Reader, error) {
	if to == config.StorePostgres {
		return sqlite.OpenCopyReader(ctx, cfg.Database())
	}
	return postgres.OpenCopyReader(ctx, cfg.PostgresOptions())
}

func openCopyTarget(ctx context.Context, cfg *config.Config, to string, head storecopy.Head) (storecopy.Writer, error) {
	if to == config.StorePostgres {
		return postgres.OpenCopyWriter(ctx, cfg.PostgresOptions(), head)
	}
	return sqlite.OpenCopyWriter(ctx, cfg.Database(), head)
}

// copyError returns the message for a copy that cannot be made.
func (p *program) copyError(cfg *config.Config, err error) error {
	different := (*storecopy.DifferentError)(nil)
	var pathErr *fs.PathError
	switch {
	case errors.Is(err, postgres.ErrInUse):
		return errors.New(p.lang.CopyInUse(postgres.ServerName(cfg.Postgres.URL)))
	case errors.Is(err, postgres.ErrExists):
		return errors.New(p.lang.CopySchemaExists(cfg.Postgres.Schema))
	case errors.As(err, &pathErr) && errors.Is(err, fs.ErrExist):
		return errors.New(p.lang.CopyFileExists(pathErr.Path))
	case errors.Is(err, storecopy.ErrChanged):
		return errors.New(p.lang.CopyChanged())
	case errors.As(err, &different):
		return errors.New(p.lang.CopyDiffers(different.What))
	}
	return err
}
