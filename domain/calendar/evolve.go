package calendar

func evolve(c Calendar, ev Event) Calendar {
	switch ev := ev.(type) {
	case Published:
		return c.With(ev.Notice)
	}
	return c
}
