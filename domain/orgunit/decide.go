package orgunit

import (
	"regexp"
	"slices"
	"strings"

	"hearth/domain"
)

// Decider is 组织决策器.
var Decider = domain.Decider[Tree, Command, Event]{
	Initial: func() Tree { return Tree{} },
	Decide:  decide,
	Evolve:  evolve,
}

func decide(t Tree, cmd Command) ([]Event, error) {
	if err := cmd.IssuedBy().Check(); err != nil {
		return nil, err
	}
	switch cmd := cmd.(type) {
	case *Found:
		return t.found(cmd)
	case *Move:
		return t.move(cmd)
	case *Rename:
		return t.rename(cmd)
	case *Dissolve:
		return t.dissolve(cmd)
	}
	panic("orgunit: unknown command")
}

// codeForm keeps codes fit for paths, subjects and addresses.
var codeForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func (t Tree) found(c *Found) ([]Event, error) {
	u := Unit{c.Code, strings.TrimSpace(c.Name), strings.TrimSpace(c.Short), c.Parent, c.Kind}
	if t.Known(c.Code) {
		if spans := t.units[c.Code]; spans[0] == (Span{Unit: u, From: c.FromDate}) {
			return nil, nil
		}
		return nil, domain.Reject("code_taken", "单位代码“%s”已经用过,撤销的单位的代码也不再使用,请换一个。", c.Code)
	}
	switch {
	case !codeForm.MatchString(c.Code) || len(c.Code) > 40:
		return nil, domain.Reject("bad_code", "单位代码请用40个以内的小写字母、数字和短横线,以字母开头,例如 jc-gp-01。")
	case u.Name == "" || u.Short == "":
		return nil, domain.Reject("name_missing", "请填写单位的全称和简称。")
	}
	if err := kinds.Check(c.Kind); err != nil {
		return nil, err
	}
	if c.Parent == "" && !t.Empty() {
		return nil, domain.Reject("parent_missing", "请选择上级单位;没有上级的单位只有一个。")
	}
	if c.Parent != "" {
		if err := t.standing(c.Code, c.Parent, c.FromDate); err != nil {
			return nil, err
		}
	}
	ev := founded(u)
	ev.FromDate = c.FromDate
	return []Event{ev}, nil
}

func (t Tree) move(c *Move) ([]Event, error) {
	s, err := t.change(c.Code, c.FromDate)
	switch {
	case err != nil:
		return nil, err
	case s.Parent == "":
		return nil, domain.Reject("root_stays", "最上级单位没有上级,不能调整隶属。")
	case s.Parent == c.To:
		return nil, nil
	case strings.TrimSpace(c.Basis) == "":
		return nil, domain.Reject("basis_missing", "请填写调整隶属所依据的文号。")
	}
	if err := t.standing(c.Code, c.To, c.FromDate); err != nil {
		return nil, err
	}
	return []Event{UnitMoved{Code: c.Code, To: c.To, FromDate: c.FromDate, Basis: strings.TrimSpace(c.Basis)}}, nil
}

func (t Tree) rename(c *Rename) ([]Event, error) {
	s, err := t.change(c.Code, c.FromDate)
	if err != nil {
		return nil, err
	}
	name, short := strings.TrimSpace(c.Name), strings.TrimSpace(c.Short)
	switch {
	case name == "" || short == "":
		return nil, domain.Reject("name_missing", "请填写单位的全称和简称。")
	case s.Name == name && s.Short == short:
		return nil, nil
	}
	return []Event{UnitRenamed{Code: c.Code, Name: name, Short: short, FromDate: c.FromDate}}, nil
}

func (t Tree) dissolve(c *Dissolve) ([]Event, error) {
	if t.Known(c.Code) && t.last(c.Code).Gone {
		return nil, nil
	}
	s, err := t.change(c.Code, c.FromDate)
	switch {
	case err != nil:
		return nil, err
	case s.Parent == "":
		return nil, domain.Reject("root_stays", "最上级单位不能撤销。")
	case strings.TrimSpace(c.Basis) == "":
		return nil, domain.Reject("basis_missing", "请填写撤销所依据的文号。")
	}
	for _, on := range t.datesFrom(c.FromDate) {
		for code := range t.units {
			if u, ok := t.Find(code, on); ok && u.Parent == c.Code {
				return nil, domain.Reject("units_below", "该单位下面还有单位,请先把它们撤销或调整到别处,再撤销本单位。")
			}
		}
	}
	return []Event{UnitDissolved{Code: c.Code, FromDate: c.FromDate, Basis: strings.TrimSpace(c.Basis)}}, nil
}

// change is how the unit was left, when it may be changed from a date on: the
// changes of a unit are entered in the order of their dates.
func (t Tree) change(code string, from domain.Date) (Span, error) {
	if !t.Known(code) {
		return Span{}, domain.Reject("unit_unknown", "没有代码为“%s”的单位,请核对。", code)
	}
	s := t.last(code)
	switch {
	case s.Gone:
		return s, domain.Reject("unit_gone", "“%s”已于%s撤销,不能再变更。", s.Name, s.From)
	case from.IsZero():
		return s, domain.Reject("date_missing", "请填写从哪一天起生效。")
	case from.Before(s.From):
		return s, domain.Reject("not_in_order", "“%s”在%s已有变更,新的变更不能早于这一天生效。", s.Name, s.From)
	}
	return s, nil
}

// standing checks that the unit above is there, and not below the unit itself,
// on the date and on every later one on which the tree changes.
func (t Tree) standing(code, parent string, from domain.Date) error {
	for _, on := range t.datesFrom(from) {
		if _, ok := t.Find(parent, on); !ok {
			return domain.Reject("parent_unknown", "上级单位“%s”在%s不存在或已撤销,请另选上级单位。", parent, dateText(on))
		}
		if slices.Contains(t.Up(parent, on), code) {
			return domain.Reject("circle", "“%s”在%s是本单位或其下属单位,不能作为上级,请另选。", parent, dateText(on))
		}
	}
	return nil
}

func (t Tree) datesFrom(from domain.Date) []domain.Date { return append(t.changes(from), from) }

func dateText(d domain.Date) string {
	if d.IsZero() {
		return "建档之初"
	}
	return d.String()
}
