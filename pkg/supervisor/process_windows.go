package supervisor

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"taskctl/pkg/wait"
)

var _ Runner = Process{}

// process is one generation as a child process. A job object takes the place of the
// process group, and Windows ends it together with this process. Pipes and sockets
// cannot be inherited, so components of ours cannot run as child processes.
type process struct {
	gen   Generation
	proc  *os.Process
	pid   int
	job   windows.Handle
	tail  tail
	began time.Time

	readers    sync.WaitGroup
	killSentAt atomic.Bool
	jobLock    sync.Mutex    // held to close the handle of the job
	done       chan struct{} // closed when nothing is left
}

// Start starts the process and the goroutines that serve it.
func (p Process) Start(ctx context.Context, gen Generation) (Instance, error) {
	if p.User != nil {
		return nil, errOtherUser
	}
	if p.Ours || p.Sockets != nil {
		return nil, errors.New("a Windows process cannot inherit its launcher's descriptors")
	}
	path, err := p.Resolve()
	if err != nil {
		return nil, err
	}
	job, err := newJob()
	if err != nil {
		return nil, err
	}
	i := &process{gen: gen, job: job, began: time.Now(), done: make(chan struct{})}
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
		Dir: p.Dir, Env: p.environ(i.gen.ID, nil), Files: []*os.File{null, outWrite, errWrite},
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

var errOtherUser = errors.New("a Windows process cannot be started as another user")

// ownSession refuses what Windows cannot do.
func (p Process) ownSession(*exec.Cmd) error {
	if p.User != nil {
		return errOtherUser
	}
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
		i.readers.Go(func() {
			await(waiting, func(ctx context.Context) bool {
				_, err := p.ask(ctx, *p.Ready)
				return err == nil
			}, ready)
		})
	}
	for stream, pipe := range map[string]*os.File{"stdout": stdout, "stderr": stderr} {
		to, lines := p.Output.open(stream), i.tail.splitter()
		if p.Ready != nil && p.Ready.Log != nil {
			p.Ready.watchOutput(&lines, ready)
		}
		i.readers.Go(func() { drain(pipe, to, lines, i.gen.Logger.With("stream", stream)) })
	}
	go func() {
		state, err := i.proc.Wait()
		exit := Exit{At: time.Now(), Code: -1, Killed: i.killSentAt.Load()}
		exit.Uptime = exit.At.Sub(i.began)
		if err == nil {
			exit.Code = state.ExitCode()
		}
		cancel()
		_ = windows.TerminateJobObject(i.job, 1) // ends the remaining descendants, and with them the pipes
		i.readers.Wait()
		i.jobLock.Lock()
		close(i.done)
		_ = windows.CloseHandle(i.job)
		i.jobLock.Unlock()
		i.gen.Emit(Event{Kind: Gone, Exit: exit})
	}()
}

// PID returns the process id.
func (i *process) PID() int { return i.pid }

// Send passes a request on. Stop is Ctrl+Break, which reaches the process if it shares
// our console.
func (i *process) Send(o Request) {
	i.jobLock.Lock()
	defer i.jobLock.Unlock()
	if wait.IsClosed(i.done) {
		return
	}
	switch o {
	case Stop, Retire:
		_ = windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(i.pid)) // if it fails, the process is killed after the stop timeout
	case Kill:
		i.killSentAt.Store(true)
		_ = windows.TerminateJobObject(i.job, 1)
		_ = i.proc.Kill() // in case it has no job object
	case Dump, Accept: // not supported on Windows
	}
}

// Suspended is not known on Windows.
func (i *process) Suspended() bool { return false }

// Lines returns the last lines of output.
func (i *process) Lines() []string { return i.tail.last() }

// Members names the process while it lives; the rest of its job is not listed.
func (i *process) Members() []Member {
	if wait.IsClosed(i.done) {
		return nil
	}
	return []Member{{PID: i.pid, Command: "process"}}
}
