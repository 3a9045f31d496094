package main

import (
	"bytes"
	_ "embed"
	"fmt"
	html "html/template"
	"slices"
	"strings"

	"hearth/adapters/qrcode"
	"hearth/eventstore/notary"
	"hearth/eventstore/notary/witness"
)

//go:embed witness.html
var witnessHTML string

// witnessSheet is what a witness prints of a checkpoint. It depends on what is held and
// on nothing else, so that it is the same when it is written again.
type witnessSheet struct {
	Log, Name string
	Size      int64
	Root, Sum [][]string // rows of groups
	At        string
	Number    int // of the cosigned checkpoint in the register
	Before    *sheetBefore
	Keys      []sheetKey
	Alarms    int
	Code      qrcode.Code
	TextFile  string
}

type sheetBefore struct {
	Size, Added int64
	At          string
}

type sheetKey struct{ Label, Fingerprint, Public string }

// witnessPage is the A4 page of the checkpoint that is held: without script and
// without other files.
func witnessPage(w *witness.Witness) ([]byte, error) {
	lines, held := w.Cosigned(), w.Held()
	last := lines[len(lines)-1]
	code, err := qrcode.Encode(string(held.Note))
	if err != nil {
		return nil, err
	}
	p := witnessSheet{
		Log: held.Origin, Name: w.Name(), Size: held.Size, At: clock(last.At), Number: len(lines), Code: code,
		Root: rows(last.Root[:]), Sum: rows(last.Sum[:]), Alarms: len(w.Alarms()),
		TextFile: fmt.Sprintf("见证-%d.txt", held.Size),
	}
	if len(lines) > 1 {
		before := lines[len(lines)-2]
		p.Before = &sheetBefore{Size: before.Size, Added: last.Size - before.Size, At: clock(before.At)}
	}
	for _, key := range w.Trusted() {
		if signedWith(held, key) {
			p.Keys = append(p.Keys, sheetKey{"日志公钥", notary.Fingerprint(key), key})
		}
	}
	p.Keys = append(p.Keys, sheetKey{"见证公钥", notary.Fingerprint(w.Public()), w.Public()})
	t, err := html.New("witness").Parse(witnessHTML)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// rows is a hash in rows of eight groups of four digits.
func rows(hash []byte) [][]string {
	return slices.Collect(slices.Chunk(strings.Fields(notary.Grouped(hash)), 8))
}
