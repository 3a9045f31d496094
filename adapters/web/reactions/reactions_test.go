package reactions_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/reactions"
	webreactions "hearth/adapters/web/reactions"
	"hearth/adapters/web/webtest"
	"hearth/domain"
)

// desk is parked events in memory; those that are of type stubborn cannot be
// dealt with.
type desk struct {
	mu     sync.Mutex
	state  reactions.State    // guarded by mu
	parked []reactions.Parked // guarded by mu
	log    []string           // guarded by mu
}

const stubborn = "complaint.closed"

func (d *desk) Status(context.Context) ([]reactions.Status, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return []reactions.Status{{
		Name: "credit", Title: "信用信号", State: d.state, Position: 1200, Behind: 3, Parked: len(d.parked),
		Error: map[bool]string{true: "联动进度与事件日志不相配"}[d.state == reactions.StateStopped],
	}}, nil
}

func (d *desk) Parked(_ context.Context, limit int) ([]reactions.Parked, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.parked[:min(limit, len(d.parked))]), nil
}

func (d *desk) Retry(_ context.Context, reaction string, event uuid.UUID, by string) error {
	return d.settle(event, "retry "+reaction+" by "+by, func(p reactions.Parked) error {
		if p.Type == stubborn {
			return domain.Reject("still_fails", "重试没有成功:%s。", p.Error)
		}
		return nil
	})
}

func (d *desk) Dismiss(_ context.Context, reaction string, event uuid.UUID, by, reason string) error {
	return d.settle(event, "dismiss "+reaction+" by "+by+": "+reason, func(reactions.Parked) error { return nil })
}

func (d *desk) settle(event uuid.UUID, what string, try func(reactions.Parked) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.parked, func(p reactions.Parked) bool { return p.EventID == event })
	if i < 0 {
		return domain.Reject("parked_settled", "这一条已经处理过了。")
	}
	if err := try(d.parked[i]); err != nil {
		return err
	}
	d.parked = slices.Delete(d.parked, i, i+1)
	d.log = append(d.log, what)
	return nil
}

func setup() *desk {
	d := &desk{state: reactions.StateRunning}
	for i, typ := range []string{stubborn, "complaint.archived"} {
		d.parked = append(d.parked, reactions.Parked{
			Reaction: "credit", EventID: uuid.UUID{byte(i + 1)}, Position: 1234, Type: typ, Stream: "complaint/c", Tries: 6,
			Error: "enterprise_missing: 没有这个单位", ParkedAt: webtest.Now().Add(-2 * time.Hour), TriedAt: webtest.Now().Add(-time.Hour),
		})
	}
	return d
}

func contains(t *testing.T, a webtest.Answer, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(a.Body, want) {
			t.Errorf("%d %s does not say %q:\n%s", a.Status, a.Path, want, a.Body)
		}
	}
}

func TestParked(t *testing.T) {
	t.Parallel()
	d := setup()
	admin := webtest.New(t, nil, webreactions.New(d)).SignIn(t, domain.RoleSystemAdmin)
	contains(t, admin.Get("/ops"), `<a href="/ops/parked">自动联动和待处理事件</a>`)
	a := admin.Get("/ops/parked")
	contains(t, a, "信用信号", "正常", "1,200", "3 条", `<span class="count">2</span>`, "1,234", stubborn, "2026-11-23 07:30", "试过 6 次,最近 1小时前", "没有这个单位")

	path := func(n byte, verb string) string { return fmt.Sprintf("/ops/parked/credit/%s/%s", uuid.UUID{n}, verb) }
	a = admin.Post(path(1, "retry"), "_form", "retry-"+uuid.UUID{1}.String(), "_back", "/ops/parked")
	contains(t, a, "重试没有成功", stubborn)
	if a.Status != 422 {
		t.Errorf("a retry that failed: status %d", a.Status)
	}
	a = admin.Post(path(2, "retry"))
	contains(t, a, "重试成功", `<span class="count">1</span>`)

	a = admin.Post(path(1, "dismiss"), "_form", "dismiss-"+uuid.UUID{1}.String(), "_back", "/ops/parked")
	contains(t, a, "请填写理由", `<details class="confirm" data-confirm open>`)
	a = admin.Post(path(1, "dismiss"), "reason", " 单位已注销 ")
	contains(t, a, "已记下理由", "没有待处理的事件")
	if a := admin.Post(path(1, "dismiss"), "reason", "x"); a.Status != 422 {
		t.Errorf("dismissed twice: status %d", a.Status)
	}
	if a := admin.Post("/ops/parked/credit/nonsense/retry"); a.Status != 422 {
		t.Errorf("an address that was tampered with: status %d", a.Status)
	}
	want := []string{"retry credit by " + admin.User.ID, "dismiss credit by " + admin.User.ID + ": 单位已注销"}
	if !slices.Equal(d.log, want) {
		t.Errorf("done: %q, want %q", d.log, want)
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	for state, says := range map[reactions.State]string{
		reactions.StateRunning: "正常", reactions.StateWaiting: "由另一实例运行", reactions.StateRetrying: "正在重试", reactions.StateStopped: "联动进度与事件日志不相配",
	} {
		s := webtest.New(t, nil, webreactions.New(&desk{state: state}))
		contains(t, s.SignIn(t, domain.RoleSystemAdmin).Get("/ops/parked"), says, "没有待处理的事件")
	}
}

func TestOnlyForAdministrators(t *testing.T) {
	t.Parallel()
	d := setup()
	s := webtest.New(t, nil, webreactions.New(d))
	leader := s.SignIn(t, domain.RoleLeader)
	if a := leader.Get("/ops"); strings.Contains(a.Body, "/ops/parked") {
		t.Error("the operations page leads a leader where he may not go")
	}
	dismiss := fmt.Sprintf("/ops/parked/credit/%s/dismiss", uuid.UUID{1})
	if get, post := leader.Get("/ops/parked"), leader.Post(dismiss, "reason", "x"); get.Status != 403 || post.Status != 403 || len(d.log) != 0 {
		t.Errorf("a leader got %d and %d, did %v", get.Status, post.Status, d.log)
	}
}
