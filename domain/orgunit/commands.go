package orgunit

import "hearth/domain"

// Command is 组织命令.
//
//sumtype:decl
type Command interface {
	domain.Command
	Stamp(by domain.By)
	command() string
}

// Found is 成立单位. Without FromDate the unit is there since before there were
// records.
type Found struct {
	domain.By `json:"-"`
	Code      string      `json:"code"`
	Name      string      `json:"name"`
	Short     string      `json:"short"`
	Parent    string      `json:"parent,omitempty"`
	Kind      Kind        `json:"kind"`
	FromDate  domain.Date `json:"from_date,omitzero"`
}

// Move is 调整隶属.
type Move struct {
	domain.By `json:"-"`
	Code      string      `json:"code"`
	To        string      `json:"to"`
	FromDate  domain.Date `json:"from_date"`
	Basis     string      `json:"basis"`
}

// Rename is 更名.
type Rename struct {
	domain.By `json:"-"`
	Code      string      `json:"code"`
	Name      string      `json:"name"`
	Short     string      `json:"short"`
	FromDate  domain.Date `json:"from_date"`
}

// Dissolve is 撤销单位.
type Dissolve struct {
	domain.By `json:"-"`
	Code      string      `json:"code"`
	FromDate  domain.Date `json:"from_date"`
	Basis     string      `json:"basis"`
}

func (*Found) command() string    { return "found" }
func (*Move) command() string     { return "move" }
func (*Rename) command() string   { return "rename" }
func (*Dissolve) command() string { return "dissolve" }

var labels = domain.NewCodes[string]("组织命令", "found", "成立单位", "move", "调整隶属", "rename", "单位更名", "dissolve", "撤销单位")

// NameOf is the stable name of a command.
func NameOf(cmd Command) string { return cmd.command() }

// Commands is the list of commands (组织命令) by their stable names.
func Commands() domain.Codes[string] { return labels }

// FoundingCommands found the units that every installation begins with.
func FoundingCommands() []*Found {
	cmds := make([]*Found, len(jincheng))
	for i, u := range jincheng {
		cmds[i] = &Found{Code: u.Code, Name: u.Name, Short: u.Short, Parent: u.Parent, Kind: u.Kind}
	}
	return cmds
}
