package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/person"
)

// ending is how far a story goes.
type ending int

const (
	stillRegistered ending = iota
	refused
	transferred
	accepted
	signed
	working
	negotiating
	partlyPaid
	awaitingClosure
	closed
	archived
	withdrawn
	inProcedure
	restricted
	endings
)

// ended reports whether nothing more happens to the case.
func (e ending) ended() bool {
	return slices.Contains([]ending{refused, transferred, closed, archived, withdrawn}, e)
}

// tell plans one story: the early ones have ended, the late ones are open.
func (o *office) tell(i int) {
	s := &story{office: o, nth: i, id: uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, "hearth demo case ", i)), employer: o.rand.IntN(len(enterpriseList))}
	days := 270 - i*270/cases
	s.at = domain.DateOf(o.now.AddDate(0, 0, -days)).Start().Add(time.Duration(9*60+o.rand.IntN(500)) * time.Minute)
	s.org = handlingOrgs[i%len(handlingOrgs)]
	s.handler, s.head = o.actor(domain.RoleHandler, s.org), o.actor(domain.RoleOrgHead, s.org)
	s.partner = o.actor(domain.RoleInspector, "jc")
	s.persons = 1 + o.rand.IntN(6)
	if i%9 == 4 {
		s.persons = 12 + o.rand.IntN(20)
	}
	s.owed = domain.Yuan(int64(3000 + 500*o.rand.IntN(20)))
	s.live(s.endingOf(i))
}

func (s *story) endingOf(i int) ending {
	switch {
	case i >= cases-6:
		return []ending{stillRegistered, accepted, stillRegistered, signed, stillRegistered, restricted}[i-cases+6]
	case i >= cases-22:
		return []ending{working, partlyPaid, awaitingClosure, negotiating, inProcedure}[i%5]
	case i%11 == 3:
		return refused
	case i%13 == 5:
		return transferred
	case i%17 == 7:
		return withdrawn
	case i%4 == 0:
		return closed
	}
	return archived
}

// live plans the case up to its ending.
func (s *story) live(end ending) {
	start := s.at
	s.register(end)
	defer func() { s.tick(start, end.ended()) }()
	dispatcher := s.actor(domain.RoleDispatcher, "jc")
	switch end {
	case stillRegistered, restricted:
		return
	case refused:
		s.do(20, dispatcher, &complaint.Refuse{Reason: complaint.RefusalReasons().All()[0], NoticeNo: fmt.Sprintf("告知〔2026〕%d号", s.nth+1), ToldAt: s.at.Add(30 * time.Hour), RedirectTo: "市住房和城乡建设局"})
		s.steps[len(s.steps)-1].do = s.refusal(dispatcher)
		return
	case transferred:
		s.do(8, dispatcher, &complaint.TransferOut{To: complaint.AgencyLabour, Body: "区劳动保障监察大队", Reason: "已由劳动监察立案", ToldAt: s.at})
		return
	}
	class := complaint.ClassGeneral
	if s.persons >= 10 {
		class = complaint.ClassDifficult
	}
	s.do(6, s.actor(domain.RoleOperator, "jc"), &complaint.LogContact{With: complaint.PartyWorker, Purpose: complaint.PurposeInquiry, How: complaint.ByPhone, Reached: true, Gist: "核对工期、工资标准和已付金额"})
	s.do(10, dispatcher, &complaint.Accept{HandlingOrg: s.org, TimeClass: class})
	if end == accepted {
		return
	}
	s.do(4, s.head, &complaint.Sign{})
	if end == signed {
		return
	}
	s.do(2, s.head, &complaint.Assign{Handler: s.handler.ID, CoHandler: s.partner.ID})
	s.work1(end)
}

// refusal is told to the reporter before it is stored.
func (s *story) refusal(who domain.Actor) func(context.Context) error {
	at := s.at
	return func(ctx context.Context) error {
		_, err := s.work.Do(ctx, s.id, &complaint.Refuse{
			Reason: complaint.RefusalReasons().All()[0], NoticeNo: fmt.Sprintf("告知〔2026〕%d号", s.nth+1), ToldAt: at, RedirectTo: "市住房和城乡建设局",
		}, s.request(who, at))
		return err
	}
}

// work1 is the handler's part: people, figures, money, closing.
func (s *story) work1(end ending) {
	s.do(5, s.handler, &complaint.LogContact{With: complaint.PartyEmployer, Purpose: complaint.PurposeInquiry, How: complaint.ByVisit, Reached: true, Gist: "项目负责人承认拖欠,称工程款未到"})
	if end == withdrawn {
		s.do(30, s.actor(domain.RoleShiftLeader, "jc"), &complaint.LogContact{With: complaint.PartyWorker, Purpose: complaint.PurposeVoluntary, How: complaint.ByPhone, Reached: true, Gist: "本人确认已与老板结清,自愿撤回"})
		s.do(3, s.handler, &complaint.Withdraw{Reason: "已与单位结清", CheckContactNo: 3})
		return
	}
	s.claimants()
	if end == working {
		s.do(6, s.handler, &complaint.AddNote{Visibility: complaint.NoteVisibilities().All()[0], Text: "已通知单位三日内提交考勤和工资表"})
		return
	}
	s.do(20, s.handler, &complaint.NameLiableParty{EnterpriseID: s.enterprises[(s.employer+7)%len(s.enterprises)], Role: complaint.RoleContractor})
	s.do(10, s.handler, &complaint.LogNegotiation{HeldOn: domain.DateOf(s.at.Add(10 * time.Hour)), Attendees: "工人代表、劳务公司、总包项目部", Gist: "总包同意先行垫付,分两笔支付"})
	if end == negotiating {
		return
	}
	s.verify()
	switch end {
	case inProcedure:
		s.do(20, s.handler, &complaint.StartProcedure{Kind: complaint.ProcedureArbitration, Body: "市劳动人事争议仲裁院", TheirNo: fmt.Sprintf("仲案〔2026〕%d号", 100+s.nth), StartedOn: domain.DateOf(s.at)})
		s.do(3, s.handler, &complaint.PauseClock{Clock: complaint.ClockHandle, Reason: complaint.PauseProcedure, Note: "等待仲裁裁决"})
		return
	case partlyPaid:
		s.pay(1, (s.persons+1)/2)
		return
	}
	s.pay(1, s.persons)
	s.close(end)
}

// register plans the intake.
func (s *story) register(end ending) {
	clerk := s.actor(domain.RoleOperator, "jc")
	who := s.people(0)
	reg := complaint.Register{
		Category: complaint.CategoryWageArrears, Channel: channels[s.nth%len(channels)], Area: s.org,
		Employer: complaint.Employer{EnterpriseID: s.enterprises[s.employer], Text: enterpriseList[s.employer].Name},
		Summary:  summaries[s.nth%len(summaries)], Claim: complaint.Claim{Persons: s.persons, OwedFen: s.owed * domain.Fen(s.persons)},
		Consent: complaint.Consent{Basis: "consent", TextVersion: "2026-1", How: "spoken"},
	}
	if s.nth%6 == 5 && end != archived && end != closed {
		reg.Category = complaint.Categories().All()[1+s.nth%9]
	}
	if end == restricted {
		reg.Category, reg.AccusedOrg, reg.Reporter.Anonymous = complaint.CategoryUnionStaff, "jc-yc", true
		reg.Summary = "反映基层工会人员在救助名单上照顾亲属,不愿透露姓名。"
	}
	if s.nth%10 == 4 {
		reg.Flags = append(reg.Flags, complaint.FlagAbsconded)
	}
	if s.nth%3 == 1 {
		reg.PromiseAt = s.at.Add(28 * time.Hour)
	}
	s.plan(0, "register", func(ctx context.Context, at time.Time) error {
		day := domain.DateOf(at)
		reg.Claim.From, reg.Claim.To = day.AddMonths(-3), day.AddDays(-10)
		in := casework.Intake{ID: s.id, Request: s.request(clerk, at), Register: reg}
		if !reg.Reporter.Anonymous {
			in.Reporter = &who
		}
		_, err := s.work.Register(ctx, in)
		return err
	})
	if s.nth%10 == 4 || s.persons >= 10 {
		s.do(1, clerk, &complaint.NotifyLeader{To: s.actor(domain.RoleApprover, "jc").ID, How: complaint.ByPhone})
	}
}

// people makes the n-th person of the story, the same each time.
func (s *story) people(n int) person.Register {
	k := s.nth*37 + n
	name := surnames[k%len(surnames)] + given[(k*7+n)%len(given)]
	return person.Register{
		Kind: "migrant", Identity: person.Identity{Name: name, IDNo: idNumber(k)},
		Contact: person.Contact{Phone: fmt.Sprintf("1%d%08d", 30+k%9*5%60, 10000000+k*7919%89999999)},
	}
}

// idNumber is a made-up identity number with a right check digit.
func idNumber(k int) string {
	body := fmt.Sprintf("140502%04d%02d%02d%03d", 1965+k%35, 1+k%12, 1+k%28, k%1000)
	for _, c := range "0123456789X" {
		if id, err := person.ParseIDNo(body + string(c)); err == nil {
			return id
		}
	}
	panic("no check digit fits " + body)
}

func (s *story) claimants() {
	s.plan(8, "claimants", func(ctx context.Context, at time.Time) error {
		add := &complaint.AddClaimants{}
		for n := range s.persons {
			id, _, err := s.work.NewPerson(ctx, s.people(n+1), s.request(s.handler, at))
			if err != nil {
				return err
			}
			day := domain.DateOf(at)
			add.Claimants = append(add.Claimants, complaint.NewClaimant{
				PersonID: id, Items: []complaint.ClaimItem{{Kind: complaint.ItemWage, From: day.AddMonths(-4), To: day.AddMonths(-1), OwedFen: s.owed}},
				Evidence: proof(complaint.EvidenceAttendance),
			})
		}
		_, err := s.work.Do(ctx, s.id, add, s.request(s.handler, at))
		return err
	})
	if s.persons >= 10 {
		s.do(2, s.handler, &complaint.ElectRepresentatives{ClaimantNos: []int{1, 2, 3}})
	}
}

func proof(kind complaint.EvidenceKind) []complaint.Evidence {
	return []complaint.Evidence{{Kind: kind, AttachmentID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(kind))}}
}

// verify: the second verifier is needed for large sums and collective cases.
func (s *story) verify() {
	var lines []complaint.Verification
	var nos []int
	for n := range s.persons {
		lines, nos = append(lines, complaint.Verification{ClaimantNo: n + 1, VerifiedFen: s.owed}), append(nos, n+1)
	}
	s.do(24, s.handler, &complaint.VerifyClaims{Lines: lines, Method: complaint.VerifyByPayroll, Evidence: proof(complaint.EvidencePayroll)})
	s.plan(5, "confirm", func(ctx context.Context, at time.Time) error {
		state, _, _, err := s.work.Case(ctx, s.id)
		if err != nil || state.Totals().VerifiedFen > 0 {
			return err
		}
		_, err = s.work.Do(ctx, s.id, &complaint.ConfirmVerification{ClaimantNos: nos}, s.request(s.partner, at))
		return err
	})
}

func (s *story) pay(from, to int) {
	var lines []complaint.PaymentLine
	for n := from; n <= to; n++ {
		lines = append(lines, complaint.PaymentLine{ClaimantNo: n, PaidFen: s.owed})
	}
	s.plan(60, "pay", func(ctx context.Context, at time.Time) error {
		_, err := s.work.Do(ctx, s.id, &complaint.RecordPayment{
			Lines: lines, PaidOn: domain.DateOf(at), PayerRole: complaint.RoleEmployer, Method: complaint.PayBank, Evidence: proof(complaint.EvidenceBank), ClaimantConfirmed: true, ConfirmedHow: complaint.ByPhone,
		}, s.request(s.handler, at))
		return err
	})
}

// close plans outcomes, the proposal, the call-backs drawn, approval and archive.
func (s *story) close(end ending) {
	var nos []int
	for n := range s.persons {
		nos = append(nos, n+1)
	}
	s.do(4, s.handler, &complaint.SetOutcome{ClaimantNos: nos, Outcome: complaint.OutcomePaid})
	s.plan(1, "crime hint", func(ctx context.Context, at time.Time) error {
		state, _, _, err := s.work.Case(ctx, s.id)
		if err != nil || state.Crime != complaint.TrackOpen {
			return err
		}
		_, err = s.work.Do(ctx, s.id, &complaint.AnswerCrimeHint{Reason: "单位已在责令期限内足额支付"}, s.request(s.handler, at))
		return err
	})
	s.explainOverdue()
	s.do(2, s.handler, &complaint.ProposeClosure{Conclusion: complaint.ConcludePaid, Narrative: "经协商,单位已足额支付,工人均已确认到账。"})
	if end == awaitingClosure {
		return
	}
	s.callBack()
	s.plan(10, "approve", func(ctx context.Context, at time.Time) error {
		state, rules, _, err := s.work.Case(ctx, s.id)
		if err != nil {
			return err
		}
		who := s.actor(domain.RoleReviewer, "jc")
		for _, a := range complaint.Available(state, who, rules, at) {
			if a.Name == "approve_closure" && !a.Allowed {
				who = s.actor(domain.RoleApprover, "jc")
			}
		}
		_, err = s.work.Do(ctx, s.id, &complaint.ApproveClosure{}, s.request(who, at))
		return err
	})
	if end == archived {
		s.do(72, s.handler, &complaint.Archive{Retention: complaint.Retain10Years, ManifestSHA256: fmt.Sprintf("%064x", s.nth+1)})
	}
}

func (s *story) callBack() {
	s.plan(20, "callbacks", func(ctx context.Context, at time.Time) error {
		state, _, _, err := s.work.Case(ctx, s.id)
		if err != nil {
			return err
		}
		for _, no := range state.Proposal.Sample {
			paid := s.owed
			call := &complaint.Callback{ClaimantNo: no, Reached: true, ConfirmedFen: &paid, Satisfied: 3 + (s.nth+no)%3}
			if _, err := s.work.Do(ctx, s.id, call, s.request(s.actor(domain.RoleOperator, "jc"), at)); err != nil {
				return err
			}
		}
		return nil
	})
}

// explainOverdue explains every breach that stands in the way of closing.
func (s *story) explainOverdue() {
	s.plan(1, "explain", func(ctx context.Context, at time.Time) error {
		state, rules, _, err := s.work.Case(ctx, s.id)
		if err != nil {
			return err
		}
		for _, kind := range complaint.ClockKinds().All() {
			clock := state.Clock(kind)
			if !clock.Overdue(at) && clock.BreachedAt.IsZero() {
				continue
			}
			for _, a := range complaint.Available(state, s.handler, rules, at) {
				if a.Name != "explain_overdue" || !a.Allowed {
					continue
				}
				_, err := s.work.Do(ctx, s.id, &complaint.ExplainOverdue{Clock: kind, Reason: complaint.OverdueReasons().All()[0], Note: "同期案件较多"}, s.request(s.handler, at))
				if err != nil && !rejected(err) {
					return err
				}
			}
		}
		return nil
	})
}
