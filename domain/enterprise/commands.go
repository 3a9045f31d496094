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
	command()
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

func (*Register) command()        {}
func (*Rename) command()          {}
func (*EnterCode) command()       {}
func (*ReportHeadcount) command() {}
func (*Signal) command()          {}
func (*NoteBlacklist) command()   {}
func (*RemoveBlacklist) command() {}
func (*Merge) command()           {}
