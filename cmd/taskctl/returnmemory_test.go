package main

import "testing"

func TestMemoryIsReturnedAfterABurst(t *testing.T) {
	const mb = 1 << 20
	w := newMemoryWatch(memoryUse{18 * mb, 5 * mb})
	for _, step := range []struct {
		what  string
		now   memoryUse
		after uint64 // resident after the return; 0: it is not due
	}{
		{"at the start", memoryUse{20 * mb, 10 * mb}, 0},
		{"a little more", memoryUse{30 * mb, 20 * mb}, 0},
		{"the burst begins", memoryUse{200 * mb, 400 * mb}, 0},
		{"many clients are connected", memoryUse{400 * mb, 410 * mb}, 380 * mb},
		{"a pause", memoryUse{380 * mb, 420 * mb}, 0},
		{"another", memoryUse{380 * mb, 430 * mb}, 0},
		{"they have left", memoryUse{385 * mb, 440 * mb}, 60 * mb},
		{"a short pause", memoryUse{60 * mb, 450 * mb}, 0},
		{"the rest", memoryUse{60 * mb, 460 * mb}, 22 * mb},
		{"idle", memoryUse{24 * mb, 461 * mb}, 0},
		{"a smaller burst, over", memoryUse{50 * mb, 470 * mb}, 22 * mb},
	} {
		due := w.due(step.now)
		if due != (step.after > 0) {
			t.Errorf("%s: due %v", step.what, due)
		}
		if due {
			w.returned(step.now, memoryUse{step.after, step.now.allocated})
		}
	}
}

func TestReadMemory(t *testing.T) {
	if now := readMemory(); now.resident == 0 || now.allocated == 0 {
		t.Errorf("read %+v", now)
	}
}
