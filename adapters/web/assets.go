package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// assets are the stylesheet, the script and the pictures. Their addresses hold
// a hash of their content, so browsers may keep them for ever.
type assets struct {
	address map[string]string // by file name
	body    map[string][]byte // by address
}

const staticPrefix = "/static/"

func loadAssets() (*assets, error) {
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		return nil, fmt.Errorf("web: static files: %w", err)
	}
	a := &assets{address: map[string]string{}, body: map[string][]byte{}}
	for _, e := range entries {
		body, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("web: static files: %w", err)
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(e.Name())
		address := staticPrefix + strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		a.address[e.Name()], a.body[address] = address, body
	}
	return a, nil
}

// url is the address of a file; an unknown name is a mistake in a template.
func (a *assets) url(name string) (string, error) {
	if address, ok := a.address[name]; ok {
		return address, nil
	}
	return "", fmt.Errorf("no static file %q", name)
}

// serve answers requests for static files and reports whether this was one.
func (a *assets) serve(w http.ResponseWriter, r *http.Request) bool {
	body, ok := a.body[r.URL.Path]
	if !ok || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", mime.TypeByExtension(path.Ext(r.URL.Path)))
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
	return true
}
