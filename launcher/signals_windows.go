package launcher

import "syscall"

func stopSignals() []namedSignal {
	return []namedSignal{{"SIGTERM", syscall.SIGTERM}, {"SIGINT", syscall.SIGINT}, {"SIGKILL", syscall.SIGKILL}}
}
