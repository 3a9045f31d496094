package person

import (
	"testing"

	"hearth/domain"
	"hearth/domain/domaintest"
)

const (
	self  = "0192f000-0000-7000-8000-00000000000a"
	other = "0192f000-0000-7000-8000-00000000000b"
	third = "0192f000-0000-7000-8000-00000000000c"
)

func registeredAnd(more ...Event) []Event {
	is := []Event{Registered{Kind: "migrant", Identity: Identity{Name: "张三"}, Contact: Contact{Phone: "13800001234"}}}
	return append(is, more...)
}

// TestMerge: a file leads to another or has others that lead to it, and there is
// no way round in a circle.
func TestMerge(t *testing.T) {
	t.Parallel()
	decision := Decision{Basis: "storage_only", RequestedBy: "u1", Approvers: [2]string{"u2", "u3"}}
	asked := ErasureRequested{Step: StepSuspend, Basis: "unlawful", By: "u1"}
	merged, taken := Merged{other, "same_id_no"}, MergedFrom{third, "same_id_no"}
	into := func(id string) *Merge { return &Merge{By: by, Self: self, Into: id, Basis: "same_id_no"} }
	take := &TakeIn{By: by, From: third, Basis: "same_id_no"}
	domaintest.Decides(t, Decider,
		c("merge", registeredAnd(), into(other), []Event{merged}, ""),
		c("merge again", registeredAnd(merged), into(other), nil, ""),
		c("merge elsewhere", registeredAnd(merged), into(third), nil, "person_merged"),
		c("merge into itself", registeredAnd(), into(self), nil, "bad_merge"),
		c("merge into a name", registeredAnd(), into("张三"), nil, "bad_merge"),
		c("merge without a basis", registeredAnd(), &Merge{By: by, Self: self, Into: other}, nil, "code_missing"),
		c("merge what is asked to go", registeredAnd(asked), into(other), nil, "erasure_pending"),
		c("merge what is suspended", registeredAnd(Suspended{decision}), into(other), nil, "person_suspended"),
		c("merge with others behind it", registeredAnd(taken), into(other), []Event{merged}, ""),
		c("take in", registeredAnd(), take, []Event{taken}, ""),
		c("take in again", registeredAnd(taken), take, nil, ""),
		c("take in where it leads on", registeredAnd(merged), take, nil, "merge_target_merged"),
		c("take in what is nobody", nil, take, nil, "person_missing"),
		c("take in what is suspended", registeredAnd(Suspended{decision}), take, nil, "person_suspended"),
		c("take in what is destroyed", registeredAnd(Suspended{decision}, KeyShredded{decision}), take, nil, "person_shredded"),
		c("correct a merged file", registeredAnd(merged), &CorrectContact{By: by, Contact: Contact{Phone: "13800009999"}}, nil, "person_merged"),
		c("unmerge", registeredAnd(merged), &Unmerge{By: by, Reason: "not_the_same"}, []Event{Unmerged{other, "not_the_same"}}, ""),
		c("unmerge nothing", registeredAnd(), &Unmerge{By: by, Reason: "not_the_same"}, nil, "not_merged"),
		c("unmerge without a reason", registeredAnd(merged), &Unmerge{By: by}, nil, "code_missing"),
		c("unmerge while it is asked to go", registeredAnd(merged, asked), &Unmerge{By: by, Reason: "not_the_same"}, nil, "erasure_pending"),
		c("let go", registeredAnd(taken), &LetGo{By: by, Other: third, Reason: "not_the_same"}, []Event{UnmergedFrom{third, "not_the_same"}}, ""),
		c("let go of nobody", registeredAnd(), &LetGo{By: by, Other: third, Reason: "not_the_same"}, nil, ""),
		c("correct again", registeredAnd(merged, Unmerged{other, "not_the_same"}), &CorrectContact{By: by, Contact: Contact{Phone: "13800009999"}},
			[]Event{ContactCorrected{Contact: Contact{Phone: "13800009999"}}}, ""),
		c("merge again after that", registeredAnd(merged, Unmerged{other, "not_the_same"}), into(third), []Event{Merged{third, "same_id_no"}}, ""),
		c("erase without the others", registeredAnd(taken), &RequestErasure{By: by, Step: StepSuspend, Basis: "unlawful"}, nil, "linked_files"),
		c("erase with others that are none", registeredAnd(), &RequestErasure{By: by, Step: StepSuspend, Basis: "unlawful", Linked: []string{other}}, nil, "linked_files"),
		c("erase knowing of the others", registeredAnd(taken, merged), &RequestErasure{By: by, Step: StepSuspend, Basis: "unlawful", Linked: []string{third, other}},
			[]Event{ErasureRequested{Step: StepSuspend, Basis: "unlawful", By: "u1", Linked: []string{other, third}}}, ""),
		c("erase after they were let go", registeredAnd(taken, UnmergedFrom{third, "not_the_same"}), &RequestErasure{By: by, Step: StepSuspend, Basis: "unlawful"}, []Event{asked}, ""),
	)
}

func TestDeath(t *testing.T) {
	t.Parallel()
	on := domain.NewDate(2026, 10, 1)
	noted := DeathNoted{"civil_affairs", "2026-10-01"}
	domaintest.Decides(t, Decider,
		c("note", registeredAnd(), &NoteDeath{By: by, Source: "civil_affairs", DiedOn: on}, []Event{noted}, ""),
		c("note again", registeredAnd(noted), &NoteDeath{By: by, Source: "civil_affairs", DiedOn: on}, nil, ""),
		c("note more exactly", registeredAnd(DeathNoted{"relative", ""}), &NoteDeath{By: by, Source: "civil_affairs", DiedOn: on}, []Event{noted}, ""),
		c("note without a source", registeredAnd(), &NoteDeath{By: by}, nil, "code_missing"),
		c("note what is to come", registeredAnd(), &NoteDeath{By: by, Source: "relative", DiedOn: domain.NewDate(2026, 11, 24)}, nil, "in_future"),
		c("revoke", registeredAnd(noted), &RevokeDeath{by}, []Event{DeathNoteRevoked{"civil_affairs"}}, ""),
		c("revoke nothing", registeredAnd(noted, DeathNoteRevoked{"civil_affairs"}), &RevokeDeath{by}, nil, "death_not_noted"),
	)
}

// TestKin: everybody declares their own kin, few declare those of others, and
// nobody takes back what bars them from deciding.
func TestKin(t *testing.T) {
	t.Parallel()
	head := by
	head.Actor = domain.Actor{ID: "u2", Org: "jc", Role: domain.RoleOrgHead}
	mine := KinOfStaffDeclared{"u1", "spouse"}
	domaintest.Decides(t, Decider,
		c("of somebody else", registeredAnd(), &DeclareKin{By: by, User: "u9", Relation: "spouse"}, nil, "kin_not_own"),
		c("of somebody else by the head", registeredAnd(), &DeclareKin{By: head, User: "u9", Relation: "spouse"}, []Event{KinOfStaffDeclared{"u9", "spouse"}}, ""),
		c("of no kind", registeredAnd(), &DeclareKin{By: by, User: "u1", Relation: "朋友"}, nil, "code_unknown"),
		c("withdraw", registeredAnd(mine), &WithdrawKin{By: head, User: "u1"}, []Event{KinOfStaffWithdrawn{"u1"}}, ""),
		c("withdraw one's own", registeredAnd(mine), &WithdrawKin{By: by, User: "u1"}, nil, "kin_self"),
		c("withdraw nothing", registeredAnd(mine, KinOfStaffWithdrawn{"u1"}), &WithdrawKin{By: head, User: "u1"}, nil, "no_kin"),
	)
}

func TestBasis(t *testing.T) {
	t.Parallel()
	noted := BasisNoted{"complaint", "legal_duty"}
	domaintest.Decides(t, Decider,
		c("note", registeredAnd(), &NoteBasis{By: by, Purpose: "complaint", Basis: "legal_duty"}, []Event{noted}, ""),
		c("note again", registeredAnd(noted), &NoteBasis{By: by, Purpose: "complaint", Basis: "legal_duty"}, nil, ""),
		c("another", registeredAnd(noted), &NoteBasis{By: by, Purpose: "complaint", Basis: "emergency"}, []Event{BasisNoted{"complaint", "emergency"}}, ""),
		c("no purpose", registeredAnd(), &NoteBasis{By: by, Basis: "legal_duty"}, nil, "code_missing"),
		c("consent is no other basis", registeredAnd(), &NoteBasis{By: by, Purpose: "complaint", Basis: "consent"}, nil, "code_unknown"),
		c("consent to what is no purpose", registeredAnd(), &GiveConsent{By: by, Purpose: "随便", TextVersion: "1", How: "spoken"}, nil, "code_unknown"),
		c("consent in no way", registeredAnd(), &GiveConsent{By: by, Purpose: "relief", TextVersion: "1", How: "?"}, nil, "code_unknown"),
	)
}
