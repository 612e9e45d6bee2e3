// Package control connects commands to a running launcher: the directory lock, which
// decides which launcher runs; both ends of the control socket; the status and the
// receipt that are sent over it; and a way to end a launcher that does not answer. It
// starts nothing.
package control
