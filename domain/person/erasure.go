package person

import (
	"slices"

	"github.com/google/uuid"

	"hearth/domain"
)

// Personal data leave in two steps, never in one: in use -> 封存 (nobody reads
// them, they are still there) -> 销毁 (their keys are gone, for good). Each step
// is asked for by one and approved by two others, on a legal basis; 解封 leads
// back from 封存. What the keys protect is sealed inside the events, so that the
// log, with all its proofs, stays as it is.

// ErasureStep is 处置步骤: what is to become of somebody's personal data.
type ErasureStep string

// The steps (处置步骤).
const (
	StepSuspend   ErasureStep = "suspend"
	StepUnsuspend ErasureStep = "unsuspend"
	StepShred     ErasureStep = "shred"
)

var erasureSteps = domain.NewCodes[ErasureStep]("处置步骤", "suspend", "封存", "unsuspend", "解封", "shred", "销毁")

// ErasureSteps is the list of steps (处置步骤).
func ErasureSteps() domain.Codes[ErasureStep] { return erasureSteps }

// Label is the Chinese name of the step.
func (s ErasureStep) Label() string { return erasureSteps.Label(s) }

// ErasureBasis is 处置依据: why the law wants it so (个人信息保护法 art. 47; for 解封
// arts. 13 and 35).
type ErasureBasis string

var erasureBases = domain.NewCodes[ErasureBasis]("处置依据",
	"purpose_ended", "处理目的已实现或不再必要(第47条第1款第1项)",
	"retention_ended", "保存期限已届满(第47条第1款第2项)",
	"consent_withdrawn", "个人撤回同意(第47条第1款第3项)",
	"unlawful", "违法或违约处理(第47条第1款第4项)",
	"other_law", "法律、行政法规规定的其他情形(第47条第1款第5项)",
	"storage_only", "期限未满或技术上难以删除,停止存储以外的处理(第47条第2款)",
	"own_request", "本人申请恢复使用(第13条)",
	"legal_duty", "履行法定职责,如办案、审计需要(第13、35条)")

// allows reports whether a step can rest on the basis.
func (b ErasureBasis) allows(step ErasureStep) bool {
	switch b {
	case "own_request", "legal_duty":
		return step == StepUnsuspend
	case "storage_only":
		return step == StepSuspend
	}
	return step != StepUnsuspend
}

// ErasureBases is the list of legal bases (处置依据).
func ErasureBases() domain.Codes[ErasureBasis] { return erasureBases }

// Label is the Chinese name of the basis.
func (b ErasureBasis) Label() string { return erasureBases.Label(b) }

// RefusalBasis is 不予处置依据: why the law wants the data kept as they are.
type RefusalBasis string

var refusalBases = domain.NewCodes[RefusalBasis]("不予处置依据",
	"retention_running", "法定或规定的保存期限未届满", "case_open", "有关案件尚未办结", "duty_to_keep", "履行法定职责仍须保存",
	"identity_doubtful", "申请人身份无法核实", "form_defective", "手续不全")

// RefusalBases is the list of bases for a refusal (不予处置依据).
func RefusalBases() domain.Codes[RefusalBasis] { return refusalBases }

// Label is the Chinese name of the basis.
func (b RefusalBasis) Label() string { return refusalBases.Label(b) }

// MaxSubjects is 随案上限: with how many cases the narratives may go at once.
const MaxSubjects = 1000

// ErasureRequested is 申请处置个人信息. Subjects are the ids of the cases whose
// narratives go the same way as the person's data. Linked are the other files of
// the person: what is in them stays, until it is asked for there as well.
type ErasureRequested struct {
	Step     ErasureStep  `json:"step"`
	Basis    ErasureBasis `json:"basis"`
	Subjects []string     `json:"subjects,omitempty"`
	By       string       `json:"by"`
	Linked   []string     `json:"linked,omitempty"`
}

// ErasureApproved is 初审同意: the first of two approvals.
type ErasureApproved struct {
	Step ErasureStep `json:"step"`
	By   string      `json:"by"`
}

// ErasureRefused is 不予处置: the request is over, the data stay as they are.
type ErasureRefused struct {
	Step  ErasureStep  `json:"step"`
	Basis RefusalBasis `json:"basis"`
	By    string       `json:"by"`
}

// Decision is 处置决定: on what basis, for which cases with the person, and who
// decided: one who asked and two others who approved.
type Decision struct {
	Basis       ErasureBasis `json:"basis"`
	Subjects    []string     `json:"subjects,omitempty"`
	RequestedBy string       `json:"requested_by"`
	Approvers   [2]string    `json:"approvers"`
}

// Suspended is 封存: the data are there and nobody reads them.
type Suspended struct{ Decision }

// Unsuspended is 解封: the data are in use again.
type Unsuspended struct{ Decision }

// KeyShredded is 销毁: the keys are to be destroyed, and with them what they seal.
type KeyShredded struct{ Decision }

// EventType is the wire name.
func (ErasureRequested) EventType() string { return "person.erasure_requested" }

// EventType is the wire name.
func (ErasureApproved) EventType() string { return "person.erasure_approved" }

// EventType is the wire name.
func (ErasureRefused) EventType() string { return "person.erasure_refused" }

// EventType is the wire name.
func (Suspended) EventType() string { return "person.suspended" }

// EventType is the wire name.
func (Unsuspended) EventType() string { return "person.unsuspended" }

// EventType is the wire name.
func (KeyShredded) EventType() string { return "person.key_shredded" }

func (ErasureRequested) event() {}
func (ErasureApproved) event()  {}
func (ErasureRefused) event()   {}
func (Suspended) event()        {}
func (Unsuspended) event()      {}
func (KeyShredded) event()      {}

// RequestErasure is 申请处置个人信息. The cases are named when data are suspended;
// the other steps are for what was suspended. Who asks names the other files of
// the person, and so has seen that there are some.
type RequestErasure struct {
	domain.By `json:"-"`
	Step      ErasureStep  `json:"step"`
	Basis     ErasureBasis `json:"basis"`
	Subjects  []string     `json:"subjects,omitempty"`
	Linked    []string     `json:"linked,omitempty"`
}

// ApproveErasure is 同意处置: the second one of two lets it happen.
type ApproveErasure struct {
	domain.By `json:"-"`
	Step      ErasureStep `json:"step"`
}

// RefuseErasure is 不予处置.
type RefuseErasure struct {
	domain.By `json:"-"`
	Basis     RefusalBasis `json:"basis"`
}

func (*RequestErasure) command() string { return "request_erasure" }
func (*ApproveErasure) command() string { return "approve_erasure" }
func (*RefuseErasure) command() string  { return "refuse_erasure" }

// Standing is 数据状态: what may be done with somebody's data.
type Standing string

// The standings (数据状态). The zero Standing is in use (在用).
const (
	InUse       Standing = ""
	IsSuspended Standing = "suspended" // 已封存
	IsShredded  Standing = "shredded"  // 已销毁
)

// Erasure is 处置进程: how far a request has come.
type Erasure struct {
	Standing  Standing
	Subjects  []string // of the suspension
	Requested *ErasureRequested
	Approved  string // by whom, empty before the first approval
}

func requestErasure(s State, cmd *RequestErasure) ([]Event, error) {
	if err := erasureSteps.Check(cmd.Step); err != nil {
		return nil, err
	}
	if err := erasureBases.Check(cmd.Basis); err != nil {
		return nil, err
	}
	e := s.Erasure
	switch {
	case !cmd.Basis.allows(cmd.Step):
		return nil, domain.Reject("basis_mismatch", "“%s”不能作为%s的依据,请另选。", cmd.Basis.Label(), cmd.Step.Label())
	case e.Requested != nil:
		return nil, domain.Reject("erasure_pending", "已有一项%s申请在审批,请先办完。", e.Requested.Step.Label())
	case cmd.Step == StepShred && e.Standing != IsSuspended:
		return nil, domain.Reject("not_suspended", "个人信息须先封存,才能销毁。请先申请封存。")
	case cmd.Step == StepUnsuspend && e.Standing != IsSuspended:
		return nil, domain.Reject("not_suspended", "个人信息没有封存,无须解封。")
	case cmd.Step != StepSuspend && len(cmd.Subjects) > 0:
		return nil, domain.Reject("subjects_fixed", "%s的范围就是封存的范围,不另选案件;要增加案件,请先补充封存。", cmd.Step.Label())
	}
	subjects, err := properSubjects(e.Subjects, cmd)
	if err != nil {
		return nil, err
	}
	linked := s.Links.All()
	if !slices.Equal(linked, slices.Sorted(slices.Values(cmd.Linked))) {
		return nil, domain.Reject("linked_files", "此人另有%d份并档的档案,处置也涉及它们,须逐份申请。请在申请中确认后再提交。", len(linked))
	}
	return []Event{ErasureRequested{Step: cmd.Step, Basis: cmd.Basis, Subjects: subjects, By: cmd.Actor.ID, Linked: linked}}, nil
}

// properSubjects are the cases of the whole step: those that are suspended and
// those that are added, each once.
func properSubjects(suspended []string, cmd *RequestErasure) ([]string, error) {
	all := slices.Clone(suspended)
	for _, text := range cmd.Subjects {
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, domain.Reject("bad_subject", "案件编号不对,请从案件列表中选择。")
		}
		all = append(all, id.String())
	}
	slices.Sort(all)
	all = slices.Compact(all)
	switch {
	case len(all) > MaxSubjects:
		return nil, domain.Reject("too_many_subjects", "一次最多处置%d件案件,请分批。", MaxSubjects)
	case cmd.Step == StepSuspend && len(suspended) > 0 && slices.Equal(all, suspended):
		return nil, domain.Reject("already_suspended", "这些个人信息已经封存。")
	}
	return all, nil
}

func approveErasure(s State, cmd *ApproveErasure) ([]Event, error) {
	e, who := s.Erasure, cmd.Actor.ID
	switch {
	case e.Requested == nil || e.Requested.Step != cmd.Step:
		return nil, domain.Reject("nothing_requested", "没有待审批的%s申请,请刷新页面。", cmd.Step.Label())
	case who == e.Requested.By:
		return nil, domain.Reject("same_person", "申请人不能审批自己的申请,请由另外两人审批。")
	case s.Kin[who] != "":
		return nil, domain.Reject("kin_of_subject", "审批人与当事人有近亲属关系,应当回避,请另选审批人。")
	case who == e.Approved:
		return nil, domain.Reject("same_person", "两次审批须由不同的人作出,请另一人复审。")
	case e.Approved == "":
		return []Event{ErasureApproved{Step: cmd.Step, By: who}}, nil
	}
	d := Decision{
		Basis: e.Requested.Basis, Subjects: e.Requested.Subjects, RequestedBy: e.Requested.By,
		Approvers: [2]string{e.Approved, who},
	}
	switch cmd.Step {
	case StepSuspend:
		return []Event{Suspended{d}}, nil
	case StepUnsuspend:
		return []Event{Unsuspended{d}}, nil
	case StepShred:
		return []Event{KeyShredded{d}}, nil
	}
	panic("person: unknown step " + cmd.Step)
}

func refuseErasure(s State, cmd *RefuseErasure) ([]Event, error) {
	if err := refusalBases.Check(cmd.Basis); err != nil {
		return nil, err
	}
	switch e := s.Erasure; {
	case e.Requested == nil:
		return nil, domain.Reject("nothing_requested", "没有待审批的处置申请,请刷新页面。")
	case e.Requested.By == cmd.Actor.ID:
		return nil, domain.Reject("same_person", "申请人不能审批自己的申请,请由他人办理。")
	default:
		return []Event{ErasureRefused{Step: e.Requested.Step, Basis: cmd.Basis, By: cmd.Actor.ID}}, nil
	}
}

// usable rejects a wish that would put data where they cannot be kept.
func (e Erasure) usable(entersData bool) error {
	switch {
	case e.Standing == IsShredded:
		return domain.Reject("person_shredded", "此人的个人信息已销毁,不能再办理。确有需要的,请重新建档。")
	case e.Standing == IsSuspended && entersData:
		return domain.Reject("person_suspended", "此人的个人信息已封存,不能更正。请先经两人审批解封。")
	}
	return nil
}

// evolveErasure applies the facts of this file.
func (s State) evolveErasure(ev Event) State {
	e := s.Erasure
	switch ev := ev.(type) {
	case ErasureRequested:
		e.Requested, e.Approved = &ev, ""
	case ErasureApproved:
		e.Approved = ev.By
	case ErasureRefused:
		e.Requested, e.Approved = nil, ""
	case Suspended:
		e = Erasure{Standing: IsSuspended, Subjects: ev.Subjects}
	case Unsuspended:
		e = Erasure{}
	case KeyShredded:
		e = Erasure{Standing: IsShredded, Subjects: ev.Subjects}
		s.Identity, s.Contact, s.Bank = Identity{}, Contact{}, Bank{}
		if s.Death != nil {
			s.Death = &DeathNoted{Source: s.Death.Source}
		}
	default: // of the other files
	}
	s.Erasure = e
	return s
}

// Bases are the legal bases that a step can rest on.
func (s ErasureStep) Bases() []ErasureBasis {
	return slices.DeleteFunc(erasureBases.All(), func(b ErasureBasis) bool { return !b.allows(s) })
}
