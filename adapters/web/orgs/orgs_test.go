package orgs_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/adapters/web/orgs"
	"hearth/adapters/web/webtest"
	"hearth/domain"
	"hearth/domain/orgunit"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
)

// setup is the pages over the founding tree, on the rules that hold.
func setup(t *testing.T) *webtest.Shell {
	t.Helper()
	store := memstore.New(eventstore.NewRegistry(orgunit.Specs()))
	register := casework.New(eventstore.NewEngine(store, 100), casework.Options{Now: webtest.Now})
	if err := register.FoundUnits(t.Context()); err != nil {
		t.Fatal(err)
	}
	return webtest.New(t, func(c *web.Config) { c.Units = register.KnownUnits }, orgs.New(register))
}

func contains(t *testing.T, a webtest.Answer, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(a.Body, want) {
			t.Errorf("%d %s does not say %q:\n%s", a.Status, a.Path, want, a.Body)
		}
	}
}

// A town is founded, renamed, moved to another county, and dissolved; the tree of
// each date stays as it was.
func TestLifeOfAUnit(t *testing.T) {
	t.Parallel()
	admin := setup(t).SignIn(t, domain.RoleSystemAdmin)
	contains(t, admin.Get("/units"), "2026-11-23的组织机构", "泽州县总工会", `<code>jc-kf</code>`, "市总工会")
	page := admin.Get("/units/jc-zz")
	contains(t, page, "在下面成立单位", "没有下属单位", "建档之初", "成立泽州县总工会,隶属晋城市总工会。")
	a := admin.Submit(page, "found", "/units/jc-zz/below", "code", "jc-zz-bg", "name", "北义城镇总工会", "short", "北义城", "kind", "town", "from_date", "2026-03-01")
	contains(t, a, "已登记新成立的单位", "北义城镇总工会")

	page = admin.Get("/units/jc-zz-bg")
	contains(t, admin.Submit(page, "rename", "/units/jc-zz-bg/rename", "name", "北义城镇工会联合会", "short", "北义城", "from_date", "2026-05-01"),
		"已登记更名", "由“北义城镇总工会”更名为“北义城镇工会联合会”")
	page = admin.Get("/units/jc-zz-bg")
	contains(t, admin.Submit(page, "move", "/units/jc-zz-bg/move", "to", "jc-gp", "basis", "晋工发〔2026〕3号", "from_date", "2026-07-01"),
		"已登记隶属调整", "由泽州县总工会调整到高平市总工会", "晋城市总工会", "市总 / 高平")
	for on, want := range map[string]string{"2026-02-28": "", "2026-06-30": "泽州", "2026-07-01": "高平"} {
		body := admin.Get("/units?on=" + on).Body
		if at := strings.Index(body, "北义城"); (at >= 0) != (want != "") {
			t.Errorf("on %s the town is there: %t", on, at >= 0)
		} else if above := strings.LastIndex(body[:max(at, 0)], "indent-1"); want != "" && !strings.Contains(body[above:at], want) {
			t.Errorf("on %s the town is not below %s", on, want)
		}
	}
	page = admin.Get("/units/jc-zz-bg")
	contains(t, admin.Submit(page, "dissolve", "/units/jc-zz-bg/dissolve", "basis", "晋工发〔2026〕9号"), "已登记撤销", "只供查阅")
	contains(t, admin.Get("/units"), "已撤销", "北义城镇工会联合会</a>,2026-11-23撤销")
	if a := admin.Get("/units/jc-zz-bg"); strings.Contains(a.Body, "<form method=\"post\" action=\"/units") {
		t.Error("a dissolved unit can still be changed")
	}
}

// What the rules refuse is told on the form, with what was filled in.
func TestBadChanges(t *testing.T) {
	t.Parallel()
	admin := setup(t).SignIn(t, domain.RoleSystemAdmin)
	page := admin.Get("/units/jc-zz")
	for _, c := range []struct {
		form, verb string
		fields     []string
		says       string
	}{
		{"found", "below", []string{"code", "JC ZZ", "name", "镇", "short", "镇", "kind", "town", "from_date", "2026-03-01"}, "小写字母"},
		{"found", "below", []string{"code", "jc-gp", "name", "镇", "short", "镇", "kind", "town", "from_date", "2026-03-01"}, "已经用过"},
		{"found", "below", []string{"code", "jc-x", "name", "", "short", "镇", "kind", "town", "from_date", "2026-03-01"}, "请填写全称"},
		{"move", "move", []string{"to", "jc-zz", "basis", "文", "from_date", "2026-03-01"}, "不能作为上级"},
		{"move", "move", []string{"to", "jc-gp", "basis", "", "from_date", "2026-03-01"}, "请填写依据的文号"},
		{"move", "move", []string{"to", "nowhere", "basis", "文", "from_date", "2026-03-01"}, "不存在"},
		{"rename", "rename", []string{"name", "新名", "short", "新", "from_date", "不是日期"}, "日期"},
	} {
		a := admin.Submit(page, c.form, "/units/jc-zz/"+c.verb, c.fields...)
		if a.Status != 422 {
			t.Errorf("%s %v: status %d", c.verb, c.fields, a.Status)
		}
		contains(t, a, c.says)
	}
	if a := admin.Get("/units/nowhere"); a.Status != 404 {
		t.Errorf("a unit that is not there: %d", a.Status)
	}
}

// Everybody reads the tree; nobody but an administrator changes it.
func TestOnlyAdministratorsChange(t *testing.T) {
	t.Parallel()
	s := setup(t)
	clerk := s.SignIn(t, domain.RoleOperator)
	contains(t, clerk.Get("/units"), "高平市总工会")
	if a := clerk.Get("/units/jc-gp"); strings.Contains(a.Body, "登记变更") {
		t.Error("an operator is offered changes")
	}
	a := clerk.Post("/units/jc-gp/rename", "_command", uuid.NewString(), "name", "甲", "short", "甲", "from_date", "2026-03-01")
	if a.Status != 403 {
		t.Errorf("an operator renames: %d", a.Status)
	}
	contains(t, s.Visitor(t).Get("/units"), "登录")
}
