package supervisor

// processScans is not needed, because job objects keep track of their processes.
type processScans struct{}
