// Package person keeps the people that cases are about. All that tells who
// somebody is stands here and nowhere else: other families know a random id.
//
// The personal fields are kept together in one struct per class (Identity,
// Contact, Bank), because they are sealed class by class. How they are erased is
// in erasure.go.
package person

import (
	"hearth/domain"
)

// Family is 事件族: the first part of the names of the streams; the second is the
// person's id, which is random and never made from an ID number.
const Family = "person"

// Event is 人员事件.
//
//sumtype:decl
type Event interface {
	domain.Event
	event()
}

// Identity is 身份信息 ⓟ.
type Identity struct {
	Name string `json:"name"`
	IDNo string `json:"id_no,omitempty"` // 18 characters
}

// Contact is 联系方式 ⓟ.
type Contact struct {
	Phone   string `json:"phone,omitempty"` // digits only
	Address string `json:"address,omitempty"`
}

// Bank is 银行账户 ⓟ.
type Bank struct {
	Name    string `json:"name,omitempty"`
	Account string `json:"account,omitempty"`
	Holder  string `json:"holder,omitempty"`
}

// Registered is 人员建档.
type Registered struct {
	Kind     Kind     `json:"kind"`
	Identity Identity `json:"identity,omitzero" seal:"identity"`
	Contact  Contact  `json:"contact,omitzero" seal:"contact"`
	Bank     *Bank    `json:"bank,omitempty" seal:"bank"`
}

// IdentityCorrected is 更正身份信息. The whole new class is stored, and who agreed.
type IdentityCorrected struct {
	Identity    Identity `json:"identity,omitzero" seal:"identity"`
	Reason      string   `json:"reason,omitempty" seal:"narrative"` // ⓟ
	ConfirmedBy string   `json:"confirmed_by"`
}

// ContactCorrected is 更正联系方式.
type ContactCorrected struct {
	Contact Contact `json:"contact,omitzero" seal:"contact"`
	Reason  string  `json:"reason,omitempty" seal:"narrative"` // ⓟ
}

// BankCorrected is 更正银行账户.
type BankCorrected struct {
	Bank        Bank   `json:"bank,omitzero" seal:"bank"`
	Reason      string `json:"reason,omitempty" seal:"narrative"` // ⓟ
	ConfirmedBy string `json:"confirmed_by"`
}

// ConsentGiven is 同意处理个人信息 (个人信息保护法 arts. 13, 29).
type ConsentGiven struct {
	Purpose     string `json:"purpose"`
	TextVersion string `json:"text_version"`
	How         string `json:"how"` // spoken, written, ticked
}

// ConsentWithdrawn is 撤回同意 (个人信息保护法 art. 15).
type ConsentWithdrawn struct {
	Purpose string `json:"purpose"`
}

// KinOfStaffDeclared is 近亲属备案: the person is related to somebody who works here.
type KinOfStaffDeclared struct {
	User     string `json:"user"` // user id of the member of staff
	Relation string `json:"relation"`
}

// EventType is the wire name.
func (Registered) EventType() string { return "person.registered" }

// EventType is the wire name.
func (IdentityCorrected) EventType() string { return "person.identity_corrected" }

// EventType is the wire name.
func (ContactCorrected) EventType() string { return "person.contact_corrected" }

// EventType is the wire name.
func (BankCorrected) EventType() string { return "person.bank_corrected" }

// EventType is the wire name.
func (ConsentGiven) EventType() string { return "person.consent_given" }

// EventType is the wire name.
func (ConsentWithdrawn) EventType() string { return "person.consent_withdrawn" }

// EventType is the wire name.
func (KinOfStaffDeclared) EventType() string { return "person.kin_of_staff_declared" }

func (Registered) event()         {}
func (IdentityCorrected) event()  {}
func (ContactCorrected) event()   {}
func (BankCorrected) event()      {}
func (ConsentGiven) event()       {}
func (ConsentWithdrawn) event()   {}
func (KinOfStaffDeclared) event() {}

// Specs says how each event of the family is stored.
func Specs() []domain.EventSpec {
	return []domain.EventSpec{
		domain.Spec[Registered](domain.InClear), domain.Spec[IdentityCorrected](domain.InClear, domain.InClear), domain.Spec[ContactCorrected](domain.InClear, domain.InClear), domain.Spec[BankCorrected](domain.InClear, domain.InClear),
		domain.Spec[ConsentGiven](), domain.Spec[ConsentWithdrawn](), domain.Spec[KinOfStaffDeclared](),
		domain.Spec[ErasureRequested](), domain.Spec[ErasureApproved](), domain.Spec[ErasureRefused](),
		domain.Spec[Suspended](), domain.Spec[Unsuspended](), domain.Spec[KeyShredded](),
	}
}

// Kind is 人员类别.
type Kind string

var kinds = domain.NewCodes[Kind]("人员类别", "migrant", "农民工", "worker", "职工", "relative", "家属", "other", "其他")

// Kinds is the list of kinds (人员类别).
func Kinds() domain.Codes[Kind] { return kinds }

// Label is the Chinese name of the kind.
func (k Kind) Label() string { return kinds.Label(k) }
