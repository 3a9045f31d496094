// Package findings is what a command on a complaint must carry and no caller may
// make up: whether an officer is related to somebody in the case, what claimants
// claim elsewhere, which case an id or a number means to the one who names it,
// the digest of the file; and who answers the phone. Pages and the API complete their commands here, so
// that a token cannot leave out what the form would have found.
//
// Read Finder.Complete.
package findings

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/orgunit"
	"hearth/eventstore"
	"hearth/projections/complaints"
	"hearth/projections/people"
	"hearth/projections/timeline"
)

// Finder looks things up in the read models, as one who asks may see them.
type Finder struct {
	Cases    complaints.Queries
	People   people.Queries
	Timeline timeline.Queries
	Accounts Accounts
	Units    func() orgunit.Tree // as it is known now
	Now      func() time.Time
}

// Accounts knows who may be given a case; *accounts.Accounts is one.
type Accounts interface {
	Get(ctx context.Context, id string) (accounts.User, error)
}

// Complete fills in what a command must carry. Other cases that it names are
// those that the viewer sees: one that is not among them is rejected as if there
// were none. Ids that nobody has chosen yet follow from the command's own.
func (f Finder) Complete(ctx context.Context, v complaints.Viewer, row complaints.Row, id uuid.UUID, cmd complaint.Command) (err error) {
	switch cmd := cmd.(type) {
	case *complaint.AddClaimants:
		cmd.Elsewhere, err = f.Cases.Elsewhere(ctx, v, row.ID, cmd.Claimants)
	case *complaint.ImportClaimants:
		cmd.Elsewhere, err = f.Cases.Elsewhere(ctx, v, row.ID, cmd.Rows)
	case *complaint.Assign:
		if err = f.officers(ctx, row, cmd.Handler, cmd.CoHandler); err == nil {
			cmd.Conflicts, err = f.conflicts(ctx, v, row, cmd.Handler, cmd.CoHandler)
		}
	case *complaint.Recuse:
		if err = f.officers(ctx, row, cmd.ReplacedBy); err == nil {
			cmd.Conflicts, err = f.conflicts(ctx, v, row, cmd.ReplacedBy)
		}
	case *complaint.Merge:
		cmd.IntoID, cmd.IntoNo, err = f.other(ctx, v, cmd.IntoID, cmd.IntoNo)
	case *complaint.Link:
		cmd.OtherID, cmd.OtherNo, err = f.other(ctx, v, cmd.OtherID, cmd.OtherNo)
	case *complaint.IssueDocument:
		cmd.DocumentID = orDrawn(cmd.DocumentID, id, "document")
	case *complaint.SendReferral:
		cmd.ReferralID = orDrawn(cmd.ReferralID, id, "referral")
	case *complaint.LinkAdvance:
		cmd.ReliefID = orDrawn(cmd.ReliefID, id, "advance")
	case *complaint.Archive:
		cmd.ManifestSHA256, err = f.manifest(ctx, row)
	default: // it says all itself
	}
	return err
}

func orDrawn(chosen, command uuid.UUID, what string) uuid.UUID {
	if chosen != uuid.Nil {
		return chosen
	}
	return uuid.NewSHA1(command, []byte(what))
}

// other is another case, by its id or else by its number.
func (f Finder) other(ctx context.Context, v complaints.Viewer, id uuid.UUID, no string) (uuid.UUID, string, error) {
	var row complaints.Row
	var err error
	if id != uuid.Nil {
		row, err = f.Cases.Get(ctx, v, id)
	} else {
		row, err = f.Cases.ByNo(ctx, v, no)
	}
	if errors.Is(err, complaints.ErrNotFound) {
		return uuid.Nil, "", domain.Reject("other_case_missing", "没有这个案号,请核对。")
	}
	return row.ID, row.No, err
}

// officers rejects users who cannot be given a case of its unit; that there is
// no such user is told in the same words.
func (f Finder) officers(ctx context.Context, row complaints.Row, users ...string) error {
	for _, id := range users {
		if id == "" {
			continue // whether that will do is for the rules to say
		}
		u, err := f.Accounts.Get(ctx, id)
		switch {
		case errors.Is(err, accounts.ErrNotFound), err == nil && !MayHandle(f.Units(), domain.DateOf(f.Now()), u, row.HandlingOrg):
			return domain.Reject("not_an_officer", "所选的人不能办理本单位的案件,请从列表中重新选择。")
		case err != nil:
			return err
		}
	}
	return nil
}

// MayHandle reports whether a user can be given a case of a unit: its own
// handlers and inspectors and those below it, and the inspectors of the city,
// who make up the two that a site visit needs.
func MayHandle(units orgunit.Tree, on domain.Date, u accounts.User, org string) bool {
	switch {
	case u.Disabled:
		return false
	case u.Has(domain.RoleHandler, domain.RoleInspector) && (org == "" || units.Within(u.Org, org, on)):
		return true
	}
	return u.Org == units.Root(on) && u.Has(domain.RoleInspector)
}

// ReadsStories reports whether a user works on cases and sees what was written down
// in them, with names and numbers masked; others see what happened.
func ReadsStories(u accounts.User) bool {
	return u.Has(domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleHandler, domain.RoleOrgHead,
		domain.RoleInspector, domain.RoleReviewer, domain.RoleApprover, domain.RoleDiscipline, domain.RoleFinanceAuditor)
}

// DeskRoles are those who answer the phone, and to whom it may be told who calls.
func DeskRoles() []domain.Role {
	return []domain.Role{domain.RoleOperator, domain.RoleShiftLeader, domain.RoleDispatcher, domain.RoleHandler, domain.RoleUnitClerk}
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

// conflicts are the reasons why officers may not handle a case: relatives of
// theirs among those whom it is about.
func (f Finder) conflicts(ctx context.Context, v complaints.Viewer, row complaints.Row, users ...string) ([]complaint.Conflict, error) {
	ids, err := f.persons(ctx, v, row)
	if err != nil {
		return nil, err
	}
	known, err := f.People.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	var found []complaint.Conflict
	for _, id := range ids {
		for _, kin := range known[id].Kin {
			if kin.User != "" && slices.Contains(users, kin.User) {
				found = append(found, complaint.Conflict{User: kin.User, Relation: complaint.Relation(kin.Relation)})
			}
		}
	}
	return found, nil
}

// entriesAtOnce is how many entries are asked for at a time.
const entriesAtOnce = 500

// Entries is every event of a case, or of one track of it, oldest first.
func Entries(ctx context.Context, q timeline.Queries, id uuid.UUID, track timeline.Track) ([]timeline.Entry, error) {
	stream := eventstore.StreamID{Family: complaint.Family, Case: id.String()}
	var all []timeline.Entry
	for after := int64(0); ; after = all[len(all)-1].Version {
		page, err := q.Case(ctx, stream, after, track, entriesAtOnce)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < entriesAtOnce {
			return all, nil
		}
	}
}

func (f Finder) manifest(ctx context.Context, row complaints.Row) (string, error) {
	entries, err := Entries(ctx, f.Timeline, row.ID, "")
	return Manifest(row, entries), err
}

// Manifest is the SHA-256 over one line per event: version, position, type, both
// times, as they stand in the file that is printed.
func Manifest(row complaints.Row, entries []timeline.Entry) string {
	var b strings.Builder
	fmt.Fprintln(&b, row.ID, row.No)
	for _, e := range entries {
		fmt.Fprintln(&b, e.Version, e.Position, e.Type, e.OccurredAt.UTC().UnixMicro(), e.RecordedAt.UTC().UnixMicro())
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}
