package guard

import (
	"fmt"
	"math"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// Kind is a kind of request that is counted apart.
type Kind string

// The kinds.
const (
	Visit    Kind = "visit"     // anything without a session
	Page     Kind = "page"      // anything with one
	SignIn   Kind = "sign_in"   // a try with a password
	Search   Kind = "search"    // a search, or what looks up while somebody types
	Export   Kind = "export"    // a file to take away
	Upload   Kind = "upload"    // a file that is brought
	API      Kind = "api"       // a request with a token
	BadToken Kind = "bad_token" // a request with none, or one that is not good
)

// Rule says how often one may ask: Burst at once, and PerSecond on average. It
// counts by address where nobody has signed in, else by user or token.
type Rule struct {
	Kind      Kind
	PerSecond float64
	Burst     int
}

// Rules is the one table of limits. An office of two hundred signs in from one
// address in the morning; an operator who types looks up four times a second at
// most; a page that shows live parts asks ten times a second at worst. Guessing
// passwords is slowed down more, for each login, by accounts.Authenticate.
func Rules() []Rule {
	return []Rule{
		{Visit, 20, 400},
		{Page, 50, 500},
		{SignIn, 2, 200},
		{Search, 8, 120},
		{Export, .2, 30},
		{Upload, .2, 30},
		{API, 200, 1000},
		{BadToken, 1, 60},
	}
}

// remembered is how many of those who ask are known of each kind; beyond that
// the one who has not asked for longest is forgotten. A bucket takes some 200
// bytes, so all of them stay under 10 MB.
const remembered = 4096

// Limiter counts how often each one asks. A nil Limiter lets everybody in. Safe
// for concurrent use.
type Limiter struct {
	now   func() time.Time
	kinds map[Kind]*kind
}

type kind struct {
	rule Rule

	mu      sync.Mutex
	buckets *lru.Cache[string, *rate.Limiter] // guarded by mu
	refused uint64                            // guarded by mu
}

// New makes a limiter from a table that names every kind once.
func New(rules []Rule, now func() time.Time) *Limiter {
	l := &Limiter{now: now, kinds: map[Kind]*kind{}}
	for _, r := range rules {
		buckets, err := lru.New[string, *rate.Limiter](remembered)
		if err != nil {
			panic(err) // only for a size below 1
		}
		l.kinds[r.Kind] = &kind{rule: r, buckets: buckets}
	}
	return l
}

// Allow counts a request of who, or refuses it and says after how long to come
// again. An unknown kind is a mistake in the program.
func (l *Limiter) Allow(k Kind, who string) (wait time.Duration, ok bool) {
	if l == nil {
		return 0, true
	}
	return l.of(k).take(l.now(), who, 1)
}

// Spent reports whether who has nothing left, and counts nothing: for what is
// counted only once it has turned out to be bad.
func (l *Limiter) Spent(k Kind, who string) (wait time.Duration, spent bool) {
	if l == nil {
		return 0, false
	}
	wait, ok := l.of(k).take(l.now(), who, 0)
	return wait, !ok
}

func (l *Limiter) of(k Kind) *kind {
	found := l.kinds[k]
	if found == nil {
		panic(fmt.Sprintf("guard: no rule for %q", k))
	}
	return found
}

func (k *kind) take(now time.Time, who string, n int) (time.Duration, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, ok := k.buckets.Get(who)
	if !ok {
		b = rate.NewLimiter(rate.Limit(k.rule.PerSecond), k.rule.Burst)
		k.buckets.Add(who, b)
	}
	if left := b.TokensAt(now); left < 1 {
		k.refused++
		return time.Duration(math.Ceil((1-left)/k.rule.PerSecond)) * time.Second, false
	}
	return 0, b.AllowN(now, n)
}

// Refused is how many requests of each kind were refused so far.
func (l *Limiter) Refused() map[Kind]uint64 {
	all := map[Kind]uint64{}
	for k, one := range l.kinds {
		one.mu.Lock()
		all[k] = one.refused
		one.mu.Unlock()
	}
	return all
}

// ByAddress is whom a request without a user is counted as: the address, and of
// IPv6 the network that one house has.
func ByAddress(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	net, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return net.String()
}
