package timeline

import (
	"strings"

	account "hearth/domain/user"
)

// accountLine is the sentence of every event of a user's account. Whose it is
// stands nowhere in it: the stream is the user's, and names are personal.
func accountLine(ev account.Event) Line {
	switch ev := ev.(type) {
	case account.Created:
		return line(Register, "建立账号,所属单位%s。", org(ev.Home))
	case account.Renamed:
		return line(Register, "更改姓名。")
	case account.MovedHome:
		return line(Register, "所属单位变更为%s。", org(ev.To))
	case account.RoleRequested, account.RoleGranted, account.RoleRefused, account.RoleRevoked:
		return grantLine(ev)
	case account.Disabled:
		return line(Register, "%s停用账号,事由:%s。", user(ev.By), ev.Reason.Label())
	case account.Enabled:
		return line(Register, "%s启用账号。", user(ev.By))
	case account.PasswordSet:
		return line(Register, "%s设置密码%s,原有登录全部退出。", user(ev.By), yesNo(ev.MustChange, "(下次登录须更改)", ""))
	case account.SecondFactorSet:
		return line(Register, "设置二次验证。")
	case account.RecoveryCodesRenewed:
		return line(Register, "重发恢复码,原有的作废。")
	case account.FactorRemovalRequested:
		return line(Register, "%s申请解除二次验证,事由:%s。", user(ev.By), ev.Reason.Label())
	case account.FactorRemovalRefused:
		return line(Register, "%s不同意解除二次验证。", user(ev.By))
	case account.SecondFactorRemoved:
		return line(Register, "解除二次验证:%s申请,%s批准。", user(ev.RequestedBy), user(ev.ApprovedBy))
	case account.SignedIn, account.SignInFailed, account.HeldUp, account.SignedOut, account.SessionsEnded:
		return doorLine(ev)
	case account.TokenIssued:
		return line(Register, "发放接口令牌%s,用途:%s,有效至%s。", shortID(ev.ID), labels(ev.Scopes), moment(ev.Expires)).with(ev.Label)
	case account.TokenRevoked:
		return line(Register, "%s吊销接口令牌%s。", user(ev.By), shortID(ev.ID))
	case account.LinkInvited:
		return line(Register, "%s发出关联统一身份的邀请,有效至%s。", user(ev.By), moment(ev.Expires))
	case account.ExternalLinked:
		return line(Register, "关联统一身份。")
	case account.ExternalUnlinked:
		return line(Register, "解除统一身份。")
	}
	return Line{}
}

// grantLine is the sentence of what happens to a grant.
func grantLine(ev account.Event) Line {
	switch ev := ev.(type) {
	case account.RoleRequested:
		return line(Register, "%s申请授权:%s,事由:%s。", user(ev.By), terms(ev.Terms), ev.Reason.Label()).with(ev.Text)
	case account.RoleGranted:
		return line(Register, "授权:%s。%s申请,%s批准(%s)。", terms(ev.Terms), user(ev.RequestedBy), user(ev.ApprovedBy), ev.How.Label()).with(ev.Text)
	case account.RoleRefused:
		return line(Register, "%s不同意授权%s,事由:%s。", user(ev.By), shortID(ev.Grant), ev.Reason.Label())
	case account.RoleRevoked:
		return line(Register, "%s收回授权%s,事由:%s。", user(ev.By), shortID(ev.Grant), ev.Reason.Label())
	default:
		return Line{}
	}
}

// doorLine is the sentence of coming in and going.
func doorLine(ev account.Event) Line {
	switch ev := ev.(type) {
	case account.SignedIn:
		return line(Register, "登录(%s%s)。", ev.How.Label(), optional("+%s", second(ev.Factor)))
	case account.SignInFailed:
		return line(Register, "登录失败%d次:%s。", ev.Count, ev.Why.Label())
	case account.HeldUp:
		return line(Register, "连续登录失败,暂缓登录。")
	case account.SignedOut:
		return line(Register, "退出登录。")
	case account.SessionsEnded:
		return line(Register, "%s强制退出%s,事由:%s。", user(ev.By), yesNo(ev.Session == "", "全部登录", "一处登录"), ev.Reason.Label())
	default:
		return Line{}
	}
}

// terms is a grant in words.
func terms(t account.Terms) mark {
	period := "自" + t.From.String() + "起"
	if !t.To.IsZero() {
		period = t.From.String() + "至" + t.To.String()
	}
	behalf := ""
	if t.Delegated() {
		behalf = ",代" + string(user(t.OnBehalfOf))
	}
	return org(t.Org) + mark(unmarked(t.Role.Label())+"("+period+behalf+")")
}

func second(f account.Factor) string {
	if f == account.FactorNone {
		return ""
	}
	return f.Label()
}

// shortID is enough of an id to tell it from the others of an account.
func shortID(id string) string {
	head, _, _ := strings.Cut(id, "-")
	return head
}
