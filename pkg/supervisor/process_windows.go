package supervisor

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var _ Runner = Process{}

// process is one generation as a child process. Windows knows no groups that
// outlive their leader: a job object takes their place, and the system ends it
// with this process. Pipes and sockets cannot be handed down, so no component
// of ours can be one.
type process struct {
	gen   Generation
	proc  *os.Process
	pid   int
	job   windows.Handle
	tail  tail
	began time.Time

	readers sync.WaitGroup
	killed  atomic.Bool
	jobLock sync.Mutex    // the job's handle is closed under it
	over    chan struct{} // closed when nothing is left
}

// Start starts the process and the goroutines that serve it.
func (p Process) Start(ctx context.Context, gen Generation) (Instance, error) {
	if p.Ours || p.Sockets != nil {
		return nil, errors.New("a Windows process cannot be wired to its launcher")
	}
	path, err := p.find()
	if err != nil {
		return nil, err
	}
	job, err := newJob()
	if err != nil {
		return nil, err
	}
	i := &process{gen: gen, job: job, began: time.Now(), over: make(chan struct{})}
	if err := i.spawn(ctx, p, path); err != nil {
		return nil, errors.Join(err, windows.CloseHandle(job))
	}
	return i, nil
}

func (i *process) spawn(ctx context.Context, p Process, path string) error {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer func() { _ = null.Close() }()
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = outWrite.Close() }()
	errRead, errWrite, err := os.Pipe()
	if err != nil {
		return errors.Join(err, outRead.Close())
	}
	defer func() { _ = errWrite.Close() }()
	i.proc, err = os.StartProcess(path, p.argv(), &os.ProcAttr{
		Dir: p.Dir, Env: p.environ(i.gen.Mark, nil), Files: []*os.File{null, outWrite, errWrite},
		Sys: &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP},
	})
	if err != nil {
		return errors.Join(err, outRead.Close(), errRead.Close())
	}
	i.pid = i.proc.Pid
	if err := i.join(); err != nil {
		i.gen.Logger.Warn("process has no job object: what it starts may outlive it", "error", err)
	}
	i.serve(ctx, p, outRead, errRead)
	return nil
}

// newJob makes a job object whose processes end when its handle is closed,
// which the death of this process does too.
func newJob() (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE},
	}
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err != nil {
		return 0, errors.Join(err, windows.CloseHandle(job))
	}
	return job, nil
}

func (i *process) join() error {
	var err error
	withErr := i.proc.WithHandle(func(handle uintptr) {
		err = windows.AssignProcessToJobObject(i.job, windows.Handle(handle))
	})
	return errors.Join(withErr, err)
}

func (i *process) serve(ctx context.Context, p Process, stdout, stderr *os.File) {
	ready := sync.OnceFunc(func() { i.gen.Emit(Event{Kind: BecameReady}) })
	waiting, cancel := context.WithCancel(ctx)
	switch {
	case p.Ready == nil:
		i.readers.Go(ready)
	case p.Ready.Log == nil:
		i.readers.Go(func() { p.Ready.await(waiting, ready) })
	}
	for stream, pipe := range map[string]*os.File{"stdout": stdout, "stderr": stderr} {
		to, lines := p.Output.open(stream), i.tail.splitter()
		if p.Ready != nil && p.Ready.Log != nil {
			p.Ready.seeIn(&lines, ready)
		}
		i.readers.Go(func() { drain(pipe, to, lines, i.gen.Logger.With("stream", stream)) })
	}
	go func() {
		state, err := i.proc.Wait()
		exit := Exit{At: time.Now(), Code: -1, Killed: i.killed.Load()}
		exit.Uptime = exit.At.Sub(i.began)
		if err == nil {
			exit.Code = state.ExitCode()
		}
		cancel()
		_ = windows.TerminateJobObject(i.job, 1) // what it left; the pipes end with it
		i.readers.Wait()
		i.jobLock.Lock()
		close(i.over)
		_ = windows.CloseHandle(i.job)
		i.jobLock.Unlock()
		i.gen.Emit(Event{Kind: Gone, Exit: exit})
	}()
}

// PID returns the process id.
func (i *process) PID() int { return i.pid }

// Tell passes an order on. The polite one is Ctrl+Break, which the process
// hears if it shares our console.
func (i *process) Tell(o Order) {
	i.jobLock.Lock()
	defer i.jobLock.Unlock()
	if isClosed(i.over) {
		return
	}
	switch o {
	case Stop, Retire:
		_ = windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(i.pid)) // the deadline follows
	case Kill:
		i.killed.Store(true)
		_ = windows.TerminateJobObject(i.job, 1)
		_ = i.proc.Kill() // in case it has no job
	case Dump, Accept: // nothing here does that
	}
}

// Suspended is not told on Windows.
func (i *process) Suspended() bool { return false }

// Lines returns the last lines of output.
func (i *process) Lines() []string { return i.tail.last() }

// Members names the process while it lives; the rest of its job is not listed.
func (i *process) Members() []Member {
	if isClosed(i.over) {
		return nil
	}
	return []Member{{PID: i.pid, Command: "process"}}
}
