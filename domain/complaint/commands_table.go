package complaint

import (
	"slices"

	"hearth/domain"
)

// CommandSpec is 命令规格: what everybody outside needs to know of a command. The
// list of them is the one source of API routes, page actions and permissions.
type CommandSpec struct {
	Name   string         // stable code
	Label  string         // Chinese
	Group  Group          // subject, for menus
	Roles  []domain.Role  // who may issue it
	Phases []Phase        // when
	New    func() Command // an empty one, to decode into

	guard guard // what else must be true of the case and the actor
}

// Group is 命令分组: the subject of a command.
type Group string

// The groups (命令分组).
const (
	GroupIntake   Group = "intake"
	GroupDispatch Group = "dispatch"
	GroupContact  Group = "contact"
	GroupRisk     Group = "risk"
	GroupClaims   Group = "claims"
	GroupMediate  Group = "mediate"
	GroupMoney    Group = "money"
	GroupPapers   Group = "documents"
	GroupClocks   Group = "clocks"
	GroupClosure  Group = "closure"
	GroupSystem   Group = "system"
)

var groups = domain.NewCodes[Group]("命令分组",
	"intake", "受理", "dispatch", "交办", "contact", "联系记录", "risk", "风险", "claims", "诉求人", "mediate", "协商与程序",
	"money", "清偿", "documents", "文书移送", "clocks", "时限", "closure", "结案", "system", "系统")

// Label is the Chinese name of the group.
func (g Group) Label() string { return groups.Label(g) }

// Groups is the list of groups (命令分组) in the order of menus.
func Groups() domain.Codes[Group] { return groups }

// Commands is every command of the family, in the order of a case's life.
func Commands() []CommandSpec { return slices.Clone(table) }

// Spec finds the specification of a command by its name.
func Spec(name string) (CommandSpec, bool) {
	i := slices.IndexFunc(table, func(c CommandSpec) bool { return c.Name == name })
	if i < 0 {
		return CommandSpec{}, false
	}
	return table[i], true
}

// NewCommand is an empty command of a name, to decode JSON or a form into; then
// Stamp it.
func NewCommand(name string) (Command, bool) {
	spec, ok := Spec(name)
	if !ok {
		return nil, false
	}
	return spec.New(), true
}

// NameOf is the stable name of a command.
func NameOf(cmd Command) string { return cmd.command() }

// Those who act in the same capacities.
var (
	intakeDesk = []domain.Role{domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher}
	acceptors  = []domain.Role{domain.RoleDispatcher, domain.RoleOrgHead}
	handlers   = []domain.Role{domain.RoleHandler, domain.RoleInspector}
	reviewers  = []domain.Role{domain.RoleReviewer, domain.RoleApprover}
	system     = []domain.Role{domain.RoleSystem}
	everyone   = []domain.Role{
		domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleHandler, domain.RoleOrgHead,
		domain.RoleInspector, domain.RoleReliefOfficer, domain.RoleUnitClerk, domain.RoleReviewer, domain.RoleApprover,
		domain.RoleSystem,
	}
)

func roles(sets ...[]domain.Role) []domain.Role { return slices.Concat(sets...) }

func also(rs ...domain.Role) []domain.Role { return rs }

// The stretches of a case's life.
var (
	newCase = []Phase{PhaseNone}
	intake  = []Phase{PhaseRegistered, PhaseAwaitingSupplement}
	working = []Phase{PhaseInProgress}
	early   = []Phase{PhaseRegistered, PhaseAwaitingSupplement, PhaseAccepted}
	open    = []Phase{PhaseRegistered, PhaseAwaitingSupplement, PhaseAccepted, PhaseInProgress}
	live    = []Phase{PhaseRegistered, PhaseAwaitingSupplement, PhaseAccepted, PhaseInProgress, PhaseAwaitingClosure}
	ended   = []Phase{PhaseClosed, PhaseArchived}
	unread  = []Phase{ // everything but a merged case, which is read-only (C7)
		PhaseRegistered, PhaseAwaitingSupplement, PhaseAccepted, PhaseInProgress, PhaseAwaitingClosure,
		PhaseClosed, PhaseArchived, PhaseNotAccepted, PhaseTransferredOut, PhaseWithdrawn,
	}
	anyPhase = slices.Concat(newCase, unread, []Phase{PhaseMerged})
)

func spec[C any, P interface {
	*C
	Command
}](label string, group Group, roles []domain.Role, phases []Phase, g guard) CommandSpec {
	return CommandSpec{
		Name: P(nil).command(), Label: label, Group: group, Roles: roles, Phases: phases,
		New: func() Command { return P(new(C)) }, guard: g,
	}
}

// table is never changed.
var table = []CommandSpec{
	spec[Register]("登记", GroupIntake, roles(intakeDesk, handlers, also(domain.RoleUnitClerk, domain.RoleInformant, domain.RoleSystem)), newCase, nil),
	spec[DismissDuplicate]("排除重复", GroupIntake, roles(intakeDesk, handlers), open, guardHints),
	spec[IdentifyRespondent]("认定被诉主体", GroupIntake, roles(intakeDesk, handlers, also(domain.RoleOrgHead)), open, nil),
	spec[RequestSupplement]("要求补正", GroupIntake, acceptors, []Phase{PhaseRegistered}, nil),
	spec[ReceiveSupplement]("收到补正", GroupIntake, roles(intakeDesk, also(domain.RoleOrgHead, domain.RoleUnitClerk)), []Phase{PhaseAwaitingSupplement}, nil),
	spec[Accept]("受理", GroupIntake, acceptors, intake, guardRespondent),
	spec[Refuse]("不予受理", GroupIntake, acceptors, intake, nil),
	spec[TransferOut]("转出", GroupIntake, roles(acceptors, also(domain.RoleShiftLeader)), early, nil),
	spec[Reclassify]("变更办理类别", GroupClocks, also(domain.RoleOrgHead, domain.RoleReviewer), []Phase{PhaseAccepted, PhaseInProgress}, nil),

	spec[Dispatch]("交办", GroupDispatch, also(domain.RoleDispatcher), []Phase{PhaseAccepted}, guardDispatch),
	spec[Sign]("签收", GroupDispatch, roles(acceptors, handlers), []Phase{PhaseAccepted}, guardReceiving),
	spec[Return]("退单", GroupDispatch, roles(acceptors, handlers), []Phase{PhaseAccepted}, all(guardReceiving, guardReturn)),
	spec[Rule]("裁定", GroupDispatch, also(domain.RoleShiftLeader), []Phase{PhaseAccepted}, guardRuling),
	spec[Assign]("指派经办人", GroupDispatch, also(domain.RoleOrgHead), []Phase{PhaseAccepted, PhaseInProgress}, guardAssign),
	spec[Recuse]("回避", GroupDispatch, roles(handlers, also(domain.RoleOrgHead)), working, guardRecuse),

	spec[LogContact]("登记联系", GroupContact, everyone, live, nil),
	spec[PromiseCallback]("承诺回电", GroupContact, roles(intakeDesk, handlers), live, nil),
	spec[AddNote]("写办理记录", GroupContact, everyone, unread, nil),
	spec[AddAttachment]("添加附件", GroupContact, everyone, unread, nil),
	spec[Link]("关联", GroupContact, roles(intakeDesk, handlers, also(domain.RoleOrgHead)), unread, nil),

	spec[RaiseRisk]("上调风险", GroupRisk, roles(everyone, also(domain.RoleInformant)), live, nil),
	spec[LowerRisk]("下调风险", GroupRisk, also(domain.RoleShiftLeader, domain.RoleOrgHead, domain.RoleReviewer), live, guardRisk),
	spec[NotifyLeader]("报告领导", GroupRisk, roles(intakeDesk, handlers, also(domain.RoleOrgHead), system), live, nil),
	spec[AnswerCrimeHint]("处理涉罪提示", GroupRisk, roles(handlers, also(domain.RoleOrgHead, domain.RoleReviewer)), live, guardCrime),
	spec[Restrict]("限制查看", GroupRisk, also(domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleReviewer), unread, nil),

	spec[AddClaimants]("增加诉求人", GroupClaims, roles(handlers, also(domain.RoleOperator)), open, guardClaimants),
	spec[ImportClaimants]("批量导入诉求人", GroupClaims, roles(handlers, also(domain.RoleOperator)), open, guardClaimants),
	spec[TakeOver]("并入", GroupClosure, also(domain.RoleDispatcher), open, nil),
	spec[RemoveClaimant]("移除诉求人", GroupClaims, handlers, working, all(guardAssigned, guardAnyClaimant)),
	spec[ElectRepresentatives]("推选代表", GroupClaims, handlers, working, all(guardAssigned, guardAnyClaimant)),
	spec[VerifyClaims]("核定", GroupClaims, handlers, working, all(guardAssigned, guardAnyClaimant)),
	spec[ConfirmVerification]("复核", GroupClaims, roles(handlers, also(domain.RoleReviewer, domain.RoleOrgHead)), working, guardSecond),
	spec[DisputeClaim]("登记争议", GroupClaims, handlers, working, all(guardAssigned, guardAnyClaimant)),
	spec[SetOutcome]("逐人结论", GroupClaims, handlers, working, all(guardAssigned, guardAnyClaimant)),
	spec[NameLiableParty]("列明责任主体", GroupClaims, handlers, working, guardAssigned),
	spec[DropLiableParty]("撤销责任主体", GroupClaims, handlers, working, all(guardAssigned, guardParties)),

	spec[LogNegotiation]("登记协商", GroupMediate, handlers, working, guardAssigned),
	spec[SignAgreement]("登记调解协议", GroupMediate, handlers, working, guardAssigned),
	spec[FailMediation]("登记调解未成", GroupMediate, handlers, working, guardAssigned),
	spec[StartProcedure]("登记进入程序", GroupMediate, handlers, working, guardAssigned),
	spec[ConcludeProcedure]("登记程序结果", GroupMediate, handlers, working, all(guardAssigned, guardProcedure)),

	spec[PromisePayment]("登记支付承诺", GroupMoney, handlers, working, guardAssigned),
	spec[RecordPayment]("登记到账", GroupMoney, roles(handlers, also(domain.RoleCashier, domain.RoleAccountant)), working, all(guardAssigned, guardVerified)),
	spec[ReversePayment]("冲正", GroupMoney, roles(handlers, also(domain.RoleAccountant, domain.RoleReviewer, domain.RoleOrgHead)), working, guardPayments),
	spec[LinkAdvance]("关联垫付", GroupMoney, roles(handlers, also(domain.RoleReliefOfficer), system), working, guardAnyClaimant),
	spec[OpenRecourse]("提出追偿", GroupMoney, roles(handlers, also(domain.RoleReliefOfficer, domain.RoleAccountant)), []Phase{PhaseInProgress, PhaseAwaitingClosure, PhaseClosed}, guardAdvances),
	spec[RecoverRecourse]("登记追偿到账", GroupMoney, also(domain.RoleCashier, domain.RoleAccountant, domain.RoleReliefOfficer), []Phase{PhaseInProgress, PhaseAwaitingClosure, PhaseClosed, PhaseArchived}, guardRecourse),

	spec[IssueDocument]("登记监督文书发出", GroupPapers, roles(handlers, system), working, guardAssigned),
	spec[AnswerDocument]("登记文书答复", GroupPapers, roles(handlers, system), working, all(guardAssigned, guardDocuments)),
	spec[SendReferral]("登记移送", GroupPapers, roles(handlers, system), working, guardAssigned),
	spec[ReceiptReferral]("登记移送回执", GroupPapers, roles(handlers, system), working, all(guardAssigned, guardReferrals)),

	spec[PauseClock]("暂停计时", GroupClocks, roles(handlers, also(domain.RoleReviewer)), open, guardPausable),
	spec[ResumeClock]("恢复计时", GroupClocks, roles(handlers, also(domain.RoleReviewer, domain.RoleOrgHead), system), open, guardPaused),
	spec[ExtendClock]("延长办理时限", GroupClocks, also(domain.RoleApprover), []Phase{PhaseAccepted, PhaseInProgress}, nil),
	spec[ExplainOverdue]("逾期说明", GroupClocks, roles(handlers, acceptors, also(domain.RoleShiftLeader, domain.RoleReviewer)), live, guardOverdue),
	spec[OrderSupervision]("督办", GroupClocks, also(domain.RoleApprover), live, nil),
	spec[Tick]("到点检查", GroupSystem, system, anyPhase, nil),
	spec[RecomputeClocks]("重算时限", GroupSystem, system, anyPhase, nil),

	spec[ProposeClosure]("拟结", GroupClosure, handlers, working, all(guardAssigned, guardClosable)),
	spec[Callback]("登记回访", GroupClosure, also(domain.RoleOperator, domain.RoleShiftLeader), []Phase{PhaseAwaitingClosure}, guardCaller),
	spec[ReturnClosure]("退回拟结", GroupClosure, reviewers, []Phase{PhaseAwaitingClosure}, guardReviewer),
	spec[ApproveClosure]("批准结案", GroupClosure, reviewers, []Phase{PhaseAwaitingClosure}, all(guardReviewer, guardRank, guardClosable, guardCallbacks)),
	spec[Reopen]("重启办理", GroupClosure, roles(intakeDesk, also(domain.RoleReviewer)), ended, guardReopen),
	spec[Withdraw]("撤回", GroupClosure, roles(intakeDesk, handlers), open, guardWithdraw),
	spec[Merge]("并案", GroupClosure, also(domain.RoleDispatcher), open, guardMerge),
	spec[Archive]("归档", GroupClosure, roles(handlers, acceptors, system), []Phase{PhaseClosed}, nil),
}
