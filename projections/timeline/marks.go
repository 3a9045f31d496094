package timeline

import (
	"slices"
	"strings"

	"github.com/google/uuid"
)

// mark is text with the id of somebody or something in place of a name. Only
// marks may hold the brackets: line takes them out of any other text, so that
// nobody can write a mark into a form.
type mark string

// The kinds of mark.
const (
	markUser       = "u"
	markOrg        = "o"
	markEnterprise = "e"
	markPerson     = "p"
)

// Names resolves the marks of a sentence for a reader who may see them.
type Names interface {
	User(id string) string
	Org(code string) string
	Enterprise(id string) string
	Person(id string) string
}

// Expand replaces the marks of a sentence by names.
func Expand(text string, names Names) string {
	var b strings.Builder
	each(text, func(s string) { b.WriteString(s) }, func(kind, id string) {
		switch kind {
		case markUser:
			b.WriteString(names.User(id))
		case markOrg:
			b.WriteString(names.Org(id))
		case markEnterprise:
			b.WriteString(names.Enterprise(id))
		case markPerson:
			b.WriteString(names.Person(id))
		default:
			b.WriteString(id)
		}
	})
	return b.String()
}

// Mentions are the ids that stand in sentences, each once, so that a page can
// ask for all names at once.
type Mentions struct {
	Users, Enterprises, Persons []string
}

// Mentioned collects the actors of entries and the marks of their sentences.
func Mentioned(entries []Entry) Mentions {
	var m Mentions
	for _, e := range entries {
		m.Users = append(m.Users, e.Actor)
		if e.Behalf != "" {
			m.Users = append(m.Users, e.Behalf)
		}
		each(e.Sentence, func(string) {}, func(kind, id string) {
			switch kind {
			case markUser:
				m.Users = append(m.Users, id)
			case markEnterprise:
				m.Enterprises = append(m.Enterprises, id)
			case markPerson:
				m.Persons = append(m.Persons, id)
			}
		})
	}
	for _, ids := range []*[]string{&m.Users, &m.Enterprises, &m.Persons} {
		slices.Sort(*ids)
		*ids = slices.Compact(*ids)
	}
	return m
}

// each takes a sentence apart.
func each(text string, plain func(string), mark func(kind, id string)) {
	for {
		before, rest, found := strings.Cut(text, "⟦")
		plain(before)
		if !found {
			return
		}
		inside, after, _ := strings.Cut(rest, "⟧")
		kind, id, _ := strings.Cut(inside, ":")
		mark(kind, id)
		text = after
	}
}

func user(id string) mark {
	if id == "" {
		return "系统"
	}
	return newMark(markUser, id)
}

func org(code string) mark { return newMark(markOrg, code) }

func enterpriseMark(id uuid.UUID) mark { return newMark(markEnterprise, id.String()) }

func personMark(id uuid.UUID) mark { return newMark(markPerson, id.String()) }

func newMark(kind, id string) mark { return mark("⟦" + kind + ":" + unmarked(id) + "⟧") }

func unmarked(s string) string {
	if !strings.ContainsAny(s, "⟦⟧") {
		return s
	}
	return strings.NewReplacer("⟦", "[", "⟧", "]").Replace(s)
}
