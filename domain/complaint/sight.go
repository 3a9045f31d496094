package complaint

// Sight is 查看范围: which cases somebody sees, as lists, counts and search ask for
// it. Restriction.Hides holds besides, but for All. The zero Sight sees none.
type Sight struct {
	All        bool     // every case, restricted ones too
	Everywhere bool     // of every unit
	Units      []string // of these units
	Own        bool     // those that one handles, helps to handle, or took in
}

// Wider reports whether s shows more than o, for choosing among the roles of one
// user.
func (s Sight) Wider(o Sight) bool { return s.breadth() > o.breadth() }

func (s Sight) breadth() int {
	switch {
	case s.All:
		return 1 << 30
	case s.Everywhere:
		return 1 << 29
	case len(s.Units) > 0:
		return 1 + len(s.Units)
	case s.Own:
		return 1
	}
	return 0
}
