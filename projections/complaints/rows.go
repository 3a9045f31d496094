package complaints

import (
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/eventstore"
	"hearth/projections"
)

// Row is one case. A zero id, date or time means that there is none.
type Row struct {
	ID             uuid.UUID          `db:"id,key" json:"id"`
	No             string             `db:"no" json:"no"`
	Category       complaint.Category `db:"category" json:"category"`
	Channel        complaint.Channel  `db:"channel" json:"channel"`
	ExternalSystem string             `db:"external_system" json:"external_system,omitempty"`
	ExternalNo     string             `db:"external_no" json:"external_no,omitempty"`
	Area           string             `db:"area" json:"area"`
	RegisteredAt   time.Time          `db:"registered_at" json:"registered_at"`
	ReceivedAt     time.Time          `db:"received_at" json:"received_at,omitzero"`
	Reporter       uuid.UUID          `db:"reporter" json:"reporter,omitzero"` // person
	Anonymous      bool               `db:"anonymous" json:"anonymous,omitempty"`
	Employer       string             `db:"employer" json:"employer"` // as the reporter put it
	EmployerKey    string             `db:"employer_key" json:"-"`    // normalised
	EnterpriseID   uuid.UUID          `db:"enterprise_id" json:"enterprise_id,omitzero"`
	ProjectID      uuid.UUID          `db:"project_id" json:"project_id,omitzero"`
	Summary        string             `db:"-" json:"summary"`
	SummarySealed  string             `db:"summary_sealed" json:"-"` // Summary, as the table has it
	OwedFrom       domain.Date        `db:"owed_from" json:"owed_from,omitzero"`
	OwedTo         domain.Date        `db:"owed_to" json:"owed_to,omitzero"`

	ReportedPersons int        `db:"reported_persons" json:"reported_persons"` // as the reporter says
	ReportedFen     domain.Fen `db:"reported_fen" json:"reported_fen"`

	Claimants    int        `db:"claimants" json:"claimants"` // lines of the ledger
	Persons      int        `db:"persons" json:"persons"`     // reported or in the ledger, whichever is more
	PersonsPaid  int        `db:"persons_paid" json:"persons_paid"`
	ClaimedFen   domain.Fen `db:"claimed_fen" json:"claimed_fen"` // reported, as long as the ledger is empty
	VerifiedFen  domain.Fen `db:"verified_fen" json:"verified_fen"`
	PaidFen      domain.Fen `db:"paid_fen" json:"paid_fen"`
	RecourseFen  domain.Fen `db:"recourse_fen" json:"recourse_fen,omitempty"`   // advances asked back
	RecoveredFen domain.Fen `db:"recovered_fen" json:"recovered_fen,omitempty"` // of these, come back
	Collective   bool       `db:"collective" json:"collective,omitempty"`

	Risk       complaint.RiskLevel `db:"risk" json:"risk,omitempty"`
	Triggers   []complaint.Flag    `db:"triggers" json:"triggers,omitempty"`
	LeaderTold bool                `db:"leader_told" json:"leader_told,omitempty"` // of the present risk
	CrimeHint  bool                `db:"crime_hint" json:"crime_hint,omitempty"`   // raised and not answered

	Phase          complaint.Phase `db:"phase" json:"phase"`
	Open           bool            `db:"open" json:"open"` // not closed, refused, transferred, withdrawn or merged
	Tracks         Tracks          `db:"tracks" json:"tracks,omitempty"`
	Awaited        []Awaited       `db:"awaited" json:"awaited,omitempty"`
	ProceduresOpen int             `db:"procedures_open" json:"procedures_open,omitempty"`

	Dispatch      complaint.OrderStatus `db:"dispatch" json:"dispatch,omitempty"`
	Returns       int                   `db:"returns" json:"returns,omitempty"`
	Ruled         bool                  `db:"ruled" json:"ruled,omitempty"` // the shift leader has spoken
	HandlingOrg   string                `db:"handling_org" json:"handling_org,omitempty"`
	Handler       string                `db:"handler" json:"handler,omitempty"`
	CoHandler     string                `db:"co_handler" json:"co_handler,omitempty"`
	FirstReceiver string                `db:"first_receiver" json:"first_receiver"`
	TimeClass     complaint.TimeClass   `db:"time_class" json:"time_class,omitempty"`

	AcceptedAt    time.Time            `db:"accepted_at" json:"accepted_at,omitzero"`
	ProposedAt    time.Time            `db:"proposed_at" json:"proposed_at,omitzero"`         // closure, not decided yet
	FirstClosedAt time.Time            `db:"first_closed_at" json:"first_closed_at,omitzero"` // stays when reopened
	ClosedAt      time.Time            `db:"closed_at" json:"closed_at,omitzero"`             // gone when reopened
	EndedAt       time.Time            `db:"ended_at" json:"ended_at,omitzero"`               // when it ceased to be open
	ArchivedAt    time.Time            `db:"archived_at" json:"archived_at,omitzero"`
	Conclusion    complaint.Conclusion `db:"conclusion" json:"conclusion,omitempty"`
	Closures      int                  `db:"closures" json:"closures,omitempty"` // times that closing was proposed
	Reopens       int                  `db:"reopens" json:"reopens,omitempty"`
	MergedInto    string               `db:"merged_into" json:"merged_into,omitempty"` // its number

	NextClock        complaint.ClockKind `db:"next_clock" json:"next_clock,omitempty"` // the open clock that is due first
	NextDueAt        time.Time           `db:"next_due_at" json:"next_due_at,omitzero"`
	NextProvisional  bool                `db:"next_provisional" json:"next_provisional,omitempty"`
	Overdue          bool                `db:"overdue" json:"overdue,omitempty"` // a breach is on record and not met
	Timed            bool                `db:"timed" json:"timed,omitempty"`     // the handle clock was met, in time or late
	InTime           bool                `db:"in_time" json:"in_time,omitempty"`
	InspectionUntil  domain.Date         `db:"inspection_until" json:"inspection_until,omitzero"`
	ArbitrationUntil domain.Date         `db:"arbitration_until" json:"arbitration_until,omitzero"`
	InspectionAlert  int                 `db:"inspection_alert" json:"-"` // days of the last alert
	ArbitrationAlert int                 `db:"arbitration_alert" json:"-"`

	Called    int `db:"called" json:"called,omitempty"`       // people who were called back
	Unreached int `db:"unreached" json:"unreached,omitempty"` // of them, never reached
	Answered  int `db:"answered" json:"answered,omitempty"`   // of them, said how satisfied they are
	Satisfied int `db:"satisfied" json:"satisfied,omitempty"` // of these, with 4 or 5
	Hints     int `db:"hints" json:"hints,omitempty"`         // possible duplicates, not dismissed

	Restricted   bool          `db:"restricted" json:"restricted,omitempty"`
	AllowedRoles []domain.Role `db:"allowed_roles" json:"allowed_roles,omitempty"`
	AccusedOrg   string        `db:"accused_org" json:"accused_org,omitempty"`

	Version     int64     `db:"version" json:"version"`
	Position    int64     `db:"position" json:"position"`
	LastEventAt time.Time `db:"last_event_at" json:"last_event_at"`
}

// cells are the personal columns of the row.
func (r *Row) cells() []projections.Cell {
	return []projections.Cell{narrative("complaint.summary", r.ID, r.ID, &r.Summary, &r.SummarySealed)}
}

// narrative is a column that somebody's story stands in; it goes with its case.
func narrative(column string, row, id uuid.UUID, plain, sealed *string) projections.Cell {
	return projections.Cell{
		Column: "complaints." + column, Row: row, Subject: id.String(), Class: domain.SealNarrative, Plain: plain, Sealed: sealed,
	}
}

// Head is where the case's stream ended when the row was written.
func (r Row) Head() eventstore.Head {
	return eventstore.Head{Version: uint64(r.Version), Position: eventstore.Position(r.Position)}
}

// Tracks are the lines of work that were begun, and how they stand.
type Tracks map[complaint.Track]complaint.TrackStatus

// Awaited is a document without its reply, or a referral without its receipt.
type Awaited struct {
	ID    uuid.UUID       `json:"id"`
	Track complaint.Track `json:"track"`
	Kind  string          `json:"kind"` // of document, or agency
	No    string          `json:"no,omitempty"`
	DueAt time.Time       `json:"due_at,omitzero"`
}

// Claimant is one line of the ledger.
type Claimant struct {
	ComplaintID    uuid.UUID             `db:"complaint_id,key" json:"-"`
	ClaimantNo     int                   `db:"claimant_no,key" json:"claimant_no"`
	PersonID       uuid.UUID             `db:"person_id" json:"person_id"`
	Items          []complaint.ClaimItem `db:"items" json:"items"`
	OwedFrom       domain.Date           `db:"owed_from" json:"owed_from,omitzero"`
	OwedTo         domain.Date           `db:"owed_to" json:"owed_to,omitzero"`
	ClaimedFen     domain.Fen            `db:"claimed_fen" json:"claimed_fen"`
	ProposedFen    domain.Fen            `db:"proposed_fen" json:"proposed_fen,omitempty"` // waits for the second verifier
	ProposedBy     string                `db:"proposed_by" json:"proposed_by,omitempty"`   // empty: nothing waits
	Verified       bool                  `db:"verified" json:"verified"`
	VerifiedFen    domain.Fen            `db:"verified_fen" json:"verified_fen"`
	Disputed       bool                  `db:"disputed" json:"disputed,omitempty"`
	AdmittedFen    domain.Fen            `db:"admitted_fen" json:"admitted_fen,omitempty"`
	PaidFen        domain.Fen            `db:"paid_fen" json:"paid_fen"`
	AdvancedFen    domain.Fen            `db:"advanced_fen" json:"advanced_fen,omitempty"`
	Outcome        complaint.Outcome     `db:"outcome" json:"outcome,omitempty"`
	Representative bool                  `db:"representative" json:"representative,omitempty"`
	MovedFromNo    string                `db:"moved_from_no" json:"moved_from_no,omitempty"` // number of the merged case
	Removed        bool                  `db:"removed" json:"-"`
}

// ShortFen is what is verified and not paid.
func (c Claimant) ShortFen() domain.Fen { return max(0, c.VerifiedFen-c.PaidFen) }

type lineKey struct {
	ComplaintID uuid.UUID `db:"complaint_id"`
	ClaimantNo  int       `db:"claimant_no"`
}

// Clock is one time limit of a case, with all that it went through.
type Clock struct {
	ComplaintID uuid.UUID               `db:"complaint_id,key" json:"-"`
	Kind        complaint.ClockKind     `db:"clock,key" json:"clock"`
	Status      calendar.Status         `db:"status" json:"status"`
	Length      string                  `db:"length" json:"length"`               // as "15wd"
	Extended    string                  `db:"extended" json:"extended,omitempty"` // what an extension added
	Basis       string                  `db:"basis" json:"basis,omitempty"`
	StartedAt   time.Time               `db:"started_at" json:"started_at"`
	Since       time.Time               `db:"since" json:"-"` // begin of the present stretch
	DueAt       time.Time               `db:"due_at" json:"due_at,omitzero"`
	Provisional bool                    `db:"provisional" json:"provisional,omitempty"`
	CalendarV   string                  `db:"calendar_v" json:"calendar_v,omitempty"`
	Consumed    int                     `db:"consumed" json:"consumed,omitempty"`
	PausedAt    time.Time               `db:"paused_at" json:"paused_at,omitzero"`
	Pauses      int                     `db:"pauses" json:"pauses,omitempty"`
	PauseReason complaint.PauseReason   `db:"pause_reason" json:"pause_reason,omitempty"`
	BreachedAt  time.Time               `db:"breached_at" json:"breached_at,omitzero"`
	MetAt       time.Time               `db:"met_at" json:"met_at,omitzero"`
	OverBy      int                     `db:"over_by" json:"over_by_wd,omitempty"`
	Step        calendar.Step           `db:"step" json:"step,omitempty"` // the last escalation
	StepDueAt   time.Time               `db:"step_due_at" json:"-"`       // the due date that it was told for
	Explained   complaint.OverdueReason `db:"explained" json:"explained,omitempty"`
}

type clockKey struct {
	ComplaintID uuid.UUID           `db:"complaint_id"`
	Kind        complaint.ClockKind `db:"clock"`
}

// Promise is a call-back that we promised. It is kept by the next contact in
// which the worker or a representative is reached.
type Promise struct {
	ComplaintID uuid.UUID `db:"complaint_id,key" json:"-"`
	EventNo     int64     `db:"event_no,key" json:"event_no"` // version of the event
	DueAt       time.Time `db:"due_at" json:"due_at"`
	About       string    `db:"-" json:"about,omitempty"`
	AboutSealed string    `db:"about_sealed" json:"-"`
	PromisedBy  string    `db:"promised_by" json:"promised_by"`
	KeptAt      time.Time `db:"kept_at" json:"kept_at,omitzero"`
}

func (p *Promise) cells() []projections.Cell {
	return []projections.Cell{about(p.ComplaintID, p.EventNo, &p.About, &p.AboutSealed)}
}

func about(id uuid.UUID, eventNo int64, plain, sealed *string) projections.Cell {
	return narrative("promise.about", projections.Key(id, eventNo), id, plain, sealed)
}

type promiseKey struct {
	ComplaintID uuid.UUID `db:"complaint_id"`
	EventNo     int64     `db:"event_no"`
}

// Callback is one person to be asked before closing, or who was.
type Callback struct {
	ComplaintID uuid.UUID     `db:"complaint_id,key" json:"-"`
	ClaimantNo  int           `db:"claimant_no,key" json:"claimant_no"` // 0: the reporter
	Wanted      bool          `db:"wanted" json:"wanted"`               // in the sample of the last proposal to close
	Answered    bool          `db:"answered" json:"answered"`           // and nothing changed since
	Blocks      bool          `db:"blocks" json:"blocks,omitempty"`
	Attempts    []domain.Date `db:"attempts" json:"attempts,omitempty"`   // in vain since then
	Calls       int           `db:"calls" json:"calls,omitempty"`         // of all times
	Reached     bool          `db:"reached" json:"reached,omitempty"`     // at any time
	Satisfied   int           `db:"satisfied" json:"satisfied,omitempty"` // 1–5, 0: did not say
	AboutUs     bool          `db:"about_us" json:"about_us,omitempty"`   // complained about us
	LastBy      string        `db:"last_by" json:"last_by,omitempty"`
}

// Payment is money that reached a claimant.
type Payment struct {
	ComplaintID       uuid.UUID           `db:"complaint_id,key" json:"-"`
	PaymentNo         int                 `db:"payment_no,key" json:"payment_no"`
	ClaimantNo        int                 `db:"claimant_no" json:"claimant_no"`
	PaidFen           domain.Fen          `db:"paid_fen" json:"paid_fen"`
	PaidOn            domain.Date         `db:"paid_on" json:"paid_on"`
	PayerRole         complaint.PartyRole `db:"payer_role" json:"payer_role"`
	PayerEnterpriseID uuid.UUID           `db:"payer_enterprise_id" json:"payer_enterprise_id,omitzero"`
	Method            complaint.PayMethod `db:"method" json:"method"`
	ClaimantConfirmed bool                `db:"claimant_confirmed" json:"claimant_confirmed"`
	Reversed          bool                `db:"reversed" json:"reversed,omitempty"`
}

type paymentKey struct {
	ComplaintID uuid.UUID `db:"complaint_id"`
	PaymentNo   int       `db:"payment_no"`
}

// Party is somebody who is liable for the wages.
type Party struct {
	ComplaintID  uuid.UUID           `db:"complaint_id,key" json:"-"`
	EnterpriseID uuid.UUID           `db:"enterprise_id,key" json:"enterprise_id"`
	Role         complaint.PartyRole `db:"role,key" json:"role"`
	BasisArticle string              `db:"basis_article" json:"basis_article"`
	CapFen       *domain.Fen         `db:"cap_fen" json:"cap_fen,omitempty"`
	Dropped      bool                `db:"dropped" json:"dropped,omitempty"`
}

type partyKey struct {
	ComplaintID  uuid.UUID           `db:"complaint_id"`
	EnterpriseID uuid.UUID           `db:"enterprise_id"`
	Role         complaint.PartyRole `db:"role"`
}

// Hint is another case that may be the same.
type Hint struct {
	ComplaintID uuid.UUID                `db:"complaint_id,key" json:"-"`
	OtherNo     string                   `db:"other_no,key" json:"other_no"`
	OtherID     uuid.UUID                `db:"other_id" json:"other_id"`
	Score       int                      `db:"score" json:"score_percent"`
	Keys        []complaint.DuplicateKey `db:"keys" json:"keys"`
	DismissedBy string                   `db:"dismissed_by" json:"dismissed_by,omitempty"` // empty: still open
}

type hintKey struct {
	ComplaintID uuid.UUID `db:"complaint_id"`
	OtherNo     string    `db:"other_no"`
}
