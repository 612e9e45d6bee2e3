package main

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/spf13/cobra"

	"taskctl/pkg/bench"
)

const benchPeer = "peer"

// benchPeerCommand is the peer that a measurement compares with. It ends when its
// standard input does, and ignores signals: Ctrl+C reaches it as well, but its parent
// decides when it ends.
func (p *program) benchPeerCommand() *cobra.Command {
	return &cobra.Command{
		Use:     benchPeer,
		Short:   p.text("Serve the plain server that measurements compare with", "Ejecuta el servidor simple con el que se comparan las mediciones"),
		Example: "  taskctl bench peer < /dev/null",
		Args:    p.noArgs,
		Hidden:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return fmt.Errorf("listen: %w", err)
			}
			fmt.Fprintln(p.stdout, l.Addr())
			ctx, cancel := context.WithCancel(context.WithoutCancel(cmd.Context()))
			go func() {
				_, _ = io.Copy(io.Discard, p.stdin) // until the parent ends
				cancel()
			}()
			return bench.ServePeer(ctx, l)
		},
	}
}
