package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"hearth/domain"
)

// DemoPassword is the password of all demo accounts. It opens nothing but a
// demonstration, where the sign-in page shows it.
const DemoPassword = "jincheng-demo"

// demoChannel is how the demo accounts come in.
const demoChannel = "demo"

// Demo is the accounts of a demonstration: invented people, at least one for
// each role that works on a complaint.
func Demo() []NewUser {
	one := func(login, name, org string, roles ...domain.Role) NewUser {
		return NewUser{Login: login, Name: name, Org: org, Roles: roles, Password: DemoPassword}
	}
	return []NewUser{
		one("hotline", "孙晓敏", "jc", domain.RoleOperator),
		one("shift", "李建国", "jc", domain.RoleShiftLeader, domain.RoleOperator),
		one("dispatch", "王丽华", "jc", domain.RoleDispatcher),
		one("handler.cq", "张志强", "jc-cq", domain.RoleHandler),
		one("handler.zz", "赵海燕", "jc-zz", domain.RoleHandler),
		one("handler.gp", "郭永红", "jc-gp", domain.RoleHandler),
		one("handler.yc", "栗俊峰", "jc-yc", domain.RoleHandler),
		one("head.gp", "申爱民", "jc-gp", domain.RoleOrgHead),
		one("head.yc", "原秀云", "jc-yc", domain.RoleOrgHead),
		one("head.cq", "陈国栋", "jc-cq", domain.RoleOrgHead),
		one("head.zz", "刘秀英", "jc-zz", domain.RoleOrgHead),
		one("inspector", "秦卫东", "jc", domain.RoleInspector),
		one("reviewer", "杨文斌", "jc", domain.RoleReviewer),
		one("approver", "周明远", "jc", domain.RoleApprover),
		one("leader", "马德胜", "jc", domain.RoleLeader),
		one("discipline", "何清源", "jc", domain.RoleDiscipline),
		one("auditor", "冯素琴", "jc", domain.RoleFinanceAuditor),
		one("cashier", "吴玉兰", "jc", domain.RoleCashier),
		one("informant", "段春生", "jc-yc", domain.RoleInformant),
		one("admin", "许志明", "jc", domain.RoleSystemAdmin),
		one("admin2", "韩雪梅", "jc", domain.RoleSecurityAdmin),
	}
}

// SeedDemo makes those demo accounts that are missing and returns all of them
// in the order of Demo.
func (a *Accounts) SeedDemo(ctx context.Context) ([]User, error) {
	var users []User
	for _, n := range Demo() {
		u, err := a.ByLogin(ctx, n.Login)
		if errors.Is(err, ErrNotFound) {
			u, err = a.Create(ctx, n, Request{CommandID: uuid.NewSHA1(uuid.NameSpaceOID, []byte("hearth demo account "+n.Login)), Actor: clerk, Channel: demoChannel})
		}
		if err != nil {
			return nil, fmt.Errorf("demo account %s: %w", n.Login, err)
		}
		users = append(users, u)
	}
	return users, nil
}
