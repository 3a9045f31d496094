package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"

	"hearth/domain/orgunit"
)

//go:embed templates
var ownTemplates embed.FS

// templates is every page, each with the frame and the parts parsed in.
type templates struct{ byName map[string]*template.Template }

// parseTemplates reads the shell's and the families' templates. Whatever is
// wrong with them is found here, not when somebody opens the page.
func parseTemplates(a *assets, units func() orgunit.Tree, families []Family) (*templates, error) {
	base, err := template.New("base").Funcs(funcs(a, units)).ParseFS(ownTemplates, "templates/*.html", "templates/parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: templates: %w", err)
	}
	own, err := fs.Sub(ownTemplates, "templates/pages")
	if err != nil {
		return nil, fmt.Errorf("web: templates: %w", err)
	}
	ts := &templates{byName: map[string]*template.Template{}}
	for _, f := range append([]Family{{Name: "shell", Templates: own}}, families...) {
		if f.Templates == nil {
			continue
		}
		if err := ts.parseFamily(base, f); err != nil {
			return nil, fmt.Errorf("web: templates of %s: %w", f.Name, err)
		}
	}
	return ts, nil
}

func (ts *templates) parseFamily(base *template.Template, f Family) error {
	files, err := fs.Glob(f.Templates, "*.html")
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("no *.html in its folder; take fs.Sub of what is embedded")
	}
	var shared, pages []string
	for _, file := range files {
		if strings.HasPrefix(path.Base(file), "_") {
			shared = append(shared, file)
		} else {
			pages = append(pages, file)
		}
	}
	for _, file := range pages {
		t, err := base.Clone()
		if err != nil {
			return err
		}
		if t, err = t.ParseFS(f.Templates, append([]string{file}, shared...)...); err != nil {
			return err
		}
		if t.Lookup("content") == nil {
			return fmt.Errorf("%s defines no content", file)
		}
		if err := escapes(t); err != nil {
			return err
		}
		ts.byName[f.Name+"/"+strings.TrimSuffix(path.Base(file), ".html")] = t
	}
	return nil
}

// escapes finds what html/template would find only when a page is shown: parts
// that do not exist, and places where no value can be made safe.
func escapes(t *template.Template) error {
	err := t.ExecuteTemplate(io.Discard, "layout", nil)
	if bad, ok := errors.AsType[*template.Error](err); ok {
		return bad
	}
	return nil // anything else comes from having no data
}

// render executes one block of a page into memory, so that an error in the
// middle never reaches the browser as half a page.
func (ts *templates) render(name, block string, data any) ([]byte, error) {
	t, ok := ts.byName[name]
	if !ok {
		return nil, fmt.Errorf("web: no page %q", name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, block, data); err != nil {
		return nil, fmt.Errorf("web: page %s: %w", name, err)
	}
	return b.Bytes(), nil
}
