// Package orgunit names the organisation units (组织单位) of a city federation:
// the federation itself and its counties, each with a short code that goes into
// events in place of a name. A tree whose units move and keep their history
// comes later; until then the list is fixed.
package orgunit

import "slices"

// City is 市总工会: the code of the unit above all others.
const City = "jc"

// Unit is 组织单位: a federation or a part of it. Parent is empty for the root.
type Unit struct {
	Code   string
	Name   string
	Short  string // on charts and in lists
	Parent string
}

var jincheng = []Unit{
	{City, "晋城市总工会", "市总", ""},
	{"jc-cq", "晋城市城区总工会", "城区", City},
	{"jc-zz", "泽州县总工会", "泽州", City},
	{"jc-gp", "高平市总工会", "高平", City},
	{"jc-yc", "阳城县总工会", "阳城", City},
	{"jc-lc", "陵川县总工会", "陵川", City},
	{"jc-qs", "沁水县总工会", "沁水", City},
	{"jc-kf", "晋城经济技术开发区工会", "开发区", City},
}

// Jincheng is the units of Jincheng (晋城), the city first.
func Jincheng() []Unit { return slices.Clone(jincheng) }

// Find is the unit of a code.
func Find(code string) (Unit, bool) {
	i := slices.IndexFunc(jincheng, func(u Unit) bool { return u.Code == code })
	if i < 0 {
		return Unit{}, false
	}
	return jincheng[i], true
}

// Name is the full name of a unit; an unknown code is its own name.
func Name(code string) string {
	if u, ok := Find(code); ok {
		return u.Name
	}
	return code
}

// Short is the short name of a unit; an unknown code is its own name.
func Short(code string) string {
	if u, ok := Find(code); ok {
		return u.Short
	}
	return code
}

// Within reports whether a unit is another one or lies below it.
func Within(code, ancestor string) bool {
	for code != "" {
		if code == ancestor {
			return true
		}
		u, _ := Find(code)
		code = u.Parent
	}
	return false
}
