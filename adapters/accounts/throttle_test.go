package accounts_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/adapters/accounts"
	"hearth/domain"
)

// try is what is said to a password of zhangsan from a place.
func (b *bed) try(pass string, place accounts.Place) string {
	_, err := b.Authenticate(b.t.Context(), "zhangsan", pass, place)
	return code(err)
}

// enter signs in and gives the device token that the browser keeps.
func (b *bed) enter(login string, place accounts.Place, token string) (device string) {
	b.t.Helper()
	e, err := b.Authenticate(b.t.Context(), login, password, place)
	if err == nil {
		device, err = b.Begin(b.t.Context(), e, token, b.clock.Now().Add(12*time.Hour))
	}
	if err != nil {
		b.t.Fatalf("sign in %s: %v", login, err)
	}
	return device
}

func TestGuessingSlowsDownOnlyTheGuesser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create("zhangsan", domain.RoleHandler)
	for i := range 5 {
		if got := b.try("guess number one", from("10.0.0.1")); got != "bad_credentials" {
			t.Fatalf("try %d: %s", i+1, got)
		}
	}
	if got := b.try(password, from("10.0.0.1")); got != "too_many_tries" {
		t.Errorf("sixth try at once, right password: %q; want too_many_tries", got)
	}
	if got := b.try(password, from("10.0.0.2")); got != "" {
		t.Errorf("the owner from another address: %q", got)
	}
	b.add(time.Second)
	if got := b.try("guess number two", from("10.0.0.1")); got != "bad_credentials" {
		t.Errorf("after the wait: %q", got)
	}
	b.add(time.Second)
	if got := b.try("guess number two", from("10.0.0.1")); got != "too_many_tries" {
		t.Errorf("the wait does not grow: %q", got)
	}
	b.add(time.Second)
	if got := b.try(password, from("10.0.0.1")); got != "" {
		t.Errorf("right password after the longer wait: %q", got)
	}
	for range 4 {
		if got := b.try("guess number one", from("10.0.0.1")); got != "bad_credentials" {
			t.Errorf("failures are not forgotten after success: %q", got)
		}
	}
}

// TestGuessingFromManyAddresses: from networks that the account does not know,
// all guesses together are slowed down; who has signed in before, from this
// browser or this network, is not.
func TestGuessingFromManyAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.create("zhangsan", domain.RoleHandler)
	device := b.enter("zhangsan", from("10.1.1.1"), "token")
	looked := 0
	for i := range 60 {
		if b.try("guess number one", from(fmt.Sprintf("203.0.113.%d", i))) == "bad_credentials" {
			looked++
		}
	}
	if looked != 20 {
		t.Errorf("%d of 60 guesses from 60 addresses were looked at; want 20", looked)
	}
	if got := b.try(password, from("198.51.100.1")); got != "too_many_tries" {
		t.Errorf("the right password from another unknown network: %q; want too_many_tries", got)
	}
	if got := b.try(password, from("10.1.1.77")); got != "" {
		t.Errorf("the owner from a known network: %q", got)
	}
	if got := b.try(password, accounts.Place{Address: "198.51.100.1", Device: device}); got != "" {
		t.Errorf("the owner's browser on an unknown network: %q", got)
	}
	// The browser is known to this account alone, and only as it was given out.
	if got := b.try(password, accounts.Place{Address: "198.51.100.2", Device: device + "x"}); got != "too_many_tries" {
		t.Errorf("a made-up device: %q", got)
	}
	if types := b.events(u.ID); !slices.Contains(types, "held_up") || !slices.Contains(types, "sign_in_failed") {
		t.Errorf("the log of the account does not tell: %v", types)
	}
}

// TestAKnownBrowserIsNotHeldUp: even when the guesses come from its own address.
func TestAKnownBrowserIsNotHeldUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create("zhangsan", domain.RoleHandler)
	device := b.enter("zhangsan", from("10.1.1.1"), "token")
	for range 30 {
		b.try("guess number one", from("10.1.1.1"))
	}
	if got := b.try(password, from("10.1.1.1")); got != "too_many_tries" {
		t.Errorf("another browser at the address: %q; want too_many_tries", got)
	}
	known := accounts.Place{Address: "10.1.1.1", Device: device}
	if got := b.try(password, known); got != "" {
		t.Errorf("the known browser: %q", got)
	}
	// It is not free to guess either.
	for range 5 {
		b.try("guess number one", known)
	}
	if got := b.try(password, known); got != "too_many_tries" {
		t.Errorf("the known browser after its own guesses: %q; want too_many_tries", got)
	}
	// Nobody chooses a device token.
	e, err := b.Authenticate(t.Context(), "zhangsan", password, accounts.Place{Address: "10.9.9.9", Device: "chosen"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Begin(t.Context(), e, "token 2", b.clock.Now().Add(time.Hour))
	if err != nil || got == "chosen" {
		t.Errorf("device %q, %v", got, err)
	}
}

func TestWaitHasALimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 40 {
		if _, err := b.Authenticate(t.Context(), "x", "guess", from("10.0.0.1")); code(err) != "bad_credentials" {
			t.Fatalf("%v although a minute had passed", err)
		}
		b.add(time.Minute)
	}
}

func TestGuessesAtOnceAreCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var wg sync.WaitGroup
	results := make(chan string, 30)
	for range 30 {
		wg.Go(func() {
			_, err := b.Authenticate(t.Context(), "x", "guess", from("10.0.0.1"))
			results <- code(err)
		})
	}
	wg.Wait()
	close(results)
	checked := 0
	for r := range results {
		if r == "bad_credentials" {
			checked++
		}
	}
	if checked != 5 {
		t.Errorf("%d of 30 passwords were looked at; want 5", checked)
	}
}

// TestFailuresAreToldOnceAMinute: the log has one event a minute with a count, and
// none for a login that nobody has.
func TestFailuresAreToldOnceAMinute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.create("zhangsan", domain.RoleHandler)
	failed := func() int {
		n := 0
		for _, e := range b.events(u.ID) {
			if e == "sign_in_failed" {
				n++
			}
		}
		return n
	}
	for range 4 {
		b.try("guess number one", from("10.0.0.1"))
	}
	if n := failed(); n != 1 {
		t.Errorf("%d events after four failures at once; want 1", n)
	}
	if err := b.TellFailures(t.Context()); err != nil || failed() != 1 {
		t.Errorf("told again within the minute: %v, %d events", err, failed())
	}
	b.add(time.Minute)
	if err := b.TellFailures(t.Context()); err != nil || failed() != 2 {
		t.Errorf("a minute later: %v, %d events; want 2", err, failed())
	}
	b.add(time.Hour)
	if err := b.TellFailures(t.Context()); err != nil || failed() != 2 {
		t.Errorf("nothing more has happened: %v, %d events", err, failed())
	}
	end, err := b.store.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		_, _ = b.Authenticate(t.Context(), "nobody", "guess", from("10.0.0.1"))
	}
	if after, err := b.store.End(t.Context()); err != nil || after != end {
		t.Errorf("an unknown login left %d commits (%v)", after-end, err)
	}
}

func TestStoredHashesOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.create("zhangsan", domain.RoleOperator)
	_, key, err := b.CreateToken(t.Context(), u.ID, accounts.NewToken{Label: "王五的程序", Scopes: accounts.Scopes(), Expires: b.clock.Now().Add(time.Hour)}, wish(u))
	if err != nil {
		t.Fatal(err)
	}
	b.try("wrong password", from("10.0.0.1"))
	place := accounts.Place{Address: "10.0.0.1", Browser: "Mozilla/5.0 (Windows NT 10.0) Chrome/120 secret-extension"}
	device := b.enter("zhangsan", place, "session token")
	var all string
	err = b.pool.QueryRow(t.Context(), `select concat((select json_agg(a) from hearth.account a), (select json_agg(c) from hearth.credential c),
		(select json_agg(t) from hearth.api_token t), (select json_agg(s) from hearth.sign_in_try s), (select json_agg(s) from hearth.session s),
		(select json_agg(p) from hearth.known_place p), (select json_agg(f) from hearth.sign_in_failure f))`).Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(all, u.ID) || !strings.Contains(all, "Chrome · Windows") {
		t.Fatalf("not the tables: %s", all)
	}
	for _, secret := range []string{password, key, "10.0.0.1", "张三", "王五", device, "session token", "secret-extension"} {
		if strings.Contains(all, secret) {
			t.Errorf("the tables hold %q in the clear", secret)
		}
	}
}
