// Package supervisor keeps components running: it starts them in order, each
// when those before it have said that they are ready, restarts those that die
// or hang, hands a rolling restart from one generation to the next, and stops
// all of them in reverse order until nothing is left. It knows nothing of what
// the components do.
//
// The parts, from the outside in:
//
//   - [Supervisor] orders the components and conducts start and stop.
//   - One goroutine per component, its actor, owns everything about it. The
//     actor is a shell around a machine whose transition function is pure:
//     intents, events and elapsed timers go in, actions come out. Commands set
//     what is wanted, so they may repeat and cross each other.
//   - A [Runner] starts one generation: [Process] as a child process, [Func] as
//     goroutines of this one. A runner may be wrapped, for instance to bind a
//     socket again that OnFailed has closed.
//   - Package child is the component's end of it.
//   - A [Ledger] and [Sweep] end what a killed launcher left behind.
//
// What the systems keep of it. Linux: all. Descendants are found by their
// process group, and those that left it by the mark in their environment; one
// that left the group and cleared its environment is out of sight, and is not
// waited for. macOS: descendants by group only, and nothing ends another's
// command when this process is killed, until the next sweep. Windows: commands
// in job objects, which the system ends with this process; components of ours
// only as goroutines.
//
// The exported names of this package and of child are settled: they gain, and
// do not change.
package supervisor
