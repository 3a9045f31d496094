package complaints

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/complaint"
)

// Wait is why a case waits for somebody, and what is wished of them next, as
// names of commands. Whether a command is really open is for
// complaint.Available to say, on the case page.
type Wait struct {
	Code  string
	Label string
	Roles []domain.Role
	Next  []string
	where string // on complaint c and me, the viewer with the rules
}

// InboxRow is a case that waits for the viewer.
type InboxRow struct {
	Row
	Waits []string `db:"waits" json:"waits"` // codes, the most pressing first
}

// Next is what is wished next, over all that the case waits for.
func (r InboxRow) Next() []string {
	var next []string
	for _, code := range r.Waits {
		for _, name := range WaitOf(code).Next {
			if !slices.Contains(next, name) {
				next = append(next, name)
			}
		}
	}
	return next
}

// Waits is everything that a case can wait for, the most pressing first.
func Waits() []Wait { return slices.Clone(waits) }

// WaitOf is the wait with this code; the zero Wait when there is none.
func WaitOf(code string) Wait {
	i := slices.IndexFunc(waits, func(w Wait) bool { return w.Code == code })
	if i < 0 {
		return Wait{}
	}
	return waits[i]
}

func next(cmds ...complaint.Command) []string {
	names := make([]string, len(cmds))
	for i, c := range cmds {
		names[i] = complaint.NameOf(c)
	}
	return names
}

const (
	mine      = `me.id <> '' and (c.handler = me.id or c.co_handler = me.id)`
	myOrg     = `me.org <> '' and c.handling_org = me.org`
	myWork    = `c.phase = 'in_progress' and ` + mine
	closing   = `c.phase = 'awaiting_closure' and not (` + mine + `)`
	large     = `(c.collective or greatest(c.reported_fen, c.claimed_fen, c.verified_fen) > me.vice_chair)`
	aClaimant = `exists (select from complaints_v3.claimant l where l.complaint_id = c.id and not l.removed and `
	toCall    = `exists (select from complaints_v3.callback b where b.complaint_id = c.id and b.wanted and not b.answered
		and not (cardinality(b.attempts) >= me.attempts
		         and (select count(distinct d) from unnest(b.attempts) d) >= me.days))`
	// A case can be closed when nobody in its ledger lacks an outcome, nothing is
	// awaited or pending, and no clock stands still or was late without a reason.
	settled = `c.awaited = '[]' and not c.crime_hint and (c.leader_told or not c.collective)
		and not ` + aClaimant + `l.outcome = '')
		and not exists (select from complaints_v3.clock k where k.complaint_id = c.id
			and (k.status = 'paused' or k.breached_at is not null and k.explained = ''
			     or k.status = 'running' and k.clock not in ('handle', 'callback', 'closure_review')))`
)

// The groups of roles that waits name.
var (
	desk     = []domain.Role{domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher}
	handlers = []domain.Role{domain.RoleHandler, domain.RoleInspector}
)

// waits is never changed. Each predicate begins with what is cheap and rare.
var waits = []Wait{
	{
		"red", "红色风险待报告",
		[]domain.Role{domain.RoleShiftLeader, domain.RoleOperator},
		next(new(complaint.NotifyLeader)),
		`c.open and c.risk = 'red' and not c.leader_told`,
	},
	{
		"red_own", "红色风险待报告", append(handlers, domain.RoleOrgHead), next(new(complaint.NotifyLeader)),
		`c.open and c.risk = 'red' and not c.leader_told and (` + mine + ` or ` + myOrg + `)`,
	},
	{
		"red_watch", "红色风险",
		[]domain.Role{domain.RoleApprover},
		next(new(complaint.OrderSupervision)),
		`c.open and c.risk = 'red'`,
	},
	{
		"collective", "集体案件待报告领导", append(handlers, domain.RoleOrgHead), next(new(complaint.NotifyLeader)),
		`c.open and c.collective and c.risk <> 'red' and not c.leader_told and (` + mine + ` or ` + myOrg + `)`,
	},
	{
		"crime", "涉罪提示待处理", append(handlers, domain.RoleOrgHead), next(new(complaint.AnswerCrimeHint)),
		`c.open and c.crime_hint and (` + mine + ` or ` + myOrg + `)`,
	},
	{
		"promise", "承诺回电", append(desk, handlers...), next(new(complaint.LogContact)),
		`c.open and exists (select from complaints_v3.promise p where p.complaint_id = c.id and p.kept_at is null and p.promised_by = me.id)`,
	},
	{
		"accept", "待受理",
		[]domain.Role{domain.RoleDispatcher},
		next(new(complaint.Accept), new(complaint.RequestSupplement), new(complaint.TransferOut), new(complaint.Refuse)),
		`c.phase = 'registered'`,
	},
	{
		"hint", "疑似重复待核对",
		[]domain.Role{domain.RoleDispatcher},
		next(new(complaint.DismissDuplicate), new(complaint.Merge), new(complaint.Link)),
		`c.open and c.hints > 0 and c.phase <> 'awaiting_closure'`,
	},
	{
		"supplement", "待补正", desk, next(new(complaint.ReceiveSupplement)),
		`c.phase = 'awaiting_supplement' and (me.role = 'dispatcher' or c.first_receiver = me.id)`,
	},
	{
		"dispatch", "退单待重新交办",
		[]domain.Role{domain.RoleDispatcher},
		next(new(complaint.Dispatch)),
		`c.phase = 'accepted' and c.dispatch = 'returned' and c.returns < me.ruling`,
	},
	{
		"ruling", "退单待裁定",
		[]domain.Role{domain.RoleShiftLeader},
		next(new(complaint.Rule)),
		`c.phase = 'accepted' and c.dispatch = 'returned' and c.returns >= me.ruling`,
	},
	{
		"sign", "待签收",
		[]domain.Role{domain.RoleOrgHead},
		next(new(complaint.Sign), new(complaint.Return)),
		`c.phase = 'accepted' and c.dispatch = 'issued' and ` + myOrg,
	},
	{
		"assign", "待指派经办人",
		[]domain.Role{domain.RoleOrgHead},
		next(new(complaint.Assign)),
		`c.phase in ('accepted', 'in_progress') and c.handler = '' and c.dispatch in ('', 'signed') and ` + myOrg,
	},
	{
		"second", "金额待复核",
		[]domain.Role{domain.RoleHandler, domain.RoleInspector, domain.RoleReviewer, domain.RoleOrgHead},
		next(new(complaint.ConfirmVerification)),
		`c.phase = 'in_progress' and c.handler <> me.id
		 and (me.role = 'reviewer' or c.co_handler = me.id or me.role = 'org_head' and ` + myOrg + `)
		 and ` + aClaimant + `l.proposed_by <> '' and l.proposed_by <> me.id)`,
	},
	{
		"contact", "待首次联系", handlers, next(new(complaint.LogContact)),
		myWork + ` and exists (select from complaints_v3.clock k where k.complaint_id = c.id and k.clock = 'first_contact'
			and k.status in ('running', 'breached'))`,
	},
	{
		"explain", "逾期待说明", handlers, next(new(complaint.ExplainOverdue)),
		myWork + ` and c.overdue and exists (select from complaints_v3.clock k where k.complaint_id = c.id
			and k.breached_at is not null and k.explained = '')`,
	},
	{
		"ledger", "诉求人待登记", handlers, next(new(complaint.AddClaimants), new(complaint.ImportClaimants)),
		myWork + ` and c.claimants = 0 and c.category = 'wage_arrears'`,
	},
	{
		"verify", "金额待核定", handlers, next(new(complaint.VerifyClaims)),
		myWork + ` and ` + aClaimant + `not l.verified and l.proposed_by = '')`,
	},
	{
		"outcome", "待清偿或逐人结论", handlers, next(new(complaint.RecordPayment), new(complaint.SetOutcome)),
		myWork + ` and ` + aClaimant + `l.verified and l.outcome = '')`,
	},
	{
		"awaited", "待外部答复或回执", handlers, next(new(complaint.AnswerDocument), new(complaint.ReceiptReferral)),
		myWork + ` and c.awaited <> '[]'`,
	},
	{
		"propose", "可以拟结", handlers, next(new(complaint.ProposeClosure)),
		myWork + ` and (c.claimants > 0 or c.category <> 'wage_arrears') and ` + settled,
	},
	{"handle", "办理中", handlers, next(new(complaint.LogContact)), myWork},
	{
		"callback", "待回访",
		[]domain.Role{domain.RoleOperator, domain.RoleShiftLeader},
		next(new(complaint.Callback)),
		closing + ` and ` + toCall,
	},
	{
		"review", "待结案审批",
		[]domain.Role{domain.RoleReviewer},
		next(new(complaint.ApproveClosure), new(complaint.ReturnClosure)),
		closing + ` and not ` + large + ` and not ` + toCall,
	},
	{
		"approve", "待结案审批(集体或大额)",
		[]domain.Role{domain.RoleApprover},
		next(new(complaint.ApproveClosure), new(complaint.ReturnClosure)),
		closing + ` and ` + large + ` and not ` + toCall,
	},
	{
		"extend", "办理时限将到,可批准延长",
		[]domain.Role{domain.RoleApprover},
		next(new(complaint.ExtendClock)),
		`c.phase in ('accepted', 'in_progress') and exists (select from complaints_v3.clock k where k.complaint_id = c.id
			and k.clock = 'handle' and k.status = 'running' and k.extended = '' and k.step in ('t-3wd', 't-1wd'))`,
	},
	{
		"supervise", "逾期5个工作日以上",
		[]domain.Role{domain.RoleApprover},
		next(new(complaint.OrderSupervision)),
		`c.open and c.overdue and exists (select from complaints_v3.clock k where k.complaint_id = c.id
			and k.status = 'breached' and k.step in ('t+5wd', 't+10wd'))`,
	},
	{"archive", "待归档", handlers, next(new(complaint.Archive)), `c.phase = 'closed' and ` + mine},
}

// inboxLimit is how many cases an inbox shows at most.
const inboxLimit = 500

// byRisk sorts red before orange, yellow, blue and none.
const byRisk = `array_position(array['red', 'orange', 'yellow', 'blue', ''], c.risk)`

// Inbox is what waits for the viewer, by risk and then by due date.
func (q Queries) Inbox(ctx context.Context, v Viewer, r complaint.Rules) ([]InboxRow, error) {
	sql, any := inboxSQL(v.Role)
	if !any {
		return nil, nil
	}
	return collect[InboxRow](ctx, q, sql, v.args(pgx.StrictNamedArgs{
		"user": v.UserID, "ruling": r.ReturnsToRuling.Value, "vice_chair": r.ViceChairAbove.Value,
		"attempts": r.CallbackAttempts.Value, "days": r.CallbackDays.Value, "limit": inboxLimit,
	}))
}

// inboxSQL puts the fixed predicates of a role together.
func inboxSQL(role domain.Role) (sql string, any bool) {
	var cases []string
	for _, w := range waits {
		if slices.Contains(w.Roles, role) {
			cases = append(cases, "case when "+w.where+" then '"+w.Code+"' end")
		}
	}
	return `
		select c.*, w.waits
		  from complaints_v3.complaint c
		 cross join (select @user::text as id, @org::text as org, @role::text as role, @ruling::int as ruling,
		                    @vice_chair::bigint as vice_chair, @attempts::int as attempts, @days::int as days) me
		 cross join lateral (select array_remove(array[` + strings.Join(cases, ",\n") + `], null) as waits) w
		 where (c.open or c.phase = 'closed') and w.waits <> '{}' and ` + visible + `
		 order by ` + byRisk + `, c.next_due_at nulls last, c.registered_at, c.id
		 limit @limit`, len(cases) > 0
}
