// Package orgunit is the tree of organisation units (组织单位): the federation,
// its counties, towns and unions, each with a short code that goes into events
// in place of a name. Units are founded, moved, renamed and dissolved from a
// date on, and the tree keeps its history, so that a figure of last year counts
// by the tree of last year. All units are one stream, for what is refused (a
// circle, a unit below one that is gone) lies between them.
//
//	成立 Founded → 更名 Renamed, 调整隶属 Moved (any number, in the order of their dates) → 撤销 Dissolved
//
// Founding is the tree that every installation begins with. Read Tree first.
package orgunit

import "slices"

// Family is 事件族: the first part of the name of the tree's stream.
const Family = "orgunit"

// Case is 流名: the second part. There is one tree.
const Case = "tree"

// City is 市总工会: the code of the unit above all others.
const City = "jc"

// Unit is 组织单位: a federation or a part of it. Parent is empty for the root.
type Unit struct {
	Code   string
	Name   string
	Short  string // on charts and in lists
	Parent string
	Kind   Kind
}

var jincheng = []Unit{
	{City, "晋城市总工会", "市总", "", KindCity},
	{"jc-cq", "晋城市城区总工会", "城区", City, KindCounty},
	{"jc-zz", "泽州县总工会", "泽州", City, KindCounty},
	{"jc-gp", "高平市总工会", "高平", City, KindCounty},
	{"jc-yc", "阳城县总工会", "阳城", City, KindCounty},
	{"jc-lc", "陵川县总工会", "陵川", City, KindCounty},
	{"jc-qs", "沁水县总工会", "沁水", City, KindCounty},
	{"jc-kf", "晋城经济技术开发区工会", "开发区", City, KindZone},
}

// Jincheng is the units of Jincheng (晋城) that every installation begins with,
// the city first.
func Jincheng() []Unit { return slices.Clone(jincheng) }

// Founding is the tree of Jincheng: what holds until a unit is on record.
func Founding() Tree {
	var t Tree
	for _, u := range jincheng {
		t = evolve(t, founded(u))
	}
	return t
}

func founded(u Unit) UnitFounded {
	return UnitFounded{Code: u.Code, Name: u.Name, Short: u.Short, Parent: u.Parent, Kind: u.Kind}
}
