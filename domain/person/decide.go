package person

import (
	"maps"
	"strings"

	"hearth/domain"
)

// State is 人员状态: what decisions rest on.
type State struct {
	Exists   bool
	Identity Identity
	Contact  Contact
	Bank     Bank
	Consents map[string]string // purpose -> text version
	Bases    map[Purpose]ProcessingBasis
	Kin      map[string]string // user id -> relation
	Death    *DeathNoted       // nil: nobody has noted it
	Links    Links
	Erasure  Erasure
}

// Decider is 人员决策器.
var Decider = domain.Decider[State, Command, Event]{
	Initial: func() State { return State{} },
	Decide:  decide,
	Evolve:  evolve,
}

func decide(s State, cmd Command) ([]Event, error) {
	if cmd, ok := cmd.(*Register); ok {
		return register(s, cmd)
	}
	if !s.Exists {
		return nil, domain.Reject("person_missing", "没有这个人的档案,请先建档。")
	}
	if err := s.Erasure.usable(entersData(cmd)); err != nil {
		return nil, err
	}
	if s.Links.MergedInto != "" && !onMerged(cmd) {
		return nil, domain.Reject("person_merged", "这份档案已并入另一份,请在那份档案上办理。")
	}
	switch cmd := cmd.(type) {
	case *Register:
		panic("person: register is handled above")
	case *CorrectIdentity:
		return correctIdentity(s, cmd)
	case *CorrectContact:
		return correctContact(s, cmd)
	case *CorrectBank:
		return correctBank(s, cmd)
	case *GiveConsent:
		return giveConsent(s, cmd)
	case *WithdrawConsent:
		return withdrawConsent(s, cmd)
	case *NoteBasis:
		return noteBasis(s, cmd)
	case *DeclareKin:
		return declareKin(s, cmd)
	case *WithdrawKin:
		return withdrawKin(s, cmd)
	case *Merge:
		return merge(s, cmd)
	case *TakeIn:
		return takeIn(s, cmd)
	case *Unmerge:
		return unmerge(s, cmd)
	case *LetGo:
		return letGo(s, cmd)
	case *NoteDeath:
		return noteDeath(s, cmd)
	case *RevokeDeath:
		return revokeDeath(s)
	case *RequestErasure:
		return requestErasure(s, cmd)
	case *ApproveErasure:
		return approveErasure(s, cmd)
	case *RefuseErasure:
		return refuseErasure(s, cmd)
	}
	panic("person: unknown command")
}

// entersData reports a wish that brings personal data in.
func entersData(cmd Command) bool {
	switch cmd.(type) {
	case *Register, *CorrectIdentity, *CorrectContact, *CorrectBank, *NoteDeath:
		return true
	case *GiveConsent, *WithdrawConsent, *NoteBasis, *DeclareKin, *WithdrawKin, *Merge, *TakeIn, *Unmerge, *LetGo, *RevokeDeath,
		*RequestErasure, *ApproveErasure, *RefuseErasure:
	}
	return false
}

// onMerged reports a wish that a file which leads to another still takes: about
// the link itself (Merge and TakeIn say what is wrong), kin, who stay who they
// are, and the erasure of what is in this file.
func onMerged(cmd Command) bool {
	switch cmd.(type) {
	case *Merge, *TakeIn, *Unmerge, *LetGo, *DeclareKin, *WithdrawKin, *WithdrawConsent, *RequestErasure, *ApproveErasure, *RefuseErasure:
		return true
	case *Register, *CorrectIdentity, *CorrectContact, *CorrectBank, *GiveConsent, *NoteBasis, *NoteDeath, *RevokeDeath:
	}
	return false
}

func register(s State, cmd *Register) ([]Event, error) {
	if s.Exists {
		return nil, domain.Reject("person_exists", "此人已经建档,请直接选用。")
	}
	ev := Registered{Kind: cmd.Kind}
	if ev.Kind == "" {
		ev.Kind = "other"
	}
	if err := kinds.Check(ev.Kind); err != nil {
		return nil, err
	}
	var err error
	if ev.Identity, err = cmd.Identity.proper(); err != nil {
		return nil, err
	}
	if ev.Contact, err = cmd.Contact.proper(); err != nil {
		return nil, err
	}
	if cmd.Bank != nil {
		bank, err := cmd.Bank.proper()
		if err != nil {
			return nil, err
		}
		ev.Bank = &bank
	}
	return []Event{ev}, nil
}

func (i Identity) proper() (Identity, error) {
	name := strings.Join(strings.Fields(i.Name), " ")
	if n := len([]rune(name)); n < 1 || n > 50 {
		return i, domain.Reject("bad_name", "请填写姓名(不超过50个字)。")
	}
	if i.IDNo == "" {
		return Identity{Name: name}, nil
	}
	id, err := ParseIDNo(i.IDNo)
	return Identity{Name: name, IDNo: id}, err
}

func (c Contact) proper() (Contact, error) {
	address := strings.Join(strings.Fields(c.Address), " ")
	if c.Phone == "" {
		return Contact{Address: address}, nil
	}
	phone, err := ParsePhone(c.Phone)
	return Contact{Phone: phone, Address: address}, err
}

func (b Bank) proper() (Bank, error) {
	account, err := ParseAccount(b.Account)
	return Bank{Name: strings.TrimSpace(b.Name), Account: account, Holder: strings.Join(strings.Fields(b.Holder), " ")}, err
}

func confirmed(by domain.By, reason, confirmer string) error {
	switch {
	case strings.TrimSpace(reason) == "":
		return domain.Reject("reason_missing", "请填写更正原因。")
	case confirmer == "":
		return domain.Reject("confirmer_missing", "更正身份或账户须由另一人确认,请选择确认人。")
	case confirmer == by.Actor.ID:
		return domain.Reject("same_person", "更正人和确认人不能是同一人,请另选确认人。")
	}
	return nil
}

func correctIdentity(s State, cmd *CorrectIdentity) ([]Event, error) {
	if err := confirmed(cmd.By, cmd.Reason, cmd.ConfirmedBy); err != nil {
		return nil, err
	}
	identity, err := cmd.Identity.proper()
	if err != nil || identity == s.Identity {
		return nil, err
	}
	return []Event{IdentityCorrected{Identity: identity, Reason: cmd.Reason, ConfirmedBy: cmd.ConfirmedBy}}, nil
}

func correctContact(s State, cmd *CorrectContact) ([]Event, error) {
	contact, err := cmd.Contact.proper()
	if err != nil || contact == s.Contact {
		return nil, err
	}
	return []Event{ContactCorrected{Contact: contact, Reason: strings.TrimSpace(cmd.Reason)}}, nil
}

func correctBank(s State, cmd *CorrectBank) ([]Event, error) {
	if err := confirmed(cmd.By, cmd.Reason, cmd.ConfirmedBy); err != nil {
		return nil, err
	}
	bank, err := cmd.Bank.proper()
	if err != nil || bank == s.Bank {
		return nil, err
	}
	return []Event{BankCorrected{Bank: bank, Reason: cmd.Reason, ConfirmedBy: cmd.ConfirmedBy}}, nil
}

func evolve(s State, ev Event) State {
	switch ev := ev.(type) {
	case Registered:
		s.Exists, s.Identity, s.Contact = true, ev.Identity, ev.Contact
		if ev.Bank != nil {
			s.Bank = *ev.Bank
		}
	case IdentityCorrected:
		s.Identity = ev.Identity
	case ContactCorrected:
		s.Contact = ev.Contact
	case BankCorrected:
		s.Bank = ev.Bank
	case ConsentGiven:
		s.Consents = put(s.Consents, ev.Purpose, ev.TextVersion)
	case ConsentWithdrawn:
		s.Consents = maps.Clone(s.Consents)
		delete(s.Consents, ev.Purpose)
	case KinOfStaffDeclared:
		s.Kin = put(s.Kin, ev.User, ev.Relation)
	case KinOfStaffWithdrawn:
		s = s.evolveKin(ev)
	case BasisNoted:
		s = s.evolveBasis(ev)
	case Merged, MergedFrom, Unmerged, UnmergedFrom, DeathNoted, DeathNoteRevoked:
		s = s.evolveLinks(ev)
	case ErasureRequested, ErasureApproved, ErasureRefused, Suspended, Unsuspended, KeyShredded:
		s = s.evolveErasure(ev)
	}
	return s
}

func put(m map[string]string, k, v string) map[string]string {
	next := make(map[string]string, len(m)+1)
	maps.Copy(next, m)
	next[k] = v
	return next
}
