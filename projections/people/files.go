package people

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"hearth/domain/person"
	"hearth/eventstore"
)

// Kin says that the person is related to somebody who works here, or was said to.
type Kin struct {
	User        string             `json:"user"`
	Relation    person.KinRelation `json:"relation"`
	DeclaredAt  time.Time          `json:"declared_at"`
	DeclaredBy  string             `json:"declared_by"`
	WithdrawnAt time.Time          `json:"withdrawn_at,omitzero"`
	WithdrawnBy string             `json:"withdrawn_by,omitempty"`
}

// Holds reports whether the declaration was not taken back.
func (k Kin) Holds() bool { return k.WithdrawnAt.IsZero() }

// Outcome is what became of a request.
type Outcome string

// The outcomes.
const (
	Waiting Outcome = ""        // for one more who approves, or two
	Done    Outcome = "done"    // two approved
	Refused Outcome = "refused" // somebody did not
)

// Request is 处置申请: what was asked to become of somebody's data, and who decided.
type Request struct {
	No        int                 `json:"no"` // of the file, from 1
	Step      person.ErasureStep  `json:"step"`
	Basis     person.ErasureBasis `json:"basis"`
	Subjects  []string            `json:"subjects,omitempty"` // ids of cases
	Linked    []string            `json:"linked,omitempty"`   // other files of the person, not concerned
	By        string              `json:"by"`
	At        time.Time           `json:"at"`
	FirstBy   string              `json:"first_by,omitempty"` // who approved first
	FirstAt   time.Time           `json:"first_at,omitzero"`
	Outcome   Outcome             `json:"outcome,omitempty"`
	DecidedBy string              `json:"decided_by,omitempty"`
	DecidedAt time.Time           `json:"decided_at,omitzero"`
	Refusal   person.RefusalBasis `json:"refusal,omitempty"`
	Position  eventstore.Position `json:"position"` // of the last event about it
}

// Open is the request that waits; ok is false when none does.
func (p Person) Open() (r Request, ok bool) {
	if n := len(p.Requests); n > 0 && p.Requests[n-1].Outcome == Waiting {
		return p.Requests[n-1], true
	}
	return Request{}, false
}

// Merged reports whether the file leads to another.
func (p Person) Merged() bool { return p.MergedInto != uuid.Nil }

// Files are the other files of the person that are linked to this one.
func (p Person) Files() []string {
	var files []string
	for _, id := range p.Taken {
		files = append(files, id.String())
	}
	if p.MergedInto != uuid.Nil {
		files = append(files, p.MergedInto.String())
	}
	slices.Sort(files)
	return files
}

// evolveFile takes over what a file says beside the person.
func (p *Person) evolveFile(r eventstore.Recorded, ev person.Event) {
	at, by := r.Meta.By.At, r.Meta.By.Actor.ID
	switch ev := ev.(type) {
	case person.KinOfStaffDeclared:
		p.withdrawKin(ev.User, at, by)
		p.Kin = append(p.Kin, Kin{User: ev.User, Relation: person.KinRelation(ev.Relation), DeclaredAt: at, DeclaredBy: by})
	case person.KinOfStaffWithdrawn:
		p.withdrawKin(ev.User, at, by)
	case person.Merged:
		p.MergedInto = parsed(ev.Into)
	case person.Unmerged:
		p.MergedInto = uuid.Nil
	case person.MergedFrom:
		p.Taken = append(slices.Clone(p.Taken), parsed(ev.From))
	case person.UnmergedFrom:
		p.Taken = slices.DeleteFunc(slices.Clone(p.Taken), func(id uuid.UUID) bool { return id == parsed(ev.Other) })
	case person.ErasureRequested:
		p.Requests = append(slices.Clone(p.Requests), Request{
			No: len(p.Requests) + 1, Step: ev.Step, Basis: ev.Basis, Subjects: ev.Subjects, Linked: ev.Linked, By: ev.By, At: at, Position: r.Position,
		})
		p.RequestOpen = true
	case person.ErasureApproved:
		p.settle(r, func(q *Request) { q.FirstBy, q.FirstAt = ev.By, at })
	case person.ErasureRefused:
		p.RequestOpen = false
		p.settle(r, func(q *Request) { q.Outcome, q.DecidedBy, q.DecidedAt, q.Refusal = Refused, ev.By, at, ev.Basis })
	case person.Suspended:
		p.decided(r, ev.Decision, person.IsSuspended)
	case person.Unsuspended:
		p.decided(r, ev.Decision, person.InUse)
	case person.KeyShredded:
		p.decided(r, ev.Decision, person.IsShredded)
		p.shred()
	default: // evolve has the others
	}
}

func (p *Person) withdrawKin(user string, at time.Time, by string) {
	p.Kin = slices.Clone(p.Kin)
	for i, k := range p.Kin {
		if k.User == user && k.Holds() {
			p.Kin[i].WithdrawnAt, p.Kin[i].WithdrawnBy = at, by
		}
	}
}

func (p *Person) decided(r eventstore.Recorded, d person.Decision, to person.Standing) {
	p.Standing, p.RequestOpen = to, false
	p.settle(r, func(q *Request) { q.Outcome, q.DecidedBy, q.DecidedAt = Done, d.Approvers[1], r.Meta.By.At })
}

// settle changes the last request. Files from before requests were kept have none.
func (p *Person) settle(r eventstore.Recorded, change func(*Request)) {
	n := len(p.Requests)
	if n == 0 {
		return
	}
	p.Requests = slices.Clone(p.Requests)
	change(&p.Requests[n-1])
	p.Requests[n-1].Position = r.Position
}

// parsed is an id that a decider has checked.
func parsed(s string) uuid.UUID {
	id, _ := uuid.Parse(s)
	return id
}
