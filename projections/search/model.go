// Package search is the read model of the global search (全文检索): complaints by
// number, employer, summary, notes and the names in them; enterprises by all
// their names and code; persons by name, phone and identity number.
//
// A document is kept under keyed hashes of the bigrams of its text (text.Grams),
// in one GIN index: PostgreSQL finds the candidates by them, the text tells the
// exact hits. What is personal of a text is sealed and opened for that; names
// belong to their persons also where cases name them. A model of its own, because
// that index is slow to write.
//
// A restricted case is not there for who may not see it, and neither is a person
// who is known from such cases alone.
package search

import (
	"context"
	_ "embed"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/eventstore"
	"hearth/projections"
)

//go:embed schema.sql
var tables string

//go:embed indexes.sql
var indexes string

// schema is where the queries find the tables.
const schema = "search_v2"

// Model is the read model as the runner sees it.
type Model struct {
	documents *projections.Table[documentKey, document]
	links     *projections.Table[linkKey, link]
	vault     Vault
}

// New makes the model. Personal texts are sealed by v.
func New(v Vault) *Model {
	return &Model{
		vault:     v,
		documents: projections.NewTable[documentKey, document]("document"),
		links:     projections.NewTable[linkKey, link]("link"),
	}
}

// Name is the model's name.
func (*Model) Name() string { return "search" }

// Version is that of the tables and of what the rows mean.
func (*Model) Version() int { return 2 }

// Tables makes the tables.
func (*Model) Tables() string { return tables }

// Indexes makes what only readers need.
func (*Model) Indexes() string { return indexes }

// batch is what one call of Apply works on.
type batch struct {
	documents map[documentKey]*document
	links     map[linkKey]*link
	changed   map[documentKey]bool
	persons   map[uuid.UUID]bool // whose links, and so whether they are guarded, may have changed
	gone      []linkKey
	shredded  map[documentKey]bool // documents to be removed
}

// Apply takes over a batch: it reads all documents that the batch can change,
// changes them event by event, and writes back those that did change. Names and
// what follows from links are filled in at the end, from the last state.
func (m *Model) Apply(ctx context.Context, tx pgx.Tx, events []eventstore.Recorded) error {
	b, err := m.load(ctx, tx, events)
	if err != nil || b == nil {
		return err
	}
	for _, r := range events {
		b.apply(r)
	}
	b.finish()
	var documents []*document
	for key := range b.changed {
		documents = append(documents, b.documents[key])
	}
	if err := seal(ctx, m.vault, documents); err != nil {
		return err
	}
	if err := m.documents.Save(ctx, tx, slices.Values(documents)); err != nil {
		return err
	}
	if err := m.documents.Delete(ctx, tx, keys(b.shredded)); err != nil {
		return err
	}
	if err := m.links.Save(ctx, tx, maps.Values(b.links)); err != nil {
		return err
	}
	return m.links.Delete(ctx, tx, b.gone)
}

// load reads what the events are about, the persons that they name, the cases of
// these persons, and nothing when the batch is about none of it.
func (m *Model) load(ctx context.Context, tx pgx.Tx, events []eventstore.Recorded) (*batch, error) {
	b := &batch{changed: map[documentKey]bool{}, persons: map[uuid.UUID]bool{}, shredded: map[documentKey]bool{}}
	about := map[documentKey]bool{}
	restricting := map[documentKey]bool{}
	for _, r := range events {
		key, ok := keyOf(r)
		if !ok {
			continue
		}
		about[key] = true
		for _, narrative := range shreddedWith(r.Event) {
			about[narrative] = true
		}
		for _, id := range personsIn(r.Event) {
			b.persons[id] = true
		}
		if key.Kind == Person {
			b.persons[key.ID] = true
		}
		if restricts(r.Event) {
			restricting[key] = true
		}
	}
	if len(about) == 0 {
		return nil, nil
	}
	var err error
	if b.documents, err = m.documents.Load(ctx, tx, keys(about)); err != nil {
		return nil, err
	}
	for key := range restricting {
		if d := b.documents[key]; d != nil {
			for _, p := range d.Parts {
				if p.Person != uuid.Nil {
					b.persons[p.Person] = true
				}
			}
		}
	}
	return b, m.loadLinked(ctx, tx, b)
}

// loadLinked adds the links of the persons, their documents, and their cases.
func (m *Model) loadLinked(ctx context.Context, tx pgx.Tx, b *batch) error {
	ids := keys(b.persons)
	var err error
	if b.links, err = m.links.LoadWhere(ctx, tx, "person_id", ids); err != nil {
		return err
	}
	more := map[documentKey]bool{}
	for _, id := range ids {
		more[documentKey{Person, id}] = true
	}
	for key := range b.links {
		more[documentKey{Complaint, key.ComplaintID}] = true
	}
	maps.DeleteFunc(more, func(key documentKey, _ bool) bool { return b.documents[key] != nil })
	found, err := m.documents.Load(ctx, tx, keys(more))
	if err != nil {
		return err
	}
	maps.Copy(b.documents, found)
	return open(ctx, m.vault, b.documents)
}

func keys[K comparable](set map[K]bool) []K {
	list := make([]K, 0, len(set))
	for key := range set {
		list = append(list, key)
	}
	return list
}

// keyOf is the document that an event changes.
func keyOf(r eventstore.Recorded) (documentKey, bool) {
	kind := Kind(r.Stream.Family)
	if !kinds.Has(kind) || !matters(r.Event) {
		return documentKey{}, false
	}
	id, err := uuid.Parse(r.Stream.Case)
	return documentKey{kind, id}, err == nil
}

// document is the row of a key, a new one if there is none yet.
func (b *batch) document(key documentKey) *document {
	d := b.documents[key]
	if d == nil {
		d = &document{Kind: key.Kind, ID: key.ID}
		b.documents[key] = d
		delete(b.shredded, key)
	}
	b.changed[key] = true
	return d
}

// finish fills in the names that cases take from persons and tells which persons
// are guarded.
func (b *batch) finish() {
	cases := map[uuid.UUID][]*link{}
	for _, l := range b.links {
		cases[l.PersonID] = append(cases[l.PersonID], l)
	}
	for id := range b.persons {
		p := b.documents[documentKey{Person, id}]
		if p == nil {
			continue // named in a case before there is a file
		}
		guarded := len(cases[id]) > 0
		for _, l := range cases[id] {
			guarded = guarded && l.Restricted
			b.rename(documentKey{Complaint, l.ComplaintID}, id, p.name())
		}
		if p.Guarded != guarded {
			p.Guarded = guarded
			b.changed[documentKey{Person, id}] = true
		}
	}
}

// rename gives a case the name of a person. One that is closed stays as it is.
func (b *batch) rename(key documentKey, id uuid.UUID, name string) {
	d := b.documents[key]
	if d == nil || name == "" {
		return
	}
	for i, p := range d.Parts {
		if p.Person == id && p.text != name {
			d.Parts[i].text, d.Parts[i].sealed = name, ""
			b.changed[key] = true
		}
	}
}

func (d *document) name() string {
	for _, p := range d.Parts {
		if p.Field == FieldName {
			return p.text
		}
	}
	return ""
}

// shred removes the file of a person, and with it who they are in all cases that
// name them; and the narratives of the cases that go the same way.
func (b *batch) shred(key documentKey, ev domain.Event) {
	delete(b.documents, key)
	delete(b.changed, key)
	b.shredded[key] = true
	for l := range b.links {
		if l.PersonID != key.ID {
			continue
		}
		b.lose(documentKey{Complaint, l.ComplaintID}, func(p part) bool { return p.Person == key.ID })
		delete(b.links, l)
		b.gone = append(b.gone, l)
	}
	for _, narrative := range shreddedWith(ev) {
		b.lose(narrative, func(p part) bool { return p.Field.long() })
	}
}

func (b *batch) lose(key documentKey, want func(part) bool) {
	if d := b.documents[key]; d != nil {
		d.lose(want)
		b.changed[key] = true
	}
}
