//go:build !unix

package bench

func (r *receiver) drain() error { return r.drainBuffered() }
