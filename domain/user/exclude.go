package user

import (
	"slices"

	"hearth/domain"
)

type exclusion struct {
	one, other func(domain.Role) bool
}

// exclusions are the roles that one account must not hold together (domain.md
// 4.8): administration and any business, audit administration and the other two,
// finance and approval.
var exclusions = []exclusion{
	{oneOf(domain.RoleAuditAdmin), oneOf(domain.RoleSystemAdmin, domain.RoleSecurityAdmin)},
	{Administrative, func(r domain.Role) bool { return !Administrative(r) }},
	{oneOf(domain.RoleCashier, domain.RoleAccountant, domain.RoleFinanceAuditor), oneOf(domain.RoleApprover)},
}

// Administrative reports whether a role runs the system and sees no case.
func Administrative(r domain.Role) bool {
	return oneOf(domain.RoleSystemAdmin, domain.RoleSecurityAdmin, domain.RoleAuditAdmin)(r)
}

// Administers reports whether a role gives roles to others.
func Administers(r domain.Role) bool {
	return oneOf(domain.RoleSystemAdmin, domain.RoleSecurityAdmin)(r)
}

func oneOf(roles ...domain.Role) func(domain.Role) bool {
	return func(r domain.Role) bool { return slices.Contains(roles, r) }
}

// exclude reports whether one account must not hold both.
func exclude(a, b domain.Role) bool {
	return slices.ContainsFunc(exclusions, func(x exclusion) bool {
		return x.one(a) && x.other(b) || x.one(b) && x.other(a)
	})
}

func excluded(a, b domain.Role) error {
	return domain.Reject("roles_exclude", "“%s”和“%s”不能在同一个账号里,请分成两个账号,由两个人使用。", a.Label(), b.Label())
}

// grantable rejects what is no role of a person.
func grantable(r domain.Role) error {
	if !domain.Roles().Has(r) || r == domain.RoleSystem {
		return domain.Reject("role_unknown", "没有“%s”这个可以授予的岗位角色。", string(r))
	}
	return nil
}

// CheckRoles rejects roles that one account must not hold together.
func CheckRoles(roles []domain.Role) error {
	if len(roles) == 0 {
		return domain.Reject("roles_missing", "请至少选择一个岗位角色。")
	}
	for i, r := range roles {
		if err := grantable(r); err != nil {
			return err
		}
		for _, other := range roles[:i] {
			if exclude(r, other) {
				return excluded(other, r)
			}
		}
	}
	return nil
}
