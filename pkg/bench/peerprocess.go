package bench

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// StartPeer starts cmd, which must serve a peer, print its address as the first
// line, and exit at the end of its standard input. The returned function stops it.
func StartPeer(cmd *exec.Cmd) (*Peer, func() error, error) {
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, fmt.Errorf("start the peer: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, fmt.Errorf("start the peer: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("start the peer: %w", err)
	}
	stop := func() error {
		if err := lifeline.Close(); err != nil {
			return fmt.Errorf("stop the peer: %w", err)
		}
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("stop the peer: %w", err)
		}
		return nil
	}
	addr, err := bufio.NewReader(io.LimitReader(out, maxLine)).ReadString('\n')
	if err != nil {
		_ = stop()
		return nil, nil, fmt.Errorf("read the peer's address: %w", err)
	}
	return &Peer{Addr: strings.TrimSpace(addr), PID: cmd.Process.Pid}, stop, nil
}

// processes returns the peer's process, if it has one of its own.
func (p *Peer) processes() []Process {
	if p.PID == 0 {
		return nil
	}
	return []Process{{Name: "peer", PID: p.PID}}
}
