package user

import (
	"strings"
	"time"

	"hearth/domain"
)

// LongestToken is 令牌最长有效期.
const LongestToken = 366 * 24 * time.Hour

// terms rejects what nobody could grant to the user.
func (s State) terms(t Terms, by domain.By, office *Office) (Terms, error) {
	today := domain.DateOf(by.At)
	if t.From.IsZero() {
		t.From = today
	}
	t.Text = strings.TrimSpace(t.Text)
	if err := grantable(t.Role); err != nil {
		return t, err
	}
	switch {
	case t.Grant == "":
		panic("user: a grant without an id")
	case s.Disabled:
		return t, domain.Reject("account_disabled", "账号已停用,不能授权,请先启用。")
	case t.Org == "":
		return t, domain.Reject("org_missing", "请选择授权的单位。")
	case t.From.Before(today):
		return t, domain.Reject("from_past", "授权不能早于今天(%s)开始,请改正起始日期。", today)
	case !t.To.IsZero() && t.To.Before(t.From):
		return t, domain.Reject("bad_period", "截止日期早于起始日期,请改正。")
	case t.Reason == ReasonOther && t.Text == "":
		return t, domain.Reject("reason_missing", "请写明授权的事由。")
	}
	if err := reasons.Check(t.Reason); err != nil {
		return t, err
	}
	if err := s.delegable(t, office); err != nil {
		return t, err
	}
	return t, s.compatible(t)
}

// delegable rejects a delegation that is more than what the holder has.
func (s State) delegable(t Terms, office *Office) error {
	switch {
	case !t.Delegated():
		return nil
	case t.To.IsZero():
		return domain.Reject("delegation_endless", "代行职务必须有截止日期,请填写。")
	case t.OnBehalfOf == s.ID:
		return domain.Reject("own_office", "不能代行自己的职务,请另选代行人。")
	case Administrative(t.Role):
		return domain.Reject("delegation_admin", "管理员的职务不能代行,请按正常程序授权。")
	case office == nil || !office.Holds(t):
		return domain.Reject("office_not_held", "被代行人在该单位没有“%s”这一本职授权,或者授权期限不够长。代行期限不能超过本职期限,代行来的职务不能再转代。", t.Role.Label())
	}
	return nil
}

// compatible rejects terms that would leave excluded roles in the account on some
// day, and those that the account has already.
func (s State) compatible(t Terms) error {
	for _, g := range s.Grants {
		if g.Grant == t.Grant || g.Status != StatusGranted || !g.overlaps(t) {
			continue
		}
		if exclude(g.Role, t.Role) {
			return excluded(g.Role, t.Role)
		}
		if g.Role == t.Role && g.Org == t.Org && g.OnBehalfOf == t.OnBehalfOf && g.covers(t) {
			return domain.Reject("grant_exists", "该账号在这段时间已有“%s”授权,无须重复办理。", t.Role.Label())
		}
	}
	return nil
}

func requestRole(s State, cmd *RequestRole) ([]Event, error) {
	if cmd.Actor.ID == s.ID {
		return nil, domain.Reject("own_grant", "不能为自己申请授权,请由另一位管理员办理。")
	}
	if g, known := s.Find(cmd.Grant); known {
		if g.Status == StatusRequested {
			return nil, nil
		}
		return nil, domain.Reject("grant_taken", "这项授权已经办理过,请刷新页面后重新填写。")
	}
	t, err := s.terms(cmd.Terms, cmd.By, cmd.Office)
	if err != nil {
		return nil, err
	}
	for _, g := range s.Pending() {
		if g.Role == t.Role && g.Org == t.Org && g.OnBehalfOf == t.OnBehalfOf && g.overlaps(t) {
			return nil, domain.Reject("grant_pending", "该账号的“%s”授权已有人申请,正在等待批准。", t.Role.Label())
		}
	}
	return []Event{RoleRequested{Terms: t, By: cmd.Actor.ID}}, nil
}

// requested is a grant that waits for a decision of somebody.
func (s State) requested(grant string) (Grant, error) {
	g, known := s.Find(grant)
	if !known || g.Status != StatusRequested {
		return g, domain.Reject("nothing_requested", "没有待批准的这项授权,可能已由他人办理,请刷新页面。")
	}
	return g, nil
}

func approveRole(s State, cmd *ApproveRole) ([]Event, error) {
	g, err := s.requested(cmd.Grant)
	if err != nil {
		return nil, err
	}
	switch who := cmd.Actor.ID; who {
	case g.RequestedBy:
		return nil, domain.Reject("same_person", "申请人不能批准自己的申请,请由另一位管理员批准。")
	case s.ID:
		return nil, domain.Reject("own_grant", "不能批准给自己的授权,请由另一位管理员批准。")
	}
	// It was asked for some days ago; what has passed meanwhile is not granted.
	t := g.Terms
	if today := domain.DateOf(cmd.At); t.From.Before(today) {
		t.From = today
	}
	if !t.To.IsZero() && t.To.Before(t.From) {
		return nil, domain.Reject("period_over", "申请的授权期限已过,请不予批准后重新申请。")
	}
	if t, err = s.terms(t, cmd.By, cmd.Office); err != nil {
		return nil, err
	}
	return []Event{RoleGranted{Terms: t, RequestedBy: g.RequestedBy, ApprovedBy: cmd.Actor.ID, How: HowApproved}}, nil
}

func refuseRole(s State, cmd *RefuseRole) ([]Event, error) {
	g, err := s.requested(cmd.Grant)
	if err != nil {
		return nil, err
	}
	if cmd.Actor.ID == s.ID {
		return nil, domain.Reject("own_grant", "不能办理给自己的授权,请由另一位管理员办理。")
	}
	if err := reasons.Check(cmd.Reason); err != nil {
		return nil, err
	}
	return []Event{RoleRefused{Grant: g.Grant, Reason: cmd.Reason, By: cmd.Actor.ID}}, nil
}

// EnoughAdministrators is 管理员人数: from so many on, nobody grants alone.
const EnoughAdministrators = 2

func grantRole(s State, cmd *GrantRole) ([]Event, error) {
	if g, known := s.Find(cmd.Grant); known && g.Status == StatusGranted {
		return nil, nil
	}
	if err := grantHows.Check(cmd.How); err != nil {
		return nil, err
	}
	switch {
	case cmd.Actor.ID == s.ID:
		return nil, domain.Reject("own_grant", "不能给自己授权,请由另一位管理员办理。")
	case cmd.How == HowApproved:
		return nil, domain.Reject("not_alone", "授权须由一位管理员申请、另一位管理员批准。")
	case cmd.How == HowConsole && cmd.Administrators >= EnoughAdministrators:
		return nil, domain.Reject("second_needed", "已有两位管理员,授权须由另一位管理员在页面上批准。")
	case cmd.Delegated():
		return nil, domain.Reject("not_alone", "代行职务须由一位管理员申请、另一位管理员批准。")
	}
	t, err := s.terms(cmd.Terms, cmd.By, nil)
	if err != nil {
		return nil, err
	}
	return []Event{RoleGranted{Terms: t, RequestedBy: cmd.Actor.ID, ApprovedBy: cmd.Actor.ID, How: cmd.How}}, nil
}

func revokeRole(s State, cmd *RevokeRole) ([]Event, error) {
	g, known := s.Find(cmd.Grant)
	switch {
	case !known:
		return nil, domain.Reject("grant_missing", "没有这项授权,请刷新页面。")
	case g.Status == StatusRevoked:
		return nil, nil
	case g.Status != StatusGranted:
		return nil, domain.Reject("not_granted", "这项授权还没有批准,请办理“不予授权”。")
	}
	if err := reasons.Check(cmd.Reason); err != nil {
		return nil, err
	}
	return []Event{RoleRevoked{Grant: g.Grant, Reason: cmd.Reason, By: cmd.Actor.ID}}, nil
}
