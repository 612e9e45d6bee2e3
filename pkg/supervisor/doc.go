// Package supervisor keeps components running: it starts them in order, each when those
// before it have reported that they are ready, restarts those that die or hang,
// replaces one generation by the next in a rolling restart, and stops all of them in
// reverse order until no process is left. It knows nothing about what the components
// do.
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
//   - A [RunState] and [Sweep] end what a killed launcher left behind.
//
// What the systems keep of it. Linux: all. Each command gets a session of its
// own; its descendants are found by their parents, which this process becomes
// where theirs have ended (see docs/adr/0010). macOS: descendants by parent,
// group and session, and nothing ends another's
// command when this process is killed, until the next sweep. Windows: commands
// in job objects, which the system ends with this process; components of ours
// only as goroutines.
//
// The exported names of this package and of child are stable: names are added,
// not changed.
package supervisor
