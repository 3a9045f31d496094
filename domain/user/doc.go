// Package user is the accounts of those who work with the system (用户): who they
// are, what they may do where and since when, and how they came in. There is one
// stream per user; its second part is the user's id, which is random and is what
// all other events name as the actor.
//
//	建立 Created → 申请授权 RoleRequested → 授权 RoleGranted | 不予授权 RoleRefused → 收回 RoleRevoked
//	设密码 PasswordSet, 设二次验证 SecondFactorSet → 登录 SignedIn → 退出 SignedOut | 强制退出 SessionsEnded
//	停用 Disabled ⇄ 启用 Enabled
//
// A role is given by two administrators: one asks, another agrees, and neither is
// the user. Which roles exclude one another in one account is in exclude.go; it is
// looked at over all grants that overlap in time, delegations (代, 出差代签)
// included. No password, hash, secret, network address or key of a session is in
// an event: what opens a door is kept by adapters/accounts under a random id, and
// an event names that id.
//
// Read Grant first, then decide.go.
package user
