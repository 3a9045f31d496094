package orgunit

import "hearth/domain"

// Event is 组织事件.
//
//sumtype:decl
type Event interface {
	domain.Event
	event()
}

// UnitFounded is 单位成立: a unit is there from a date on; without a date since
// before there were records.
type UnitFounded struct {
	Code     string      `json:"code"`
	Name     string      `json:"name"`
	Short    string      `json:"short"`
	Parent   string      `json:"parent,omitempty"` // empty for the root
	Kind     Kind        `json:"kind"`
	FromDate domain.Date `json:"from_date,omitzero"`
}

// UnitMoved is 调整隶属: a unit, with all below it, is under another from a date on.
type UnitMoved struct {
	Code     string      `json:"code"`
	To       string      `json:"to"`
	FromDate domain.Date `json:"from_date"`
	Basis    string      `json:"basis"` // 文号
}

// UnitRenamed is 单位更名: the names of a unit from a date on.
type UnitRenamed struct {
	Code     string      `json:"code"`
	Name     string      `json:"name"`
	Short    string      `json:"short"`
	FromDate domain.Date `json:"from_date"`
}

// UnitDissolved is 单位撤销: from a date on there is no such unit. Its code is never
// given again; its cases stay with those that it was below.
type UnitDissolved struct {
	Code     string      `json:"code"`
	FromDate domain.Date `json:"from_date"`
	Basis    string      `json:"basis"` // 文号
}

// EventType is the wire name.
func (UnitFounded) EventType() string { return "orgunit.unit_founded" }

// EventType is the wire name.
func (UnitMoved) EventType() string { return "orgunit.unit_moved" }

// EventType is the wire name.
func (UnitRenamed) EventType() string { return "orgunit.unit_renamed" }

// EventType is the wire name.
func (UnitDissolved) EventType() string { return "orgunit.unit_dissolved" }

func (UnitFounded) event()   {}
func (UnitMoved) event()     {}
func (UnitRenamed) event()   {}
func (UnitDissolved) event() {}

// Specs says how each event of the family is stored.
func Specs() []domain.EventSpec {
	return []domain.EventSpec{
		domain.Spec[UnitFounded](), domain.Spec[UnitMoved](), domain.Spec[UnitRenamed](), domain.Spec[UnitDissolved](),
	}
}

// Kind is 单位类别: the level or sort of a unit.
type Kind string

// The kinds (单位类别).
const (
	KindCity     Kind = "city"
	KindCounty   Kind = "county"
	KindZone     Kind = "zone"
	KindDirect   Kind = "direct"
	KindIndustry Kind = "industry"
	KindTown     Kind = "town"
	KindBase     Kind = "base"
	KindOffice   Kind = "office"
)

var kinds = domain.NewCodes[Kind]("单位类别",
	"city", "市总工会", "county", "县级总工会", "zone", "开发区工会", "direct", "市直机关工会", "industry", "集团(产业)工会",
	"town", "乡镇(街道)工会", "base", "基层工会", "office", "内设部门")

// Kinds is the list of kinds (单位类别).
func Kinds() domain.Codes[Kind] { return kinds }

// Label is the Chinese name of the kind.
func (k Kind) Label() string { return kinds.Label(k) }
