package search

import (
	"slices"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/person"
	"hearth/eventstore"
	"hearth/projections"
)

// matters reports whether an event changes what can be found; most do not.
func matters(ev domain.Event) bool {
	switch ev.(type) {
	case complaint.Registered, complaint.Accepted, complaint.DispatchIssued, complaint.DispatchRuled, complaint.HandlerAssigned,
		complaint.HandlerRecused, complaint.NoteAdded, complaint.ContactAttempted, complaint.ClaimantAdded, complaint.ClaimantsImported,
		complaint.ClaimantRemoved, complaint.AccessRestricted, complaint.TransferredOut, complaint.ProcedureStarted,
		complaint.DocumentIssued, complaint.ReferralReceipted, complaint.AgreementSigned,
		enterprise.Registered, enterprise.Renamed, enterprise.CodeEntered, enterprise.Merged,
		person.Registered, person.IdentityCorrected, person.ContactCorrected, person.KeyShredded:
		return true
	}
	return false
}

// personsIn are the persons whom an event names.
func personsIn(ev domain.Event) []uuid.UUID {
	switch ev := ev.(type) {
	case complaint.Registered:
		if ev.Reporter.PersonID != uuid.Nil {
			return []uuid.UUID{ev.Reporter.PersonID}
		}
	case complaint.ClaimantAdded:
		return []uuid.UUID{ev.PersonID}
	case complaint.ClaimantsImported:
		ids := make([]uuid.UUID, len(ev.Rows))
		for i, row := range ev.Rows {
			ids[i] = row.PersonID
		}
		return ids
	}
	return nil
}

// shreddedWith are the cases whose narratives are shredded by an event.
func shreddedWith(ev domain.Event) []documentKey {
	shredded, ok := ev.(person.KeyShredded)
	if !ok {
		return nil
	}
	var keys []documentKey
	for _, subject := range shredded.Subjects {
		if id, err := uuid.Parse(subject); err == nil {
			keys = append(keys, documentKey{Complaint, id})
		}
	}
	return keys
}

// restricts reports an event after which links are to be looked at again.
func restricts(ev domain.Event) bool {
	switch ev.(type) {
	case complaint.AccessRestricted, complaint.ClaimantRemoved:
		return true
	}
	return false
}

func (b *batch) apply(r eventstore.Recorded) {
	key, ok := keyOf(r)
	if !ok {
		return
	}
	if _, shredded := r.Event.(person.KeyShredded); shredded {
		b.shred(key, r.Event)
		return
	}
	d := b.document(key)
	if d.At.IsZero() {
		d.At = r.Meta.By.At
	}
	switch ev := r.Event.(type) {
	case complaint.Event:
		b.complaint(d, ev, projections.Withheld(r, domain.SealNarrative))
	case enterprise.Event:
		d.enterprise(ev)
	case person.Event:
		d.person(r, ev)
	}
}

func (b *batch) complaint(d *document, ev complaint.Event, withheld string) {
	switch ev := ev.(type) {
	case complaint.Registered:
		d.Owner, d.Staff = ev.Area, []string{"", "", ev.FirstReceiver}
		d.set(clear(FieldNo, ev.No))
		d.set(clear(FieldEmployer, ev.Employer.Text))
		d.set(secret(FieldSummary, ev.Summary, withheld))
		if ev.External != nil {
			d.add(clear(FieldOtherNo, ev.External.No))
		}
		if id := ev.Reporter.PersonID; id != uuid.Nil {
			b.name(d, part{Field: FieldReporter, Person: id})
		}
	case complaint.Accepted:
		d.hand(ev.HandlingOrg)
	case complaint.DispatchIssued:
		d.hand(ev.ToOrg)
	case complaint.DispatchRuled:
		d.hand(ev.FinalOrg)
	case complaint.HandlerAssigned:
		d.assign(ev.Handler, ev.CoHandler)
	case complaint.HandlerRecused:
		d.recuse(ev.User, ev.ReplacedBy)
	case complaint.ClaimantAdded:
		b.name(d, part{Field: FieldClaimant, Person: ev.PersonID, No: ev.ClaimantNo})
	case complaint.ClaimantsImported:
		for i, row := range ev.Rows {
			b.name(d, part{Field: FieldClaimant, Person: row.PersonID, No: ev.FirstNo + i})
		}
	case complaint.ClaimantRemoved:
		b.unname(d, ev.ClaimantNo)
	case complaint.AccessRestricted:
		d.Restricted, d.AllowedRoles, d.AccusedOrg = true, ev.AllowedRoles, ev.AccusedOrg
		for _, l := range b.links {
			if l.ComplaintID == d.ID {
				l.Restricted = true
			}
		}
	case complaint.NoteAdded:
		d.add(secret(FieldNote, ev.Text, withheld))
	case complaint.ContactAttempted:
		d.add(secret(FieldNote, ev.Gist, withheld))
	case complaint.TransferredOut:
		d.add(clear(FieldOtherNo, ev.TheirNo))
	case complaint.ProcedureStarted:
		d.add(clear(FieldOtherNo, ev.TheirNo))
	case complaint.ReferralReceipted:
		d.add(clear(FieldOtherNo, ev.TheirNo))
	case complaint.DocumentIssued:
		d.add(clear(FieldOtherNo, ev.No))
	case complaint.AgreementSigned:
		d.add(clear(FieldOtherNo, ev.AgreementNo))
	default: // matters lets no other event through
	}
}

// name adds a person to a case; who it is called is filled in at the end.
func (b *batch) name(d *document, p part) {
	d.Parts = append(d.Parts, p)
	key := linkKey{p.Person, d.ID}
	b.links[key] = &link{PersonID: p.Person, ComplaintID: d.ID, Restricted: d.Restricted}
	b.gone = slices.DeleteFunc(b.gone, func(k linkKey) bool { return k == key })
}

// unname takes a claimant out; the link stays while the case names the person
// otherwise.
func (b *batch) unname(d *document, no int) {
	i := slices.IndexFunc(d.Parts, func(p part) bool { return p.Field == FieldClaimant && p.No == no })
	if i < 0 {
		return
	}
	id := d.Parts[i].Person
	d.Parts = slices.Delete(d.Parts, i, i+1)
	if !d.names(id) {
		key := linkKey{id, d.ID}
		delete(b.links, key)
		b.gone = append(b.gone, key)
	}
}

// hand gives the case to a unit; without one it stays where it is.
func (d *document) hand(unit string) {
	if unit != "" {
		d.Owner = unit
	}
}

// assign keeps who took the case in.
func (d *document) assign(handler, coHandler string) {
	first := ""
	if len(d.Staff) > 2 {
		first = d.Staff[2]
	}
	d.Staff = []string{handler, coHandler, first}
}

func (d *document) recuse(user, by string) {
	for i := range min(len(d.Staff), 2) {
		if d.Staff[i] == user {
			d.Staff[i] = by
		}
	}
}

func (d *document) enterprise(ev enterprise.Event) {
	switch ev := ev.(type) {
	case enterprise.Registered:
		d.set(clear(FieldName, ev.Name))
		d.add(clear(FieldUSCC, ev.USCC))
		for _, alias := range ev.Aliases {
			d.add(clear(FieldFormer, alias))
		}
	case enterprise.Renamed:
		d.set(clear(FieldName, ev.Name))
		d.add(clear(FieldFormer, ev.Former))
	case enterprise.CodeEntered:
		d.add(clear(FieldUSCC, ev.USCC))
	case enterprise.Merged:
		d.MergedInto = ev.IntoID
	default: // matters lets no other event through
	}
}

func (d *document) person(r eventstore.Recorded, ev person.Event) {
	switch ev := ev.(type) {
	case person.Registered:
		d.identify(r, ev.Identity)
		d.reach(r, ev.Contact)
	case person.IdentityCorrected:
		d.identify(r, ev.Identity)
	case person.ContactCorrected:
		d.reach(r, ev.Contact)
	default: // matters lets no other event through
	}
}

func (d *document) identify(r eventstore.Recorded, i person.Identity) {
	withheld := projections.Withheld(r, domain.SealIdentity)
	d.set(secret(FieldName, i.Name, withheld))
	d.set(secret(FieldIDNo, i.IDNo, withheld))
}

func (d *document) reach(r eventstore.Recorded, c person.Contact) {
	d.set(secret(FieldPhone, c.Phone, projections.Withheld(r, domain.SealContact)))
}
