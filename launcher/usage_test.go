package launcher

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestShareOfCPU(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var u usage
		started := time.Now()
		for _, tt := range []struct {
			after   time.Duration // since the start
			seconds float64
			want    float64
		}{
			{10 * time.Millisecond, 0.03, 3}, // not 300
			{500 * time.Millisecond, 0.25, 25},
			{2 * time.Second, 1, 50},
			{2100 * time.Millisecond, 1.1, 50}, // too soon after the last
			{4 * time.Second, 3, 100},
		} {
			time.Sleep(tt.after - time.Since(started))
			if got := u.share(1, started, tt.seconds); got < tt.want-0.01 || got > tt.want+0.01 {
				t.Errorf("after %v: %.1f %%, want %.1f", tt.after, got, tt.want)
			}
		}
	})
}
