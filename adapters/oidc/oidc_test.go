package oidc_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"hearth/adapters/oidc"
	"hearth/adapters/oidc/oidctest"
	"hearth/domain"
)

const redirect = "http://hearth.test/sign-in/oidc/back"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

type bundle struct {
	*oidctest.Provider
	oidc *oidc.Provider
}

func setup(t *testing.T) bundle {
	t.Helper()
	p := oidctest.New(t, redirect)
	o, err := oidc.New(oidc.Config{Issuer: p.Issuer, ClientID: oidctest.ClientID, Secret: oidctest.Secret, Name: "政务统一身份认证"})
	if err != nil {
		t.Fatal(err)
	}
	return bundle{p, o}
}

// begin starts a flow and goes to the provider as a user.
func (b bundle) begin(t *testing.T, login string) (oidc.Flow, url.Values) {
	t.Helper()
	address, flow, err := b.oidc.Begin(t.Context(), redirect)
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	return flow, b.Answer(t.Context(), address, login)
}

// wantRejection checks the code and that the text says what to do, and no more.
func wantRejection(t *testing.T, err error, code string) {
	t.Helper()
	r, ok := errors.AsType[*domain.Rejection](err)
	if !ok || r.Code != code {
		t.Errorf("got %v; want %s", err, code)
		return
	}
	if !strings.Contains(r.Text, "请") || !strings.Contains(r.Text, "政务统一身份认证") {
		t.Errorf("%s says %q; want what to do, and about whom", code, r.Text)
	}
}

func TestGoodFlow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	address, flow, err := b.oidc.Begin(t.Context(), redirect)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	asked := u.Query()
	for name, want := range map[string]string{
		"response_type": "code", "code_challenge_method": "S256", "redirect_uri": redirect, "scope": "openid profile",
		"state": flow.State, "nonce": flow.Nonce, "client_id": oidctest.ClientID,
	} {
		if got := asked.Get(name); got != want {
			t.Errorf("asked with %s=%q; want %q", name, got, want)
		}
	}
	if strings.Contains(address, flow.Verifier) {
		t.Error("the verifier is in the address")
	}
	got, err := b.oidc.Finish(t.Context(), flow, b.Answer(t.Context(), address, "wang.lh"))
	if err != nil {
		t.Fatal(err)
	}
	want := oidc.Identity{Issuer: b.Issuer, Subject: "8f1c-0002", Name: "王丽华", Login: "wang.lh"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFlowsAreAllDifferent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, one, err := b.oidc.Begin(t.Context(), redirect)
	_, two, err2 := b.oidc.Begin(t.Context(), redirect)
	if err != nil || err2 != nil || one.State == two.State || one.Nonce == two.Nonce || one.Verifier == two.Verifier {
		t.Errorf("%+v and %+v, %v, %v", one, two, err, err2)
	}
}

func TestAnswersOfAnotherFlow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	flow, answer := b.begin(t, "wang.lh")
	other, _ := b.begin(t, "wang.lh")
	for name, c := range map[string]struct {
		flow   oidc.Flow
		change func(url.Values)
		code   string
	}{
		"wrong state":          {flow, func(v url.Values) { v.Set("state", other.State) }, oidc.CodeExpired},
		"no state":             {flow, func(v url.Values) { v.Del("state") }, oidc.CodeExpired},
		"no flow":              {oidc.Flow{Begun: time.Now()}, func(v url.Values) { v.Del("state") }, oidc.CodeExpired},
		"no code":              {flow, func(v url.Values) { v.Del("code") }, oidc.CodeUntrusted},
		"a code that is none":  {flow, func(v url.Values) { v.Set("code", "guess") }, oidc.CodeRefused},
		"of another issuer":    {flow, func(v url.Values) { v.Set("iss", "https://elsewhere.example") }, oidc.CodeUntrusted},
		"an error":             {flow, func(v url.Values) { v.Set("error", "login_required") }, oidc.CodeRefused},
		"with another's proof": {oidc.Flow{State: flow.State, Nonce: flow.Nonce, Verifier: other.Verifier, Redirect: redirect, Begun: flow.Begun}, func(url.Values) {}, oidc.CodeRefused},
	} {
		changed := url.Values{}
		for k, v := range answer {
			changed[k] = v
		}
		c.change(changed)
		_, err := b.oidc.Finish(t.Context(), c.flow, changed)
		t.Run(name, func(t *testing.T) { wantRejection(t, err, c.code) })
	}
	// None of these has used it up: the flow itself is still good.
	if _, err := b.oidc.Finish(t.Context(), flow, answer); err != nil {
		t.Errorf("the right answer: %v", err)
	}
}

func TestCodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	flow, answer := b.begin(t, "wang.lh")
	if _, err := b.oidc.Finish(t.Context(), flow, answer); err != nil {
		t.Fatal(err)
	}
	_, err := b.oidc.Finish(t.Context(), flow, answer)
	wantRejection(t, err, oidc.CodeRefused)
}

func TestFlowEnds(t *testing.T) {
	t.Parallel()
	for age, ok := range map[time.Duration]bool{oidc.FlowLife - time.Minute: true, oidc.FlowLife: false, -time.Minute: false} {
		b := setup(t)
		flow, answer := b.begin(t, "wang.lh")
		flow.Begun = flow.Begun.Add(-age)
		_, err := b.oidc.Finish(t.Context(), flow, answer)
		if ok && err != nil {
			t.Errorf("after %s: %v", age, err)
		}
		if !ok {
			wantRejection(t, err, oidc.CodeExpired)
		}
	}
}

func TestUserRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	flow, answer := b.begin(t, "")
	_, err := b.oidc.Finish(t.Context(), flow, answer)
	wantRejection(t, err, oidc.CodeRefused)
	if !strings.Contains(err.Error(), "access_denied") {
		t.Errorf("%v; the log is to have the provider's code", err)
	}
}

func TestFaultyProvider(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]oidctest.Fault{
		"nonce":    {Nonce: "another"},
		"audience": {Audience: "somebody-else"},
		"key":      {WrongKey: true},
		"expired":  {Expired: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			flow, answer := b.begin(t, "wang.lh")
			b.Set(fault)
			_, err := b.oidc.Finish(t.Context(), flow, answer)
			wantRejection(t, err, oidc.CodeUntrusted)
			b.Set(oidctest.Fault{})
			flow, answer = b.begin(t, "wang.lh")
			if _, err := b.oidc.Finish(t.Context(), flow, answer); err != nil {
				t.Errorf("after it was mended: %v", err)
			}
		})
	}
}

func TestProviderIsDownThenBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Stop()
	if b.oidc.Ready() {
		t.Error("ready before it was looked for")
	}
	_, _, err := b.oidc.Begin(t.Context(), redirect)
	wantRejection(t, err, oidc.CodeUnreachable)
	if b.oidc.Ready() {
		t.Error("ready although it is down")
	}

	b.Start()
	flow, answer := b.begin(t, "li.jg")
	if !b.oidc.Ready() {
		t.Error("not ready although it has answered")
	}
	b.Stop() // between the browser's way back and our question
	_, err = b.oidc.Finish(t.Context(), flow, answer)
	wantRejection(t, err, oidc.CodeUnreachable)
	b.Start()
	if id, err := b.oidc.Finish(t.Context(), flow, answer); err != nil || id.Subject != "8f1c-0003" {
		t.Errorf("after it is back: %+v, %v", id, err)
	}
}

func TestRunFindsIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Stop()
	ctx, cancel := context.WithCancel(t.Context())
	looks := make(chan error)
	var running sync.WaitGroup
	running.Go(func() {
		b.oidc.Run(ctx, func(err error) {
			select {
			case looks <- err:
			case <-ctx.Done():
			}
		})
	})
	defer running.Wait()
	defer cancel()
	wantRejection(t, <-looks, oidc.CodeUnreachable)
	b.Start()
	if err := <-looks; err != nil || !b.oidc.Ready() {
		t.Errorf("%v, ready %v after it is back", err, b.oidc.Ready())
	}
}

func TestSettings(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name               string
		issuer, id, secret string
		want               oidc.Config
		rejected           bool
	}{
		{"none", "", "", "", oidc.Config{}, false},
		{"all", "https://sso.example", "hearth", secret, oidc.Config{Issuer: "https://sso.example", ClientID: "hearth", Secret: "s3cret", Name: "政务"}, false},
		{"on the loopback", "http://127.0.0.1:9", "hearth", secret, oidc.Config{Issuer: "http://127.0.0.1:9", ClientID: "hearth", Secret: "s3cret", Name: "政务"}, false},
		{"without TLS", "http://sso.example", "hearth", secret, oidc.Config{}, true},
		{"no address", "sso.example", "hearth", secret, oidc.Config{}, true},
		{"only a secret", "", "", secret, oidc.Config{}, true},
		{"no id", "https://sso.example", "", secret, oidc.Config{}, true},
		{"no secret", "https://sso.example", "hearth", "", oidc.Config{}, true},
		{"no such file", "https://sso.example", "hearth", secret + ".gone", oidc.Config{}, true},
	} {
		t.Setenv("HEARTH_OIDC_ISSUER", c.issuer)
		t.Setenv("HEARTH_OIDC_CLIENT_ID", c.id)
		t.Setenv("HEARTH_OIDC_CLIENT_SECRET_FILE", c.secret)
		t.Setenv("HEARTH_OIDC_NAME", "政务")
		got, err := oidc.FromEnv()
		if r, ok := errors.AsType[*domain.Rejection](err); ok != c.rejected || c.rejected && (r.Code != "oidc_settings" || !strings.Contains(r.Text, "HEARTH_OIDC_")) {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, got, cmp.Comparer(func(a, b func() time.Time) bool { return (a == nil) == (b == nil) })); err == nil && c.name != "none" && diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
