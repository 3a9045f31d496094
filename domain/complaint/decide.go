package complaint

import (
	"time"

	"hearth/domain"
	"hearth/domain/calendar"
)

// NewDecider is 投诉决策器: the rules of the family under one set of limits.
func NewDecider(r Rules) domain.Decider[State, Command, Event] {
	return domain.Decider[State, Command, Event]{
		Initial: func() State { return State{} },
		Decide:  r.decide,
		Evolve:  Evolve,
	}
}

// decide asks first whether the command is open to the actor on this case, then
// looks at its fields. It never returns events together with an error.
func (r Rules) decide(s State, cmd Command) ([]Event, error) {
	by := cmd.IssuedBy()
	if err := by.Check(); err != nil {
		return nil, err
	}
	spec, _ := Spec(cmd.command())
	if err := spec.allow(gate{s: s, r: r, actor: by.Actor, now: by.At}); err != nil {
		return nil, err
	}
	d := &decision{r: r, s: s, by: by}
	if err := d.take(cmd); err != nil {
		return nil, err
	}
	return d.events, nil
}

// decision collects the events of one command and the state after them, so that
// what follows from an event (a risk, a clock, a hint) can look at it.
type decision struct {
	r      Rules
	s      State
	by     domain.By
	events []Event
}

func (d *decision) add(events ...Event) {
	for _, ev := range events {
		d.events = append(d.events, ev)
		d.s = Evolve(d.s, ev)
	}
}

// actor is the user id of who issued the command.
func (d *decision) actor() string { return d.by.Actor.ID }

// at is when the fact took place; today is its date.
func (d *decision) at() time.Time      { return d.by.OccurredAt().UTC() }
func (d *decision) today() domain.Date { return domain.DateOf(d.by.OccurredAt()) }

// cal is the calendar of the rules.
func (d *decision) cal() calendar.Calendar { return d.r.Calendar }

func (d *decision) take(cmd Command) error {
	switch c := cmd.(type) {
	case *Register, *DismissDuplicate, *IdentifyRespondent, *RequestSupplement, *ReceiveSupplement, *Accept, *Refuse,
		*TransferOut, *Reclassify:
		return d.takeIntake(c)
	case *Dispatch, *Sign, *Return, *Rule, *Assign, *Recuse:
		return d.takeDispatch(c)
	case *LogContact, *PromiseCallback, *AddNote, *AddAttachment, *Link:
		return d.takeRecord(c)
	case *RaiseRisk, *LowerRisk, *NotifyLeader, *AnswerCrimeHint, *Restrict:
		return d.takeRisk(c)
	case *AddClaimants, *ImportClaimants, *TakeOver, *RemoveClaimant, *ElectRepresentatives, *VerifyClaims,
		*ConfirmVerification, *DisputeClaim, *SetOutcome:
		return d.takeClaims(c)
	case *NameLiableParty, *DropLiableParty, *LogNegotiation, *SignAgreement, *FailMediation, *StartProcedure, *ConcludeProcedure:
		return d.takeTracks(c)
	case *PromisePayment, *RecordPayment, *ReversePayment, *LinkAdvance, *OpenRecourse, *RecoverRecourse:
		return d.takeMoney(c)
	case *IssueDocument, *AnswerDocument, *SendReferral, *ReceiptReferral:
		return d.takePapers(c)
	case *PauseClock, *ResumeClock, *ExtendClock, *ExplainOverdue, *OrderSupervision, *Tick, *RecomputeClocks:
		return d.takeClocks(c)
	case *Callback, *ProposeClosure, *ReturnClosure, *ApproveClosure, *Reopen, *Withdraw, *Merge, *Archive:
		return d.takeClosure(c)
	}
	panic("complaint: unknown command " + cmd.command())
}
