//go:build !linux

package bench

// giveWay reports that there is no policy for that here.
func giveWay() bool { return false }
