package user

import (
	"slices"
	"time"

	"hearth/domain"
)

// State is 用户状态. Besides what decisions rest on it has what is needed to let
// somebody in while the log cannot be read, for which adapters/accounts keeps it
// beside the log.
type State struct {
	ID         string      `json:"id,omitempty"`
	Identity   Identity    `json:"identity,omitzero" seal:"identity"` // ⓟ
	Home       string      `json:"home,omitempty"`
	Disabled   bool        `json:"disabled,omitempty"`
	Grants     []Grant     `json:"grants,omitempty"`
	Password   string      `json:"password,omitempty"` // id of the credential
	MustChange bool        `json:"must_change,omitempty"`
	Factor     string      `json:"factor,omitempty"` // id of the credential
	Codes      string      `json:"codes,omitempty"`  // id of the recovery codes
	Removal    *Removal    `json:"removal,omitempty"`
	Tokens     []Token     `json:"tokens,omitempty"`
	External   []External  `json:"external,omitempty" seal:"identity"` // ⓟ
	Invitation *Invitation `json:"invitation,omitempty"`
	Generation int         `json:"generation,omitempty"` // rises when all sessions are to end
}

// Removal is 解除二次验证申请.
type Removal struct {
	Reason Reason `json:"reason"`
	By     string `json:"by"` // user id
}

// Exists reports whether the account was made.
func (s State) Exists() bool { return s.ID != "" }

// Find is the grant of an id.
func (s State) Find(grant string) (Grant, bool) {
	i := slices.IndexFunc(s.Grants, func(g Grant) bool { return g.Grant == grant })
	if i < 0 {
		return Grant{}, false
	}
	return s.Grants[i], true
}

// On is 有效授权: the grants in force on a date, the user's own before those on
// behalf of others. Whether the holder of a delegated office still has it is for
// the caller to find out (Office.HoldsOn).
func (s State) On(date domain.Date) []Grant {
	var own, behalf []Grant
	for _, g := range s.Grants {
		switch {
		case g.Status != StatusGranted || !g.Terms.On(date):
		case g.Delegated():
			behalf = append(behalf, g)
		default:
			own = append(own, g)
		}
	}
	return append(own, behalf...)
}

// Pending is 待批准授权: what was asked for and is not decided.
func (s State) Pending() []Grant {
	var pending []Grant
	for _, g := range s.Grants {
		if g.Status == StatusRequested {
			pending = append(pending, g)
		}
	}
	return pending
}

// Roles is the roles of the grants in force on a date, each once.
func (s State) Roles(date domain.Date) []domain.Role {
	var roles []domain.Role
	for _, g := range s.On(date) {
		if !slices.Contains(roles, g.Role) {
			roles = append(roles, g.Role)
		}
	}
	return roles
}

// Invited reports whether an invitation is the last one and may still be used.
func (s State) Invited(id string, at time.Time) bool {
	return s.Invitation != nil && s.Invitation.ID == id && !s.Disabled && at.Before(s.Invitation.Expires)
}
