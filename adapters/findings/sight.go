package findings

import (
	"context"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/projections/complaints"
	"hearth/projections/people"
	"hearth/projections/text"
)

// MayKnow reports whether a user works on cases with the people in them and sees
// their names and what was said about them; others see masks.
func MayKnow(u accounts.User) bool {
	return u.Has(domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleHandler, domain.RoleOrgHead,
		domain.RoleReviewer, domain.RoleApprover, domain.RoleDiscipline, domain.RoleFinanceAuditor)
}

// DeskRoles are those who answer the phone, and to whom it may be told who calls.
func DeskRoles() []domain.Role {
	return []domain.Role{domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleHandler, domain.RoleUnitClerk}
}

// numbers are runs of digits that may be of a telephone or an identity card.
var numbers = regexp.MustCompile(`\d[\d -]{5,}[\dXx]`)

// Veil is a free text with masks for the names of people and for long numbers.
func Veil(s string, known map[uuid.UUID]people.Person) string {
	for _, p := range known {
		if p.Name != "" {
			s = strings.ReplaceAll(s, p.Name, text.MaskName(p.Name))
		}
	}
	return numbers.ReplaceAllStringFunc(s, text.MaskPhone)
}

// Summary is that of a case as somebody may see it who sees masks.
func (f Finder) Summary(ctx context.Context, v complaints.Viewer, row complaints.Row) (string, error) {
	ids, err := f.persons(ctx, v, row)
	if err != nil {
		return "", err
	}
	known, err := f.People.ByIDs(ctx, ids)
	return Veil(row.Summary, known), err
}

// persons are those whom a case is about.
func (f Finder) persons(ctx context.Context, v complaints.Viewer, row complaints.Row) ([]uuid.UUID, error) {
	ledger, err := f.Cases.Ledger(ctx, v, row.ID)
	if err != nil {
		return nil, err
	}
	ids := []uuid.UUID{row.Reporter}
	for _, l := range ledger {
		ids = append(ids, l.PersonID)
	}
	return ids, nil
}
