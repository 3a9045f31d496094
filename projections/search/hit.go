package search

import (
	"time"

	"github.com/google/uuid"

	"hearth/projections/text"
)

// Result is what was found, best first: numbers and names that are what was
// typed, then those that begin so, then those that hold it, then running text;
// among equals somebody before the cases that name them, and the newest first.
//
// Counts has how many there are of each kind. It is nil when there are more than
// Many in all: then the hits are the newest, and the page asks for more words.
type Result struct {
	Hits   []Hit        `json:"hits"`
	Counts map[Kind]int `json:"counts,omitempty"`
}

// Hit is a document that was found.
type Hit struct {
	Kind       Kind      `json:"kind"`
	ID         uuid.UUID `json:"id"`
	At         time.Time `json:"at"`
	Title      []Found   `json:"title"`                // number and employer, or name
	Found      []Found   `json:"found,omitempty"`      // where else it was hit, at most three
	MergedInto uuid.UUID `json:"merged_into,omitzero"` // of an enterprise: its file goes on there
	Cases      []Case    `json:"cases,omitempty"`      // of a person: the newest that the viewer may see

	names []string // of those who stand in the document
}

// Found is a field of a document with what was hit in it marked.
type Found struct {
	Field  Field        `json:"field"`
	Pieces []text.Piece `json:"pieces"`
}

// Case is a complaint that names a person.
type Case struct {
	ID uuid.UUID `json:"id"`
	No string    `json:"no"`
}

// Masked is the hit as pages show it: with names, phone and identity numbers of
// persons masked, also where they stand in summaries and notes.
func (h Hit) Masked() Hit {
	h.Title, h.Found = h.masked(h.Title), h.masked(h.Found)
	return h
}

func (h Hit) masked(list []Found) []Found {
	out := make([]Found, len(list))
	for i, f := range list {
		whole, hit := "", false
		for _, p := range f.Pieces {
			whole, hit = whole+p.Text, hit || p.Hit
		}
		mask := maskOf(h.Kind, f.Field)
		if mask == nil && f.Field.long() {
			mask = func(s string) string { return text.Veil(s, h.names...) }
		}
		// Where nothing is masked, the marks of what was hit stay.
		if mask != nil && mask(whole) != whole {
			f.Pieces = []text.Piece{{Text: mask(whole), Hit: hit && !f.Field.long()}}
		}
		out[i] = f
	}
	return out
}

func maskOf(kind Kind, f Field) func(string) string {
	switch {
	case f == FieldReporter || f == FieldClaimant || f == FieldName && kind == Person:
		return text.MaskName
	case f == FieldPhone:
		return text.MaskPhone
	case f == FieldIDNo:
		return text.MaskID
	}
	return nil
}

const (
	mostFound    = 3
	snippetWidth = 60
	titleWidth   = 100
)

func hits(rows []*found, terms []string) []Hit {
	list := make([]Hit, len(rows))
	for i, r := range rows {
		h := Hit{Kind: r.Kind, ID: r.ID, At: r.At, MergedInto: r.MergedInto, Cases: r.Cases}
		for _, p := range r.Parts {
			if p.Field == FieldReporter || p.Field == FieldClaimant {
				h.names = append(h.names, p.text)
			}
			switch {
			case p.text == "":
			case p.Field == FieldNo || p.Field == FieldEmployer || p.Field == FieldName:
				h.Title = append(h.Title, Found{p.Field, marked(p.text, terms)})
			case len(h.Found) < mostFound:
				if pieces := text.Snippet(p.text, terms, snippetWidth); pieces != nil {
					h.Found = append(h.Found, Found{p.Field, pieces})
				}
			}
		}
		list[i] = h
	}
	return list
}

// marked is a short text, whole, with what was hit in it marked.
func marked(s string, terms []string) []text.Piece {
	if pieces := text.Snippet(s, terms, titleWidth); pieces != nil {
		return pieces
	}
	return []text.Piece{{Text: s}}
}
