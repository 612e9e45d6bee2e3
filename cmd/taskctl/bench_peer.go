package main

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/spf13/cobra"

	"github.com/taskctl/taskctl/pkg/bench"
)

const benchPeer = "peer"

// benchPeerCommand is what a measurement runs to compare with. It ends with its
// standard input, not by a signal: Ctrl+C reaches it too, and its parent decides.
func (p *program) benchPeerCommand() *cobra.Command {
	return &cobra.Command{
		Use:     benchPeer,
		Short:   p.lang.BenchPeerShort(),
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
				_, _ = io.Copy(io.Discard, p.stdin) // it ends with the parent, however that ends
				cancel()
			}()
			return bench.ServePeer(ctx, l)
		},
	}
}
