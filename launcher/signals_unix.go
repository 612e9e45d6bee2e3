//go:build unix

package launcher

import "syscall"

func stopSignals() []namedSignal {
	return []namedSignal{
		{"SIGTERM", syscall.SIGTERM},
		{"SIGINT", syscall.SIGINT},
		{"SIGQUIT", syscall.SIGQUIT},
		{"SIGHUP", syscall.SIGHUP},
		{"SIGUSR1", syscall.SIGUSR1},
		{"SIGUSR2", syscall.SIGUSR2},
		{"SIGKILL", syscall.SIGKILL},
	}
}
