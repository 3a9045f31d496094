package guard

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	l := New([]Rule{{Export, .2, 3}, {BadToken, 1, 2}}, func() time.Time { return now })
	for i := range 3 {
		if _, ok := l.Allow(Export, "a"); !ok {
			t.Fatalf("request %d of 3 is refused", i+1)
		}
	}
	if wait, ok := l.Allow(Export, "a"); ok || wait != 5*time.Second {
		t.Errorf("the fourth: %v, %v; want to come again after 5 s", wait, ok)
	}
	if _, ok := l.Allow(Export, "b"); !ok {
		t.Error("another one is refused as well")
	}
	now = now.Add(5 * time.Second)
	if _, ok := l.Allow(Export, "a"); !ok {
		t.Error("refused after the wait that was told")
	}
	for range 5 {
		if _, spent := l.Spent(BadToken, "x"); spent {
			t.Fatal("to ask whether it is spent spends it")
		}
	}
	l.Allow(BadToken, "x")
	l.Allow(BadToken, "x")
	if wait, spent := l.Spent(BadToken, "x"); !spent || wait != time.Second {
		t.Errorf("after two bad ones: %v %v", wait, spent)
	}
	if got := l.Refused(); got[Export] != 1 || got[BadToken] != 1 {
		t.Errorf("refused %v", got)
	}
	var none *Limiter
	if _, ok := none.Allow(Export, "a"); !ok {
		t.Error("no limiter refuses")
	}
}

// TestLimiterForgets: a flood of addresses takes no more memory than the table
// of those remembered.
func TestLimiterForgets(t *testing.T) {
	t.Parallel()
	l := New(Rules(), time.Now)
	for i := range 10 * remembered {
		l.Allow(Visit, fmt.Sprint(i))
	}
	if n := l.kinds[Visit].buckets.Len(); n != remembered {
		t.Errorf("%d are remembered; want %d", n, remembered)
	}
}

// TestRules: the table names each kind once, and an operator who works without
// a pause stays below.
func TestRules(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := New(Rules(), func() time.Time { return now })
	if len(l.kinds) != len(Rules()) || len(l.kinds) != len([]Kind{Visit, Page, SignIn, Search, Export, Upload, API, BadToken}) {
		t.Fatalf("%d rules for %d kinds", len(Rules()), len(l.kinds))
	}
	// A shift of eight hours: each second two pages or parts and four look-ups
	// while a name is typed, and a file every half a minute.
	for s := range 8 * 3600 {
		now = now.Add(time.Second)
		ask := map[Kind]int{Page: 6, Search: 4, Export: 0}
		if s%30 == 0 {
			ask[Export] = 1
		}
		for kind, n := range ask {
			for range n {
				if _, ok := l.Allow(kind, "operator"); !ok {
					t.Fatalf("after %d s of work: %s is refused", s, kind)
				}
			}
		}
	}
}

func TestByAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "::ffff:192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "x": "x",
	} {
		if got := ByAddress(address); got != want {
			t.Errorf("%s is counted as %s; want %s", address, got, want)
		}
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	o := Origin{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for _, tc := range []struct {
		remote, proto string
		want          bool
	}{
		{"10.0.0.1:5", "https", true},
		{"10.0.0.1:5", "http", false},
		{"10.0.0.1:5", "", false},
		{"10.0.0.1:5", "http, https", true},
		{"10.0.0.1:5", "https, http", false},
		{"192.0.2.1:5", "https", false},
		{"x", "https", false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = tc.remote
		if tc.proto != "" {
			r.Header.Set("X-Forwarded-Proto", tc.proto)
		}
		if got := o.TLS(r); got != tc.want {
			t.Errorf("from %s, said to be %q: TLS %v", tc.remote, tc.proto, got)
		}
	}
}
