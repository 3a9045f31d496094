package domain

// roleCodes is the list of roles in the order in which pages show them.
var roleCodes = NewCodes[Role]("岗位角色",
	"operator", "接线员", "shift_leader", "带班", "dispatcher", "分办员", "handler", "经办人",
	"org_head", "单位负责人", "inspector", "监督检查员", "relief_officer", "帮扶专员",
	"unit_clerk", "基层工会专干", "reviewer", "审核人", "approver", "审批领导", "cashier", "出纳",
	"accountant", "会计", "finance_auditor", "经审员", "discipline", "纪检", "informant", "信息员",
	"leader", "领导", "system_admin", "系统管理员", "security_admin", "安全管理员",
	"audit_admin", "审计管理员", "system", "系统任务")

// Roles is the list of roles (岗位角色).
func Roles() Codes[Role] { return roleCodes }

// Label is the Chinese name of the role.
func (r Role) Label() string { return roleCodes.Label(r) }
