package accounts

import (
	"slices"
	"strings"

	"hearth/domain"
)

// CheckRoles rejects roles that one account must not hold together (domain.md
// 4.8): administration with any case work, audit administration with the other
// two, finance with approval.
func CheckRoles(roles []domain.Role) error {
	if len(roles) == 0 {
		return domain.Reject("roles_missing", "请至少选择一个岗位角色。")
	}
	for _, r := range roles {
		if !domain.Roles().Has(r) || r == domain.RoleSystem {
			return domain.Reject("role_unknown", "没有“%s”这个可以授予的岗位角色。", string(r))
		}
	}
	for _, bad := range exclusions {
		if a, b := first(roles, bad.one), first(roles, bad.other); a != "" && b != "" {
			return domain.Reject("roles_exclude", "“%s”和“%s”不能在同一个账号里,请分成两个账号,由两个人使用。", a.Label(), b.Label())
		}
	}
	return nil
}

type exclusion struct {
	one, other func(domain.Role) bool
}

var exclusions = []exclusion{
	{is(domain.RoleAuditAdmin), is(domain.RoleSystemAdmin, domain.RoleSecurityAdmin)},
	{Administrative, func(r domain.Role) bool { return !Administrative(r) }},
	{is(domain.RoleCashier, domain.RoleAccountant), is(domain.RoleApprover)},
}

// Administrative reports whether a role runs the system and sees no case.
func Administrative(r domain.Role) bool {
	return is(domain.RoleSystemAdmin, domain.RoleSecurityAdmin, domain.RoleAuditAdmin)(r)
}

func is(roles ...domain.Role) func(domain.Role) bool {
	return func(r domain.Role) bool { return slices.Contains(roles, r) }
}

func first(roles []domain.Role, match func(domain.Role) bool) domain.Role {
	if i := slices.IndexFunc(roles, match); i >= 0 {
		return roles[i]
	}
	return ""
}

// CheckPassword rejects a password that is too easy to guess: under ten
// characters, the login itself, or one and the same character.
func CheckPassword(login, password string) error {
	n := len([]rune(password))
	switch {
	case n < 10:
		return domain.Reject("password_short", "密码太短,请用至少10个字符,例如几个不相干的词连在一起。")
	case len(password) > 256:
		return domain.Reject("password_long", "密码太长,请不要超过256个字节。")
	case login != "" && strings.Contains(strings.ToLower(password), strings.ToLower(login)):
		return domain.Reject("password_login", "密码里不能有登录名,请换一个。")
	case strings.Count(password, password[:len(password)/n]) == n:
		return domain.Reject("password_simple", "密码不能是同一个字符的重复,请换一个。")
	}
	return nil
}
