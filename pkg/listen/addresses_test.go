package listen

import (
	"net/netip"
	"testing"
)

func TestAddresses(t *testing.T) {
	a := newAddresses(PerAddress{Max: 2})
	one, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for i, want := range []struct{ beyond, far bool }{{false, false}, {false, false}, {true, false}, {true, false}, {true, true}} {
		if beyond, far := a.add(one); beyond != want.beyond || far != want.far {
			t.Errorf("connection %d: beyond %v, far %v", i+1, beyond, far)
		}
	}
	if beyond, _ := a.add(other); beyond {
		t.Error("another address is limited by the first")
	}
	for range 5 {
		a.remove(one)
	}
	a.remove(other)
	if len(a.open) != 0 {
		t.Errorf("left: %v", a.open)
	}
	if beyond, _ := a.add(netip.Addr{}); beyond || len(a.open) != 0 {
		t.Error("an address that is not counted is")
	}
}
