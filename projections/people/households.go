package people

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain/household"
	"hearth/eventstore"
)

// Household is one row: who lives, and who lived, as one household.
type Household struct {
	ID          uuid.UUID                `db:"id,key" json:"id"`
	Head        uuid.UUID                `db:"head" json:"head"`
	Members     []Member                 `db:"members" json:"members"`
	Persons     []uuid.UUID              `db:"persons" json:"-"` // present and former, to be found by
	FormedAt    time.Time                `db:"formed_at" json:"formed_at"`
	DissolvedAt time.Time                `db:"dissolved_at" json:"dissolved_at,omitzero"`
	Reason      household.DissolveReason `db:"reason" json:"reason,omitempty"`
	Version     int64                    `db:"version" json:"version"`
	Position    eventstore.Position      `db:"position" json:"position"`
}

// Member is somebody in a household, or who was.
type Member struct {
	Person   uuid.UUID             `json:"person"`
	Relation household.Relation    `json:"relation"`
	JoinedAt time.Time             `json:"joined_at"`
	LeftAt   time.Time             `json:"left_at,omitzero"`
	Reason   household.LeaveReason `json:"reason,omitempty"`
}

// Present reports whether the member has not left.
func (m Member) Present() bool { return m.LeftAt.IsZero() }

// Dissolved reports whether the household is over.
func (h Household) Dissolved() bool { return !h.DissolvedAt.IsZero() }

// Present are the members who have not left, the head first.
func (h Household) Present() []Member {
	return slices.DeleteFunc(slices.Clone(h.Members), func(m Member) bool { return !m.Present() })
}

func evolveHousehold(h *Household, r eventstore.Recorded) {
	h.Version, h.Position = int64(r.Version), r.Position
	at := r.Meta.By.At
	switch ev := r.Event.(type) {
	case household.HouseholdFormed:
		h.FormedAt, h.Head = at, parsed(ev.Head)
		for _, m := range ev.Members {
			h.join(m, at)
		}
	case household.MemberJoined:
		h.join(ev.Member, at)
	case household.MemberLeft:
		h.leave(parsed(ev.PersonID), ev.Reason, at)
	case household.HeadChanged:
		h.Head, h.Members = parsed(ev.Head), slices.Clone(h.Members)
		for _, m := range ev.Members {
			for i := range h.Members {
				if h.Members[i].Person == parsed(m.PersonID) && h.Members[i].Present() {
					h.Members[i].Relation = m.Relation
				}
			}
		}
		slices.SortStableFunc(h.Members, func(a, b Member) int { return rank(a) - rank(b) })
	case household.HouseholdDissolved:
		h.DissolvedAt, h.Reason = at, ev.Reason
	}
}

// rank puts the head first.
func rank(m Member) int {
	if m.Relation == household.RelationHead && m.Present() {
		return 0
	}
	return 1
}

func (h *Household) join(m household.Member, at time.Time) {
	id := parsed(m.PersonID)
	h.Members = append(slices.Clone(h.Members), Member{Person: id, Relation: m.Relation, JoinedAt: at})
	if !slices.Contains(h.Persons, id) {
		h.Persons = append(slices.Clone(h.Persons), id)
	}
}

func (h *Household) leave(id uuid.UUID, reason household.LeaveReason, at time.Time) {
	h.Members = slices.Clone(h.Members)
	for i, m := range h.Members {
		if m.Person == id && m.Present() {
			h.Members[i].LeftAt, h.Members[i].Reason = at, reason
		}
	}
}

// Household is one household; found is false when there is none.
func (q Queries) Household(ctx context.Context, id uuid.UUID) (h Household, found bool, err error) {
	all, err := q.households(ctx, `id = @id`, pgx.StrictNamedArgs{"id": id})
	if err != nil || len(all) == 0 {
		return Household{}, false, err
	}
	return all[0], true, nil
}

// Households are those that persons are in or were in, the newest first.
func (q Queries) Households(ctx context.Context, persons ...uuid.UUID) ([]Household, error) {
	return q.households(ctx, `persons && @persons order by formed_at desc, id`, pgx.StrictNamedArgs{"persons": persons})
}

func (q Queries) households(ctx context.Context, where string, args pgx.StrictNamedArgs) ([]Household, error) {
	rows, err := q.pool.Query(ctx, `select * from `+schema+`.household where `+where, args)
	if err != nil {
		return nil, fmt.Errorf("households: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[Household])
	if err != nil {
		return nil, fmt.Errorf("households: %w", err)
	}
	return all, nil
}
