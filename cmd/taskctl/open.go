package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"

	"taskctl/launcher/control"
)

func (p *program) openCommand() *cobra.Command {
	return &cobra.Command{
		Use:        "open",
		SuggestFor: []string{"browse", "board", "web", "ui"},
		Short:      p.text("Open the board in the browser", "Abre el tablero en el navegador"),
		Long: p.text(`Print the address of the board of the running system, and open it in the browser
of this machine where there is one.`,
			`Muestra la dirección del tablero del sistema en marcha y lo abre en el navegador
de esta máquina, si hay uno.`),
		Example: "  taskctl open",
		Args:    p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.loadRunning(cmd)
			if err != nil {
				return err
			}
			status, err := control.NewClient(cfg).Status(cmd.Context())
			if err != nil {
				return err
			}
			url := status.API + "/"
			if _, err := fmt.Fprintln(p.stdout, url); err != nil {
				return err
			}
			if err := browse(cmd.Context(), url); err != nil {
				fmt.Fprintln(p.stderr, p.text("no browser could be opened here; open the address yourself", "aquí no se pudo abrir un navegador; abra la dirección a mano"))
			}
			return nil
		},
	}
}

// browse opens a page in the desktop's browser.
func browse(ctx context.Context, url string) error {
	switch runtime.GOOS {
	case "darwin":
		return exec.CommandContext(ctx, "open", url).Run()
	case "windows":
		return exec.CommandContext(ctx, "rundll32", "url.dll,FileProtocolHandler", url).Run()
	}
	return exec.CommandContext(ctx, "xdg-open", url).Run()
}
