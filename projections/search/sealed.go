package search

import (
	"context"
	"encoding/binary"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/projections"
)

// Vault is what the model needs: it seals texts and hashes the keys that they are
// found by. A *vault.Vault is one.
type Vault interface {
	projections.Sealer
	Words(kind string, words []string) []int64
}

// hashed are the keys of text.Grams as the index has them. Half of a hash is
// enough: whether a document holds a word, its text tells.
func hashed(v Vault, grams []int32) []int32 {
	words := make([]string, len(grams))
	for i, g := range grams {
		words[i] = string(binary.BigEndian.AppendUint32(nil, uint32(g)))
	}
	hashes := make([]int32, len(grams))
	for i, h := range v.Words("search.gram", words) {
		hashes[i] = int32(h)
	}
	return hashes
}

// personal tells the class of a part's text, empty when it is not personal, and
// whose it is: a name belongs to the person also where a case names them.
func (d *document) personal(p part) (class domain.SealClass, subject uuid.UUID) {
	switch {
	case p.Person != uuid.Nil:
		return domain.SealIdentity, p.Person
	case p.Field == FieldSummary || p.Field == FieldNote:
		return domain.SealNarrative, d.ID
	case d.Kind != Person:
		return "", uuid.Nil
	case p.Field == FieldPhone:
		return domain.SealContact, d.ID
	}
	return domain.SealIdentity, d.ID
}

// cells are the personal texts that want says yes to.
func (d *document) cells(want func(part) bool) []projections.Cell {
	var cells []projections.Cell
	for i := range d.Parts {
		p := &d.Parts[i]
		if class, subject := d.personal(*p); class != "" && want(*p) {
			cells = append(cells, projections.Cell{
				Column: "search.document." + string(p.Field), Row: d.ID, Subject: subject.String(), Class: class,
				Plain: &p.text, Sealed: &p.sealed,
			})
		}
	}
	return cells
}

func anyPart(part) bool { return true }

// unpack gives the parts of a row that was read their texts, as far as these are
// not personal, and tells the cells of the others.
func (d *document) unpack() []projections.Cell {
	for i := range d.Parts {
		p := &d.Parts[i]
		p.text = p.Clear
		if i < len(d.Texts) {
			p.sealed = d.Texts[i]
		}
	}
	return d.cells(anyPart)
}

// open opens rows that were read.
func open(ctx context.Context, v projections.Opener, documents map[documentKey]*document) error {
	var cells []projections.Cell
	for _, d := range documents {
		cells = append(cells, d.unpack()...)
	}
	return projections.Open(ctx, v, cells)
}

// seal makes the columns of rows that are about to be written.
func seal(ctx context.Context, v Vault, documents []*document) error {
	var cells []projections.Cell
	for _, d := range documents {
		d.index(v)
		cells = append(cells, d.cells(func(p part) bool { return p.sealed == "" })...)
	}
	if err := projections.Seal(ctx, v, cells); err != nil {
		return err
	}
	for _, d := range documents {
		d.Texts = make([]string, len(d.Parts))
		for i, p := range d.Parts {
			d.Texts[i] = p.sealed
		}
	}
	return nil
}

// lose takes the texts that want says yes to out of a document for good.
func (d *document) lose(want func(part) bool) {
	for i := range d.Parts {
		if p := &d.Parts[i]; want(*p) {
			p.text, p.sealed = "", projections.Gone(p.text+p.sealed)
		}
	}
	d.forget = true
}
