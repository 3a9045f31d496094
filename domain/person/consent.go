package person

import (
	"maps"

	"hearth/domain"
)

// Purpose is 处理目的: what personal data are processed for.
type Purpose string

var purposes = domain.NewCodes[Purpose]("处理目的",
	"complaint", "办理投诉", "referral", "移送有关部门", "relief", "帮扶救助", "public_notice", "救助公示", "legal_aid", "法律援助", "statistics", "统计分析")

// Purposes is the list of purposes (处理目的).
func Purposes() domain.Codes[Purpose] { return purposes }

// Label is the Chinese name of the purpose.
func (p Purpose) Label() string { return purposes.Label(p) }

// ConsentHow is 同意方式.
type ConsentHow string

var consentHows = domain.NewCodes[ConsentHow]("同意方式", "spoken", "口头", "written", "书面", "ticked", "勾选")

// ConsentHows is the list of ways to consent (同意方式).
func ConsentHows() domain.Codes[ConsentHow] { return consentHows }

// Label is the Chinese name of the way.
func (h ConsentHow) Label() string { return consentHows.Label(h) }

// ProcessingBasis is 处理依据: what allows processing without consent
// (个人信息保护法 art. 13).
type ProcessingBasis string

var processingBases = domain.NewCodes[ProcessingBasis]("处理依据",
	"contract", "订立、履行合同或实施人力资源管理所必需(第13条第1款第2项)",
	"legal_duty", "履行法定职责或法定义务所必需(第13条第1款第3项)",
	"emergency", "紧急情况下保护生命健康和财产安全所必需(第13条第1款第4项)",
	"made_public", "在合理范围内处理已公开的信息(第13条第1款第6项)",
	"other_law", "法律、行政法规规定的其他情形(第13条第1款第7项)")

// ProcessingBases is the list of bases other than consent (处理依据).
func ProcessingBases() domain.Codes[ProcessingBasis] { return processingBases }

// Label is the Chinese name of the basis.
func (b ProcessingBasis) Label() string { return processingBases.Label(b) }

// BasisNoted is 登记处理依据: the data are processed for a purpose without consent,
// on a basis of the law. A later one for the same purpose takes its place.
type BasisNoted struct {
	Purpose Purpose         `json:"purpose"`
	Basis   ProcessingBasis `json:"basis"`
}

// EventType is the wire name.
func (BasisNoted) EventType() string { return "person.basis_noted" }

func (BasisNoted) event() {}

// NoteBasis is 登记处理依据.
type NoteBasis struct {
	domain.By `json:"-"`
	Purpose   Purpose         `json:"purpose"`
	Basis     ProcessingBasis `json:"basis"`
}

func (*NoteBasis) command() string { return "note_basis" }

func giveConsent(s State, cmd *GiveConsent) ([]Event, error) {
	if cmd.Purpose == "" || cmd.TextVersion == "" || cmd.How == "" {
		return nil, domain.Reject("consent_incomplete", "请填写同意的用途、告知文本版本和同意方式。")
	}
	if err := purposes.Check(Purpose(cmd.Purpose)); err != nil {
		return nil, err
	}
	if err := consentHows.Check(ConsentHow(cmd.How)); err != nil {
		return nil, err
	}
	if s.Consents[cmd.Purpose] == cmd.TextVersion {
		return nil, nil
	}
	return []Event{ConsentGiven{Purpose: cmd.Purpose, TextVersion: cmd.TextVersion, How: cmd.How}}, nil
}

func withdrawConsent(s State, cmd *WithdrawConsent) ([]Event, error) {
	if _, given := s.Consents[cmd.Purpose]; !given {
		return nil, domain.Reject("no_consent", "没有关于“%s”的同意记录,无须撤回。", Purpose(cmd.Purpose).Label())
	}
	return []Event{ConsentWithdrawn{Purpose: cmd.Purpose}}, nil
}

func noteBasis(s State, cmd *NoteBasis) ([]Event, error) {
	if err := purposes.Check(cmd.Purpose); err != nil {
		return nil, err
	}
	if err := processingBases.Check(cmd.Basis); err != nil {
		return nil, err
	}
	if s.Bases[cmd.Purpose] == cmd.Basis {
		return nil, nil
	}
	return []Event{BasisNoted{Purpose: cmd.Purpose, Basis: cmd.Basis}}, nil
}

func (s State) evolveBasis(ev BasisNoted) State {
	s.Bases = maps.Clone(s.Bases)
	if s.Bases == nil {
		s.Bases = map[Purpose]ProcessingBasis{}
	}
	s.Bases[ev.Purpose] = ev.Basis
	return s
}
