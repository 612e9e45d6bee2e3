// Package filewatch reports changes of files that match patterns. It compares the
// directories before and after a burst of notifications. So it does not matter how an
// editor or a build writes a file, or in which order a new directory, its files and
// their notifications appear.
package filewatch
