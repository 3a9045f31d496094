package totp_test

import (
	"encoding/base32"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp"

	"hearth/adapters/totp"
)

// rfcSecret is the secret of RFC 6238, appendix B.
var rfcSecret = base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))

// The codes of the RFC have eight digits; ours are their last six.
func TestVectorsOfTheRFC(t *testing.T) {
	t.Parallel()
	for at, code := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		step, ok := totp.Verify(rfcSecret, code[2:], time.Unix(at, 0), 0)
		if !ok || step != at/30 {
			t.Errorf("at %d: step %d, %v; want %d", at, step, ok, at/30)
		}
	}
}

func TestClockAndReplay(t *testing.T) {
	t.Parallel()
	const step = 1111111111 / 30
	code := "050471"
	at := func(offset int64) time.Time { return time.Unix((step+offset)*30, 0) }
	for _, c := range []struct {
		name string
		code string
		now  time.Time
		last int64
		ok   bool
	}{
		{"in its time", code, at(0), 0, true},
		{"in the last second of its time", code, at(1).Add(-time.Second), 0, true},
		{"a phone that is behind", code, at(1), 0, true},
		{"a phone that is ahead", code, at(-1), 0, true},
		{"two steps late", code, at(2), 0, false},
		{"two steps early", code, at(-2), 0, false},
		{"after the step before it", code, at(0), step - 1, true},
		{"used already", code, at(0), step, false},
		{"older than one that was used", code, at(1), step + 1, false},
		{"with spaces", " 050 471 ", at(0), 0, true},
		{"with full-width digits", "０５０　４７１", at(0), 0, true},
		{"one digit wrong", "050472", at(0), 0, false},
		{"too short", "05047", at(0), 0, false},
		{"eight digits", "14050471", at(0), 0, false},
		{"letters", "abcdef", at(0), 0, false},
		{"nothing", "", at(0), 0, false},
	} {
		want := c.last
		if c.ok {
			want = step
		}
		if got, ok := totp.Verify(rfcSecret, c.code, c.now, c.last); ok != c.ok || got != want {
			t.Errorf("%s: step %d, %v; want %d, %v", c.name, got, ok, want, c.ok)
		}
	}
	for _, secret := range []string{"", "not base32!"} {
		if _, ok := totp.Verify(secret, code, at(0), 0); ok {
			t.Errorf("a code is right for the secret %q", secret)
		}
	}
}

func TestNewSecretForAnApp(t *testing.T) {
	t.Parallel()
	secret, other := totp.NewSecret(), totp.NewSecret()
	if len(secret) != 32 || secret == other {
		t.Errorf("secrets %q and %q; want two of 160 bits", secret, other)
	}
	uri, err := totp.URI(secret, "hotline")
	if err != nil {
		t.Fatal(err)
	}
	// Read back as an app does.
	key, err := otp.NewKeyFromURL(uri)
	if err != nil {
		t.Fatalf("%s: %v", uri, err)
	}
	got := []any{key.Type(), key.Issuer(), key.AccountName(), key.Secret(), key.Period(), key.Digits(), key.Algorithm()}
	if diff := cmp.Diff([]any{"totp", totp.Issuer, "hotline", secret, uint64(30), otp.DigitsSix, otp.AlgorithmSHA1}, got); diff != "" {
		t.Error(diff)
	}
	if u, err := url.Parse(uri); err != nil || u.Scheme != "otpauth" || u.Host != "totp" {
		t.Errorf("%s: %v", uri, err)
	}
	if _, err := totp.URI("not base32!", "hotline"); err == nil {
		t.Error("a secret of another form has a URI")
	}
	if got := totp.Grouped(secret); len(got) != 39 || strings.ReplaceAll(got, " ", "") != secret {
		t.Errorf("grouped: %q", got)
	}
}
