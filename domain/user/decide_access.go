package user

import "hearth/domain"

// decideFactor decides about the second factor.
func decideFactor(s State, cmd Command) ([]Event, error) {
	switch cmd := cmd.(type) {
	case *SetFactor:
		switch {
		case cmd.Credential == "" || cmd.Codes == "":
			panic("user: a second factor without its credentials")
		case cmd.Actor.ID != s.ID:
			return nil, domain.Reject("not_own_account", "二次验证只能由本人设置。")
		case s.Factor == cmd.Credential:
			return nil, nil
		}
		return []Event{SecondFactorSet{Credential: cmd.Credential, Codes: cmd.Codes}}, nil
	case *RenewCodes:
		switch {
		case cmd.Actor.ID != s.ID:
			return nil, domain.Reject("not_own_account", "恢复码只能由本人重发。")
		case s.Factor == "":
			return nil, noFactor()
		case s.Codes == cmd.Codes:
			return nil, nil
		}
		return []Event{RecoveryCodesRenewed{Codes: cmd.Codes}}, nil
	case *RemoveFactor:
		switch {
		case cmd.Actor.ID != s.ID:
			return nil, domain.Reject("not_own_account", "他人的二次验证须由两位管理员解除,请先申请。")
		case s.Factor == "":
			return nil, nil
		}
		return []Event{SecondFactorRemoved{RequestedBy: s.ID, ApprovedBy: s.ID}}, nil
	case *RequestFactorRemoval:
		return requestFactorRemoval(s, cmd)
	case *ApproveFactorRemoval:
		switch who := cmd.Actor.ID; {
		case s.Removal == nil:
			return nil, domain.Reject("nothing_requested", "没有待批准的解除申请,可能已由他人办理,请刷新页面。")
		case who == s.Removal.By:
			return nil, domain.Reject("same_person", "申请人不能批准自己的申请,请由另一位管理员批准。")
		case who == s.ID:
			return nil, domain.Reject("own_account", "不能批准解除自己的二次验证,请由另一位管理员批准。")
		}
		return []Event{SecondFactorRemoved{RequestedBy: s.Removal.By, ApprovedBy: cmd.Actor.ID}}, nil
	case *RefuseFactorRemoval:
		if s.Removal == nil {
			return nil, domain.Reject("nothing_requested", "没有待批准的解除申请,可能已由他人办理,请刷新页面。")
		}
		return []Event{FactorRemovalRefused{By: cmd.Actor.ID}}, nil
	default: // decide sends no other
		return nil, nil
	}
}

func noFactor() error {
	return domain.Reject("no_factor", "该账号没有设置二次验证。")
}

func requestFactorRemoval(s State, cmd *RequestFactorRemoval) ([]Event, error) {
	switch {
	case s.Factor == "":
		return nil, noFactor()
	case cmd.Actor.ID == s.ID:
		return nil, domain.Reject("own_account", "请用动态口令或恢复码自行解除;都用不了时,请由管理员申请解除。")
	case s.Removal != nil:
		return nil, domain.Reject("removal_pending", "已有一项解除申请在等待批准。")
	}
	if err := reasons.Check(cmd.Reason); err != nil {
		return nil, err
	}
	return []Event{FactorRemovalRequested{Reason: cmd.Reason, By: cmd.Actor.ID}}, nil
}

// decideSession decides about coming in and going.
func decideSession(s State, cmd Command) ([]Event, error) {
	switch cmd := cmd.(type) {
	case *SignIn:
		if s.Disabled {
			return nil, domain.Reject("account_disabled", "这个账号已停用,请联系本单位的系统管理员。")
		}
		return []Event{SignedIn{How: cmd.How, Factor: cmd.Factor, Session: cmd.Session}}, nil
	case *FailSignIn:
		if cmd.Count < 1 {
			return nil, nil
		}
		return []Event{SignInFailed{Why: cmd.Why, Count: cmd.Count}}, nil
	case *HoldUp:
		return []Event{HeldUp{}}, nil
	case *SignOut:
		return []Event{SignedOut{Session: cmd.Session}}, nil
	case *EndSessions:
		if err := reasons.Check(cmd.Reason); err != nil {
			return nil, err
		}
		return []Event{SessionsEnded{Session: cmd.Session, Reason: cmd.Reason, By: cmd.Actor.ID}}, nil
	default: // decide sends no other
		return nil, nil
	}
}
