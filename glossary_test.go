package hearth_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var update = flag.Bool("update", false, "write generated documents anew")

// term is one line of the glossary: an exported domain type and the first
// sentence of its comment, which names the Chinese term.
type term struct{ pkg, name, text string }

func TestGlossary(t *testing.T) {
	t.Parallel()
	fset, files := sources(t)
	var terms []term
	for _, f := range files {
		if f.test || f.support() || (f.pkg != "domain" && !strings.HasPrefix(f.pkg, "domain/")) {
			continue
		}
		for _, decl := range f.ast.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE {
				continue
			}
			for _, s := range gen.Specs {
				spec := s.(*ast.TypeSpec)
				if !spec.Name.IsExported() {
					continue
				}
				doc := spec.Doc.Text()
				if doc == "" {
					doc = gen.Doc.Text()
				}
				if !strings.ContainsFunc(doc, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
					t.Errorf("%s: %s names no Chinese term in its comment", fset.Position(spec.Pos()), spec.Name)
				}
				terms = append(terms, term{strings.TrimPrefix(f.pkg, "domain/"), spec.Name.Name, firstSentence(doc)})
			}
		}
	}
	slices.SortFunc(terms, func(a, b term) int {
		return strings.Compare(a.pkg+"."+strings.ToLower(a.name), b.pkg+"."+strings.ToLower(b.name))
	})
	got := writeGlossary(terms)
	const file = "docs/glossary.md"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s is not what the code says: run `make glossary` and look at the difference", file)
	}
}

func writeGlossary(terms []term) []byte {
	var b bytes.Buffer
	b.WriteString("# Glossary\n\nThe words of the domain, one term per idea, taken from the comments of the code by `make glossary`;\na test compares. Law and practice behind them are in the package comments.\n")
	pkg := ""
	for _, t := range terms {
		if t.pkg != pkg {
			pkg = t.pkg
			fmt.Fprintf(&b, "\n## %s\n\n| name | meaning |\n|---|---|\n", pkg)
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", t.name, strings.ReplaceAll(t.text, "|", "\\|"))
	}
	return b.Bytes()
}

// firstSentence is the comment up to its first full stop that ends a sentence.
func firstSentence(doc string) string {
	doc = strings.Join(strings.Fields(doc), " ")
	if i := strings.Index(doc, ". "); i >= 0 {
		return doc[:i+1]
	}
	return doc
}
