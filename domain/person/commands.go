package person

import "hearth/domain"

// Command is 人员命令.
//
//sumtype:decl
type Command interface {
	domain.Command
	command() string
}

// Register is 人员建档. Numbers may be written as people write them.
type Register struct {
	domain.By `json:"-"`
	Kind      Kind     `json:"kind,omitempty"` // empty: 其他
	Identity  Identity `json:"identity"`
	Contact   Contact  `json:"contact"`
	Bank      *Bank    `json:"bank,omitempty"`
}

// CorrectIdentity is 更正身份信息; somebody else confirms it.
type CorrectIdentity struct {
	domain.By   `json:"-"`
	Identity    Identity `json:"identity"`
	Reason      string   `json:"reason"`
	ConfirmedBy string   `json:"confirmed_by"` // user id
}

// CorrectContact is 更正联系方式.
type CorrectContact struct {
	domain.By `json:"-"`
	Contact   Contact `json:"contact"`
	Reason    string  `json:"reason"`
}

// CorrectBank is 更正银行账户; somebody else confirms it.
type CorrectBank struct {
	domain.By   `json:"-"`
	Bank        Bank   `json:"bank"`
	Reason      string `json:"reason"`
	ConfirmedBy string `json:"confirmed_by"` // user id
}

// GiveConsent is 登记同意.
type GiveConsent struct {
	domain.By   `json:"-"`
	Purpose     string `json:"purpose"`
	TextVersion string `json:"text_version"`
	How         string `json:"how"`
}

// WithdrawConsent is 登记撤回同意.
type WithdrawConsent struct {
	domain.By `json:"-"`
	Purpose   string `json:"purpose"`
}

// DeclareKin is 近亲属备案.
type DeclareKin struct {
	domain.By `json:"-"`
	User      string `json:"user"`
	Relation  string `json:"relation"`
}

func (*Register) command() string        { return "register" }
func (*CorrectIdentity) command() string { return "correct_identity" }
func (*CorrectContact) command() string  { return "correct_contact" }
func (*CorrectBank) command() string     { return "correct_bank" }
func (*GiveConsent) command() string     { return "give_consent" }
func (*WithdrawConsent) command() string { return "withdraw_consent" }
func (*DeclareKin) command() string      { return "declare_kin" }

var labels = domain.NewCodes[string]("人员命令", "register", "人员建档", "correct_identity", "更正身份信息", "correct_contact", "更正联系方式", "correct_bank", "更正银行账户", "give_consent", "登记同意", "withdraw_consent", "登记撤回同意", "declare_kin", "近亲属备案",
	"withdraw_kin", "撤销近亲属备案", "note_basis", "登记处理依据", "merge", "并入人员档案", "take_in", "接收并档", "unmerge", "撤销并档", "let_go", "解除并档",
	"note_death", "登记死亡", "revoke_death", "撤销死亡登记",
	"request_erasure", "申请处置个人信息", "approve_erasure", "同意处置", "refuse_erasure", "不予处置")

// NameOf is the stable name of a command.
func NameOf(cmd Command) string { return cmd.command() }

// Commands is the list of commands (人员命令) by their stable names.
func Commands() domain.Codes[string] { return labels }
