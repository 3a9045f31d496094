package enterprise

import (
	"github.com/google/uuid"

	"hearth/domain"
)

// Command is 单位命令.
//
//sumtype:decl
type Command interface {
	domain.Command
	command() string
}

// Register is 单位建档.
type Register struct {
	domain.By `json:"-"`
	USCC      string    `json:"uscc,omitempty"`
	Name      string    `json:"name"`
	Aliases   []string  `json:"aliases,omitempty"`
	County    string    `json:"county"`
	Industry  string    `json:"industry,omitempty"`
	Ownership Ownership `json:"ownership,omitempty"`
	Headcount int       `json:"headcount,omitempty"`
	UnionOrg  string    `json:"union_org,omitempty"`
}

// Rename is 更名.
type Rename struct {
	domain.By `json:"-"`
	Name      string      `json:"name"`
	On        domain.Date `json:"on,omitzero"`
}

// EnterCode is 补录信用代码.
type EnterCode struct {
	domain.By `json:"-"`
	USCC      string `json:"uscc"`
}

// ReportHeadcount is 填报职工人数.
type ReportHeadcount struct {
	domain.By `json:"-"`
	Headcount int         `json:"headcount"`
	On        domain.Date `json:"on"`
}

// Signal is 记入信用信号.
type Signal struct {
	domain.By   `json:"-"`
	Kind        SignalKind `json:"kind"`
	SourceEvent uuid.UUID  `json:"source_event"`
	SourceCase  string     `json:"source_case"`
}

// NoteBlacklist is 登记列入失信名单.
type NoteBlacklist struct {
	domain.By `json:"-"`
	List      string      `json:"list"`
	From      domain.Date `json:"from"`
	To        domain.Date `json:"to,omitzero"`
	Source    string      `json:"source"`
}

// RemoveBlacklist is 登记移出失信名单.
type RemoveBlacklist struct {
	domain.By `json:"-"`
	List      string      `json:"list"`
	On        domain.Date `json:"on"`
	Reason    string      `json:"reason"`
}

// Merge is 并入 another file of the same enterprise.
type Merge struct {
	domain.By `json:"-"`
	ID        uuid.UUID `json:"id"` // this enterprise
	IntoID    uuid.UUID `json:"into_id"`
	Reason    string    `json:"reason"`
}

func (*Register) command() string        { return "register" }
func (*Rename) command() string          { return "rename" }
func (*EnterCode) command() string       { return "enter_code" }
func (*ReportHeadcount) command() string { return "report_headcount" }
func (*Signal) command() string          { return "signal" }
func (*NoteBlacklist) command() string   { return "note_blacklist" }
func (*RemoveBlacklist) command() string { return "remove_blacklist" }
func (*Merge) command() string           { return "merge" }

var labels = domain.NewCodes[string]("单位命令", "register", "单位建档", "rename", "单位更名", "enter_code", "补录信用代码", "report_headcount", "填报职工人数", "signal", "记入信用信号", "note_blacklist", "登记列入失信名单", "remove_blacklist", "登记移出失信名单", "merge", "并入单位档案")

// NameOf is the stable name of a command.
func NameOf(cmd Command) string { return cmd.command() }

// Commands is the list of commands (单位命令) by their stable names.
func Commands() domain.Codes[string] { return labels }
