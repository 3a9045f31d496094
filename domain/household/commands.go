package household

import "hearth/domain"

// Command is 户命令.
//
//sumtype:decl
type Command interface {
	domain.Command
	command() string
}

// Form is 立户. The head is among the members; its relation is filled in.
type Form struct {
	domain.By `json:"-"`
	Head      string   `json:"head"`
	Members   []Member `json:"members"`
}

// Join is 入户.
type Join struct {
	domain.By `json:"-"`
	Member
}

// Leave is 离户.
type Leave struct {
	domain.By `json:"-"`
	PersonID  string      `json:"person_id"`
	Reason    LeaveReason `json:"reason"`
}

// ChangeHead is 变更户主, with the relations of all members to the new one.
type ChangeHead struct {
	domain.By `json:"-"`
	Head      string   `json:"head"`
	Members   []Member `json:"members"`
}

// Dissolve is 销户.
type Dissolve struct {
	domain.By `json:"-"`
	Reason    DissolveReason `json:"reason"`
}

func (*Form) command() string       { return "form" }
func (*Join) command() string       { return "join" }
func (*Leave) command() string      { return "leave" }
func (*ChangeHead) command() string { return "change_head" }
func (*Dissolve) command() string   { return "dissolve" }

var labels = domain.NewCodes[string]("户命令", "form", "立户", "join", "入户", "leave", "离户", "change_head", "变更户主", "dissolve", "销户")

// NameOf is the stable name of a command.
func NameOf(cmd Command) string { return cmd.command() }

// Commands is the list of commands (户命令) by their stable names.
func Commands() domain.Codes[string] { return labels }
