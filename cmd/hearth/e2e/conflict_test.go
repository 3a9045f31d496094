package e2e_test

import (
	"testing"

	"hearth/adapters/web/browsertest"
)

// TestTwoCloseAtOnce has a reviewer send a closing back while the approver, whose
// page is older, approves it: the second sees what happened and decides anew.
func TestTwoCloseAtOnce(t *testing.T) {
	t.Parallel()
	m := newTeam(t, demo(t), "yc")
	id, no := m.take("phone", "13903560120", "name", "原同时", "employer", "阳城县同时修配厂", "new_enterprise", "1", "category", "wage_arrears",
		"area", "jc-yc", "owed", "5000", "summary", "一名修理工一个月工资没有发")
	m.hand(id, "jc-yc", "general", "栗俊峰")
	m.worker.do(id, "add_claimants", "claimants.0.name", "原同时", "claimants.0.phone", "13903560120", "claimants.0.owed_fen", "5000",
		"claimants.0.from", "2026-03-01", "claimants.0.to", "2026-03-31")
	m.settle(id, nil)
	m.conclude(id, 1, 1)
	m.worker.do(id, "propose_closure", "conclusion_code", "1", "narrative", "已足额支付。")
	m.callBack(id)

	const reason = "请补充支付凭证的编号"
	first, second := m.app.signIn(t, "approver"), m.app.signIn(t, "reviewer")
	second.begin(id, "return_closure", "reason", reason)
	first.do(id, "approve_closure")
	first.want("main", "已办结")

	second.Follow(commandForm + " .button.primary")
	second.want("#problem", "别人刚刚改了这件事")
	second.want("section.news", "结案")
	second.want("section.news", "周明远")
	if got := second.value("[name=reason]"); got != reason {
		t.Errorf("the reason typed reads %q after the conflict", got)
	}
	second.Screenshot("e2e-conflict", browsertest.Desktop)
	second.CheckAxe()
	// Sending it again cannot reopen what is closed.
	second.Follow(commandForm + " .button.primary")
	second.want("main", "现在不能办理")
	if got := second.value("[name=reason]"); got != reason {
		t.Errorf("the reason typed reads %q after the refusal", got)
	}
	second.open("/complaints/" + id)
	second.want("main", "已办结")
	second.want("h1", no)
}
