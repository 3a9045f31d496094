package complaint

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/calendar"
)

// State is 案件状态: what decisions about a complaint rest on, and nothing else;
// screens have read models. It is a value: Evolve makes the next one and never
// changes the slices and maps of the one before.
type State struct {
	Phase             Phase
	No                string
	Category          Category
	Area              string
	FirstReceiver     string // user id, 首问责任人
	Reporter          Reporter
	Respondent        Employer
	ProjectID         uuid.UUID
	Claim             Claim
	EmploymentEndedOn domain.Date
	RegisteredAt      time.Time
	Limitation        Limitation
	Alerted           map[LimitationKind]int // the last alert given: 90, 30 or 7 days
	Restriction       *Restriction
	Hinted            []string    // numbers of possible duplicates, not dismissed yet
	LinkedIDs         []uuid.UUID // complaints that this one is linked with

	TimeClass      TimeClass
	HandlingOrg    string
	Order          Order
	Handler        string
	CoHandler      string
	Recused        []string
	Contacts       []Contact // contact n is Contacts[n-1]
	Risk           RiskLevel
	Flags          []Flag
	LeaderNotified bool
	Crime          TrackStatus // none, open (hint not answered), done

	Claimants   []Claimant // claimant n is Claimants[n-1]
	Imports     map[string]Import
	Payments    []Payment // payment n is Payments[n-1]
	Promises    int
	Liable      []Liability
	Mediation   TrackStatus
	Instalments bool // an agreement with instalments was signed
	Procedures  []Procedure
	Advances    []Advance
	Recourses   []Recourse
	Documents   []Document
	Referrals   []Referral

	Clocks    calendar.Clocks
	Explained []ClockKind
	Escalated map[ClockKind]Escalation

	Proposal         Proposal
	ReporterCallback CallbackState // of a case without claimants
	Callers          []string      // who called back for the present proposal
	ClosedAt         time.Time
	Reopens          int
}

// Restriction is 查看限制.
type Restriction struct {
	AccusedOrg   string
	AllowedRoles []domain.Role
}

// Order is 交办单: where the dispatch stands.
type Order struct {
	Status  OrderStatus
	Returns int
	Ruled   bool // the shift leader has spoken; no more returns
}

// OrderStatus is 交办状态.
type OrderStatus string

// The states of an order (交办状态).
const (
	OrderNone     OrderStatus = ""
	OrderIssued   OrderStatus = "issued"   // 待签收
	OrderSigned   OrderStatus = "signed"   // 已签收
	OrderReturned OrderStatus = "returned" // 已退单
)

// Contact is 联系: what later steps ask of it.
type Contact struct {
	With    Party
	Purpose Purpose
	Reached bool
	By      string
}

// Claimant is 诉求人: one line of the ledger.
type Claimant struct {
	No          int
	PersonID    uuid.UUID
	Items       []ClaimItem
	Removed     bool
	Proposed    *VerificationProposed // waits for the second verifier
	Verified    bool
	VerifiedFen domain.Fen
	Verifier2   string
	PaidFen     domain.Fen
	Outcome     Outcome
	Reason      string // of the outcome
	Callback    CallbackState
}

// OwedFen is what the claimant claims.
func (c Claimant) OwedFen() domain.Fen { return owed(c.Items) }

// ShortFen is what is verified and not paid.
func (c Claimant) ShortFen() domain.Fen { return c.VerifiedFen - c.PaidFen }

// Settled reports whether the claimant was verified and paid in full.
func (c Claimant) Settled() bool {
	return c.Verified && c.VerifiedFen > 0 && c.PaidFen >= c.VerifiedFen
}

// CallbackState is 回访情况 of one person.
type CallbackState struct {
	Answered bool
	Blocks   bool
	Attempts []domain.Date // the days on which nobody was reached
}

// Done reports whether the call-back counts as made: answered, or tried often
// enough on enough days.
func (c CallbackState) Done(r Rules) bool {
	if c.Answered {
		return true
	}
	days := slices.Compact(slices.SortedFunc(slices.Values(c.Attempts), domain.Date.Sub))
	return len(c.Attempts) >= r.CallbackAttempts.Value && len(days) >= r.CallbackDays.Value
}

// Import is 导入进度: which chunks of a roster have arrived.
type Import struct {
	Chunks int
	Seen   []int
	Rows   int
}

// Payment is 到账.
type Payment struct {
	ClaimantNo int
	PaidFen    domain.Fen
	By         string
	Reversed   bool
}

// Liability is 责任主体.
type Liability struct {
	EnterpriseID uuid.UUID
	Role         PartyRole
}

// Procedure is 程序.
type Procedure struct {
	Kind ProcedureKind
	Open bool
}

// Advance is 垫付.
type Advance struct {
	ReliefID    uuid.UUID
	ClaimantNo  int
	AdvancedFen domain.Fen
}

// Recourse is 追偿.
type Recourse struct {
	RecourseFen  domain.Fen
	RecoveredFen domain.Fen
}

// Document is 文书.
type Document struct {
	ID         uuid.UUID
	Kind       DocumentKind
	No         string
	NeedsReply bool
	Answer     DocumentAnswer
}

// Awaits reports whether the document still waits for its reply.
func (d Document) Awaits() bool { return d.NeedsReply && d.Answer == "" }

// Referral is 移送.
type Referral struct {
	ID        uuid.UUID
	Agency    Agency
	Receipted bool
	Accepted  bool
}

// Escalation is 已升级节点: the last step of a clock that was told, and for which
// due date.
type Escalation struct {
	Step  calendar.Step
	DueAt time.Time
}

// Proposal is 拟结方案: the last one.
type Proposal struct {
	Nth        int
	Conclusion Conclusion
	By         string
	Sample     []int
}

// Active are the claimants that were not removed.
func (s State) Active() []Claimant {
	return slices.DeleteFunc(slices.Clone(s.Claimants), func(c Claimant) bool { return c.Removed })
}

// claimant finds an active claimant by number.
func (s State) claimant(no int) (Claimant, bool) {
	if no < 1 || no > len(s.Claimants) || s.Claimants[no-1].Removed {
		return Claimant{}, false
	}
	return s.Claimants[no-1], true
}

// Totals is the ledger in five figures.
func (s State) Totals() Totals {
	var t Totals
	for _, c := range s.Claimants {
		if c.Removed {
			continue
		}
		t.Persons++
		if c.Settled() {
			t.PersonsPaid++
		}
		t.ClaimedFen += c.OwedFen()
		t.VerifiedFen += c.VerifiedFen
		t.PaidFen += c.PaidFen
	}
	return t
}

// Persons is how many people the case is about: those in the ledger, or what
// the reporter said, whichever is more.
func (s State) Persons() int { return max(s.Claim.Persons, len(s.Active())) }

// Collective reports 集体案件 (C5).
func (s State) Collective(r Rules) bool { return s.Persons() >= r.CollectivePersons.Value }

// Assigned reports whether the user is handler or co-handler.
func (s State) Assigned(user string) bool {
	return user != "" && (user == s.Handler || user == s.CoHandler)
}

// HasRespondent reports whether it is known whom the complaint is against (C1).
func (s State) HasRespondent() bool {
	return s.Respondent.EnterpriseID != uuid.Nil || s.ProjectID != uuid.Nil
}

// HiddenFrom reports whether a restricted case must not be shown to somebody
// (C10). Pages, lists, counts and search ask it too.
func (s State) HiddenFrom(a domain.Actor) bool {
	return s.Restriction != nil && s.Restriction.Hides(a)
}

// Hides is the rule behind State.HiddenFrom for those who keep the restriction
// in a table.
func (r Restriction) Hides(a domain.Actor) bool {
	if a.Role == domain.RoleSystem {
		return false
	}
	if r.AccusedOrg != "" && a.Org == r.AccusedOrg {
		return true
	}
	return !slices.Contains(r.AllowedRoles, a.Role)
}

// Clock is one of the case's clocks; the zero Clock when there is none.
func (s State) Clock(k ClockKind) calendar.Clock { return s.Clocks[string(k)] }

// TakeOver prepares the target's half of a merger: the claimants of this case
// with where they come from.
func (s State) TakeOver(id uuid.UUID) *TakeOver {
	cmd := &TakeOver{FromID: id, FromNo: s.No}
	for _, c := range s.Active() {
		cmd.Claimants = append(cmd.Claimants, NewClaimant{
			PersonID: c.PersonID, Items: c.Items,
			MovedFrom: &MovedFrom{ComplaintID: id, ComplaintNo: s.No, ClaimantNo: c.No},
		})
	}
	return cmd
}
