package accounts_test

import (
	"testing"
	"time"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/domain/user"
)

func TestSessions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := accounts.NewSessions(b.pool, b.clock.Now)
	expires := b.clock.Now().Add(time.Hour)
	for _, data := range []string{"one", "two"} {
		if err := s.CommitCtx(t.Context(), "tok", []byte(data), expires); err != nil {
			t.Fatal(err)
		}
	}
	if data, found, err := s.FindCtx(t.Context(), "tok"); err != nil || !found || string(data) != "two" {
		t.Errorf("find: %q, %v, %v", data, found, err)
	}
	b.add(time.Hour)
	if _, found, err := s.FindCtx(t.Context(), "tok"); err != nil || found {
		t.Errorf("an expired session was found (%v)", err)
	}
	b.create("zhangsan", domain.RoleHandler)
	if _, err := b.Authenticate(t.Context(), "zhangsan", password, from("10.0.0.1")); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := b.pool.QueryRow(t.Context(), "select count(*) from hearth.session").Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d expired sessions are left after a sign-in (%v)", rows, err)
	}
	if err := s.CommitCtx(t.Context(), "tok", []byte("x"), b.clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteCtx(t.Context(), "tok"); err != nil {
		t.Fatal(err)
	}
	if _, found, _ := s.FindCtx(t.Context(), "tok"); found {
		t.Error("a deleted session was found")
	}
}

// TestAnEndedSessionIsWorthNothing: whatever ends it, the cookie opens nothing
// afterwards, not even when an answer is under way that stores the session.
func TestAnEndedSessionIsWorthNothing(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(b *bed, u, admin accounts.User) error{
		"sign-out": func(b *bed, u, _ accounts.User) error { return b.SignOut(b.t.Context(), u, "stolen") },
		"ended alone": func(b *bed, u, _ accounts.User) error {
			_, err := b.Do(b.t.Context(), u.ID, &user.EndSessions{Session: accounts.SessionID("stolen"), Reason: user.ReasonRisk}, wish(u))
			return err
		},
		"ended with all": func(b *bed, u, admin accounts.User) error {
			_, err := b.Do(b.t.Context(), u.ID, &user.EndSessions{Reason: user.ReasonRisk}, wish(admin))
			return err
		},
		"disabled": func(b *bed, u, admin accounts.User) error {
			_, err := b.Do(b.t.Context(), u.ID, &user.Disable{Reason: user.ReasonLeft}, wish(admin))
			return err
		},
		"new password": func(b *bed, u, _ accounts.User) error {
			return b.ChangePassword(b.t.Context(), u, password, "quite a new one", wish(u))
		},
		"password set": func(b *bed, u, admin accounts.User) error {
			return b.SetPassword(b.t.Context(), u.ID, "quite a new one", false, wish(admin))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			u, admin := b.create("zhangsan", domain.RoleHandler), b.create("admin", domain.RoleSystemAdmin)
			s := accounts.NewSessions(b.pool, b.clock.Now)
			b.enter("zhangsan", from("10.0.0.1"), "stolen")
			expires := b.clock.Now().Add(time.Hour)
			if err := s.CommitCtx(t.Context(), "stolen", []byte("data"), expires); err != nil {
				t.Fatal(err)
			}
			if _, found, err := s.FindCtx(t.Context(), "stolen"); err != nil || !found {
				t.Fatalf("before: %v, %v", found, err)
			}
			b.add(time.Second)
			if err := end(b, u, admin); err != nil {
				t.Fatal(err)
			}
			if err := s.CommitCtx(t.Context(), "stolen", []byte("data"), expires); err != nil {
				t.Fatal(err)
			}
			if _, found, err := s.FindCtx(t.Context(), "stolen"); err != nil || found {
				t.Errorf("the session is still there: %v, %v", found, err)
			}
			if all, err := b.SessionsOf(t.Context(), u.ID); err != nil || len(all) != 0 {
				t.Errorf("it is still listed: %+v, %v", all, err)
			}
		})
	}
}

func TestSessionsAreListed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u, other := b.create("zhangsan", domain.RoleHandler), b.create("other", domain.RoleHandler)
	b.enter("zhangsan", accounts.Place{Address: "10.0.0.1", Browser: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0"}, "one")
	b.enter("other", from("10.0.0.2"), "two")
	b.add(90 * time.Second)
	s := accounts.NewSessions(b.pool, b.clock.Now)
	if err := s.CommitCtx(t.Context(), "one", []byte("x"), b.clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	all, err := b.SessionsOf(t.Context(), u.ID)
	want := accounts.Session{ID: accounts.SessionID("one"), Began: b.clock.Now().Add(-90 * time.Second), Seen: b.clock.Now().Truncate(time.Minute), Browser: "Edge · Windows"}
	if err != nil || len(all) != 1 || all[0].ID != want.ID || !all[0].Began.Equal(want.Began) || !all[0].Seen.Equal(want.Seen) || all[0].Browser != want.Browser {
		t.Errorf("sessions %+v, %v; want %+v", all, err, want)
	}
	b.refused("not_permitted", other, u.ID, &user.EndSessions{Session: want.ID, Reason: user.ReasonRisk})
	for agent, want := range map[string]string{
		"":         "未知浏览器 · 其他设备",
		"curl/8.0": "未知浏览器 · 其他设备",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 Version/17.0 Mobile Safari/604.1": "Safari · iPhone",
		"Mozilla/5.0 (Linux; Android 14) Chrome/120 Mobile MicroMessenger/8.0":                                    "微信 · Android",
		"Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0":                                  "Firefox · Linux",
	} {
		if got := accounts.BrowserFamily(agent); got != want {
			t.Errorf("%q: %q; want %q", agent, got, want)
		}
	}
}
