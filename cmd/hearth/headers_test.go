package main

import (
	"bufio"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// everywhere are the headers that no answer lacks.
var everywhere = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
	"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Permissions-Policy": "camera=()",
}

// safe looks at an answer as a browser would.
func safe(t *testing.T, what string, r reply) {
	t.Helper()
	for name, want := range everywhere {
		if got := r.header.Get(name); !strings.Contains(got, want) || strings.Contains(got, "unsafe") {
			t.Errorf("%s (%d): %s is %q", what, r.status, name, got)
		}
	}
	if cache := r.header.Get("Cache-Control"); cache != "no-store" && !strings.Contains(what, "/static/") {
		t.Errorf("%s (%d): Cache-Control is %q", what, r.status, cache)
	}
	kind, _, _ := mime.ParseMediaType(r.header.Get("Content-Type"))
	switch kind {
	case "text/html":
		noMarkupOfOthers(t, what, r.body)
	case "text/event-stream", "application/json", "application/problem+json", "text/css", "text/javascript", "image/svg+xml", "application/openapi+json":
	case "":
		if r.body != "" {
			t.Errorf("%s (%d): a body of no type: %.80q", what, r.status, r.body)
		}
	case "text/plain":
		if r.status < 400 {
			t.Errorf("%s: %d as text", what, r.status)
		}
	default: // a file
		how, with, err := mime.ParseMediaType(r.header.Get("Content-Disposition"))
		if err != nil || how != "attachment" || with["filename"] == "" || !strings.Contains(r.header.Get("Content-Disposition"), "filename*=utf-8''") {
			t.Errorf("%s: a %s that is no attachment: %q", what, kind, r.header.Get("Content-Disposition"))
		}
	}
}

// noMarkupOfOthers parses a page: nothing of it runs or looks by itself.
func noMarkupOfOthers(t *testing.T, what, body string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "style", "iframe", "object", "embed", "base":
			t.Errorf("%s has a <%s>", what, n.Data)
		case "script":
			if n.FirstChild != nil || !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "src" && strings.HasPrefix(a.Val, "/static/") }) {
				t.Errorf("%s has a script that is not ours", what)
			}
		}
		for _, a := range n.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			link := slices.Contains([]string{"href", "src", "action", "formaction", "xlink:href", "data"}, a.Key)
			switch {
			case a.Key == "style", strings.HasPrefix(a.Key, "on"), a.Key == "srcdoc":
				t.Errorf("%s: <%s %s=%q>", what, n.Data, a.Key, a.Val)
			case link && (strings.HasPrefix(value, "javascript:") || strings.HasPrefix(value, "data:") || strings.HasPrefix(value, "//")):
				t.Errorf("%s: <%s %s=%q>", what, n.Data, a.Key, a.Val)
			}
		}
	}
}

// TestHeadersOfEveryRoute asks every route of the table by every method, as
// nobody, as an operator, and as an administrator, and the API in the same way.
func TestHeadersOfEveryRoute(t *testing.T) {
	t.Parallel()
	in := openInside(t)
	open := in.cases()[0].id.String()
	paths := map[string]bool{
		"/": true, "/nowhere": true, "//nowhere": true, "/desk/../desk": true, "/api": true, "/api/": true, "/api/v1/nowhere": true, "/healthz": true, "/readyz": true,
		"/static/none.css": true, "/metrics": true, "/debug/pprof/": true, "/%2e%2e/etc/passwd": true, "/desk%00": true, "/desk?a=%zz;b": true, "/api/v1/openapi.json": true,
	}
	fill := func(path string) string {
		path = strings.ReplaceAll(strings.TrimSuffix(path, "{$}"), "{command}", "accept")
		return param.ReplaceAllString(path, open)
	}
	for _, r := range in.shell.Routes() {
		_, path, _ := strings.Cut(r.Pattern, " ")
		paths[fill(path)] = true
	}
	for _, o := range in.operations() {
		paths[fill(o.path)] = true
	}
	paths["/events?topic=case:"+open] = true
	page := in.visitor().get("/sign-in").body
	for _, at := range []string{`rel="stylesheet" href="`, `src="/static/`} {
		_, rest, _ := strings.Cut(page, at)
		address, _, _ := strings.Cut(rest, `"`)
		paths["/static/"+strings.TrimPrefix(address, "/static/")] = true
	}
	who := map[string]*insider{"nobody": in.visitor(), "operator": in.signIn("hotline"), "administrator": in.signIn("admin"), "program": in.program("hotline")}
	asked := 0
	for path := range paths {
		for name, b := range who {
			if strings.HasPrefix(path, "/api") != (name == "program") && name != "nobody" {
				continue
			}
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"} {
				if path == "/sign-out" && method == "POST" {
					continue // asked below
				}
				r := b.ask(method, path, "", "")
				what := name + ": " + method + " " + path
				if method == "HEAD" {
					r.header.Del("Content-Type") // its body is looked at with GET
				}
				safe(t, what, r)
				if method != "GET" && method != "HEAD" && method != "POST" && r.status < 400 && !strings.HasPrefix(path, "//") && r.status != 301 && r.status != 307 && r.status != 308 {
					t.Errorf("%s: %d", what, r.status)
				}
				if strings.HasPrefix(path, "/metrics") && r.status != 404 && r.status != 405 {
					t.Errorf("%s: %d on the public listener", what, r.status)
				}
				asked++
			}
		}
	}
	safe(t, "sign-out", who["operator"].form("/sign-out"))
	cross := who["administrator"].ask("POST", "/calendar/notice", "application/x-www-form-urlencoded", "a=b", "Sec-Fetch-Site", "cross-site")
	safe(t, "another site", cross)
	if cross.status != http.StatusForbidden {
		t.Errorf("a form of another site: %d", cross.status)
	}
	t.Logf("%d answers of %d addresses", asked, len(paths))
	if asked < 1000 {
		t.Errorf("only %d answers were looked at", asked)
	}
	odd(t, in)
}

// odd sends what no client library sends.
func odd(t *testing.T, in *inner) {
	t.Helper()
	at, err := url.Parse(in.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"OPTIONS * HTTP/1.1", "CONNECT x:1 HTTP/1.1", "GET http://elsewhere/desk HTTP/1.1", "BREW /desk HTTP/1.1"} {
		conn, err := net.Dial("tcp", at.Host)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, line+"\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if answer.StatusCode < 300 || answer.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %v", line, answer.StatusCode, answer.Header)
		}
		answer.Body.Close()
		conn.Close()
	}
}
