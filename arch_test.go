// Package hearth_test holds the rules about the whole tree: who may import
// what, that the domain is pure, and that names carry their Chinese terms.
package hearth_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed says what a package may import besides the standard library; the
// first row that matches counts. A row ending in /... covers the folder below.
// "…" in a target means any path below.
var allowed = []struct {
	pkg     string
	imports []string
}{
	{"domain", nil},
	{"domain/calendar", []string{"hearth/domain"}},
	{"domain/process/...", []string{"hearth/domain/..."}},
	{"domain/...", []string{"hearth/domain", "hearth/domain/calendar", uuidLib}},
	{"eventstore", []string{"hearth/domain", uuidLib, lruLib, jsonLib}},
	{"eventstore/natsstore", []string{"hearth/eventstore", "hearth/domain", uuidLib, natsLib, nuidLib, lruLib}},
	{"eventstore/memstore", []string{"hearth/eventstore", "hearth/domain", uuidLib}},
	{"eventstore/storetest", []string{"hearth/eventstore/...", "hearth/domain", uuidLib}},
	{"eventstore/notary", []string{"hearth/eventstore", tlogLib, syncLib}},
	{"eventstore/notary/witness", []string{"hearth/eventstore/notary", "hearth/adapters/dirlock", tlogLib}},                                             // its folder is locked as all state is
	{"eventstore/vault", []string{"hearth/eventstore", "hearth/domain", "hearth/domain/person", "hearth/adapters/postgres", lruLib, pgxLib, argon2Lib}}, // person: how numbers are written in one form
	{"projections", []string{"hearth/domain", "hearth/eventstore", "hearth/projections/text", "hearth/adapters/postgres", uuidLib, pgxLib}},
	{"projections/projtest", []string{"hearth/domain/...", "hearth/eventstore", "hearth/eventstore/vault", "hearth/projections", "hearth/adapters/localpg/pgtest", uuidLib, pgxLib}},
	{"projections/text", []string{textLib, pinyinLib}},
	{"projections/archive", []string{"hearth/domain", "hearth/eventstore", "hearth/eventstore/notary", "hearth/projections", "hearth/adapters/postgres", tlogLib, pgxLib}},
	{"projections/people", []string{"hearth/domain/...", "hearth/eventstore", "hearth/eventstore/vault", "hearth/projections", "hearth/projections/text", uuidLib, pgxLib}}, // vault: kinds of blind indexes
	{"projections/...", []string{"hearth/domain/...", "hearth/eventstore", "hearth/projections", "hearth/projections/text", uuidLib, pgxLib, pinyinLib, textLib}},
	{"adapters/postgres", []string{"hearth/domain", pgxLib, gooseLib}},
	{"adapters/dirlock", nil},
	{"adapters/localpg", []string{"hearth/adapters/dirlock", pgxLib, sysLib}},
	{"adapters/localpg/pgtest", []string{"hearth/adapters/localpg", "hearth/adapters/postgres", "hearth/adapters/dirlock", "hearth/eventstore/vault", "hearth/projections/archive", pgxLib}},
	{"adapters/natsserver", []string{"hearth/adapters/dirlock", "hearth/adapters/natsserver/rights", natsServerLib, natsLib, nkeysLib}},
	{"adapters/natsserver/rights", nil},
	{"adapters/natsserver/natstest", []string{"hearth/adapters/natsserver/...", natsServerLib, natsLib, nkeysLib}},
	{"adapters/natsserver/blocks", []string{highwayLib}},
	{"adapters/accounts", []string{"hearth/domain/...", "hearth/eventstore", "hearth/adapters/policy", "hearth/adapters/ticket", "hearth/adapters/totp", uuidLib, pgxLib, argonLib}},
	{"adapters/ticket", nil},
	{"adapters/calls", []string{"hearth/adapters/ticket", pgxLib}},
	{"adapters/policy", []string{"hearth/domain/...", uuidLib, cedarLib}},
	{"adapters/casework", []string{"hearth/domain/...", "hearth/eventstore", "hearth/adapters/policy", uuidLib}},
	{"adapters/access", []string{"hearth/domain", "hearth/domain/access", "hearth/eventstore", uuidLib}},
	{"adapters/reactions", []string{"hearth/domain/...", "hearth/eventstore", "hearth/adapters/casework", "hearth/adapters/postgres", uuidLib, pgxLib, watermillLib}},
	{"adapters/repair", []string{"hearth/adapters/natsserver/blocks", "hearth/eventstore", "hearth/eventstore/notary", tlogLib}},
	{"adapters/sealing", []string{"hearth/eventstore", "hearth/eventstore/notary", pgxLib}},
	{"adapters/qrcode", []string{qrLib}},
	{"adapters/totp", []string{otpLib}},
	{"adapters/oidc", []string{"hearth/domain", oidcLib, oauthLib}},
	{"adapters/oidc/oidctest", []string{providerLib, joseLib, languageLib}},
	{"adapters/sheet", []string{"hearth/domain", excelLib, textLib}},
	{"adapters/importer", []string{"hearth/domain/...", "hearth/adapters/casework", "hearth/adapters/sheet", "hearth/eventstore", uuidLib}},
	{"adapters/backup", []string{"hearth/adapters/dirlock", "hearth/adapters/postgres", "hearth/domain", "hearth/eventstore", "hearth/eventstore/notary", pgxLib, zstdLib, tlogLib, syncLib, sysLib}},
	{"adapters/findings", []string{"hearth/domain/...", "hearth/eventstore", "hearth/projections/...", "hearth/adapters/accounts", uuidLib}},
	{"adapters/guard", []string{lruLib, rateLib}},
	{"adapters/web/chart", nil},
	{"adapters/web/browsertest", []string{chromeLib}},
	{"adapters/web", []string{"hearth/domain/...", "hearth/eventstore", "hearth/projections", "hearth/adapters/access", "hearth/adapters/accounts", "hearth/adapters/guard", "hearth/adapters/oidc", "hearth/adapters/qrcode", "hearth/adapters/totp", "hearth/adapters/web/chart", uuidLib, scsLib, pgxLib}},
	{"adapters/web/users", []string{"hearth/domain/...", "hearth/eventstore", "hearth/projections/timeline", "hearth/adapters/accounts", "hearth/adapters/totp", "hearth/adapters/web", uuidLib}},
	{"adapters/web/reactions", []string{"hearth/domain", "hearth/adapters/reactions", "hearth/adapters/web", uuidLib}},
	{"adapters/web/orgs", []string{"hearth/domain/...", "hearth/eventstore", "hearth/adapters/casework", "hearth/adapters/web", uuidLib}},
	{"adapters/web/...", []string{"hearth/domain/...", "hearth/eventstore", "hearth/projections/...", "hearth/adapters/accounts", "hearth/adapters/calls", "hearth/adapters/casework", "hearth/adapters/findings", "hearth/adapters/guard", "hearth/adapters/importer", "hearth/adapters/sheet", "hearth/adapters/web", "hearth/adapters/web/chart", uuidLib}},
	{"adapters/api", []string{"hearth/domain/...", "hearth/eventstore", "hearth/projections/...", "hearth/adapters/access", "hearth/adapters/accounts", "hearth/adapters/casework", "hearth/adapters/findings", "hearth/adapters/guard", uuidLib, humaLib}},
	{"cmd/...", []string{"*"}},
	{"bench/...", []string{"*"}},
}

// The libraries, each confined to the packages of the table.
const (
	uuidLib       = "github.com/google/uuid"
	lruLib        = "github.com/hashicorp/golang-lru/v2"
	jsonLib       = "github.com/go-json-experiment/json/..."
	natsLib       = "github.com/nats-io/nats.go/..."
	nuidLib       = "github.com/nats-io/nuid"
	nkeysLib      = "github.com/nats-io/nkeys"
	natsServerLib = "github.com/nats-io/nats-server/v2/..."
	highwayLib    = "github.com/minio/highwayhash"
	pgxLib        = "github.com/jackc/pgx/v5/..."
	watermillLib  = "github.com/ThreeDotsLabs/watermill/..."
	gooseLib      = "github.com/pressly/goose/v3/..."
	argonLib      = "github.com/alexedwards/argon2id"
	argon2Lib     = "golang.org/x/crypto/argon2"
	scsLib        = "github.com/alexedwards/scs/..."
	excelLib      = "github.com/xuri/excelize/v2"
	textLib       = "golang.org/x/text/..."
	sysLib        = "golang.org/x/sys/..."
	tlogLib       = "golang.org/x/mod/sumdb/..."
	syncLib       = "golang.org/x/sync/..."
	pinyinLib     = "github.com/mozillazg/go-pinyin"
	chromeLib     = "github.com/chromedp/..."
	qrLib         = "rsc.io/qr"
	otpLib        = "github.com/pquerna/otp/..."
	oidcLib       = "github.com/coreos/go-oidc/v3/oidc"
	oauthLib      = "golang.org/x/oauth2"
	providerLib   = "github.com/zitadel/oidc/v3/..." // in tests alone
	joseLib       = "github.com/go-jose/go-jose/v4"
	languageLib   = "golang.org/x/text/language"
	zstdLib       = "github.com/klauspost/compress/zstd"
	cedarLib      = "github.com/cedar-policy/cedar-go"
	rateLib       = "golang.org/x/time/rate"
	humaLib       = "github.com/danielgtaylor/huma/v2/..."
)

// testLibs are what the support of tests may import in any package.
var testLibs = []string{"github.com/google/go-cmp/...", "go.uber.org/goleak", "hearth/domain"}

// impure are the parts of the standard library that a domain package must not see.
var impure = []string{"os", "io", "net", "context", "log", "sync", "math/rand", "database", "runtime", "embed", "crypto/rand", "plugin", "syscall"}

type goFile struct {
	path string // from the root, with slashes
	pkg  string // its folder
	test bool
	ast  *ast.File
}

// support reports whether the file's package helps tests and is not a test itself.
func (f goFile) support() bool { return testSupport.MatchString("hearth/" + f.pkg) }

func sources(t *testing.T) (*token.FileSet, []goFile) {
	t.Helper()
	fset := token.NewFileSet()
	var files []goFile
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && p != "." && (strings.HasPrefix(name, ".") || slices.Contains([]string{"tools", "state", "bin", "testdata", "node_modules"}, name)) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		slash := filepath.ToSlash(p)
		files = append(files, goFile{path: slash, pkg: path.Dir(slash), test: strings.HasSuffix(name, "_test.go"), ast: f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fset, files
}

func matches(pattern, pkg string) bool {
	if pattern == "*" {
		return true
	}
	if prefix, deep := strings.CutSuffix(pattern, "/..."); deep {
		return pkg == prefix || strings.HasPrefix(pkg, prefix+"/")
	}
	return pattern == pkg
}

func isStandard(imp string) bool {
	return !strings.Contains(strings.Split(imp, "/")[0], ".") && !strings.HasPrefix(imp, "hearth")
}

// testSupport packages help tests and are imported by nothing else.
var testSupport = regexp.MustCompile(`^hearth/.*(test)$`)

func TestImports(t *testing.T) {
	t.Parallel()
	_, files := sources(t)
	for _, f := range files {
		if f.test || f.pkg == "." {
			continue
		}
		own := testLibs
		if !f.support() {
			own = nil
		}
		i := slices.IndexFunc(allowed, func(row struct {
			pkg     string
			imports []string
		},
		) bool {
			return matches(row.pkg, f.pkg)
		})
		if i < 0 {
			t.Errorf("%s: package %s has no row in the import table", f.path, f.pkg)
			continue
		}
		for _, spec := range f.ast.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			if isStandard(imp) {
				continue
			}
			// The rigs of bench are tests that are programs.
			if testSupport.MatchString(imp) && !f.support() && !matches("bench/...", f.pkg) {
				t.Errorf("%s imports %s, which is for tests only", f.path, imp)
			}
			if imp != "hearth/"+f.pkg && !slices.ContainsFunc(slices.Concat(allowed[i].imports, own), func(p string) bool { return matches(p, imp) }) {
				t.Errorf("%s: %s may not import %s", f.path, f.pkg, imp)
			}
		}
	}
}

func TestFamiliesAreApart(t *testing.T) {
	t.Parallel()
	_, files := sources(t)
	shared := []string{"hearth/domain", "hearth/domain/calendar"}
	for _, f := range files {
		if f.test || !strings.HasPrefix(f.pkg, "domain/") || strings.HasPrefix(f.pkg, "domain/process/") {
			continue
		}
		for _, spec := range f.ast.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			if strings.HasPrefix(imp, "hearth/") && !slices.Contains(shared, imp) {
				t.Errorf("%s: family %s imports %s", f.path, f.pkg, imp)
			}
		}
	}
}

func TestDomainIsPure(t *testing.T) {
	t.Parallel()
	fset, files := sources(t)
	for _, f := range files {
		if f.test || f.support() || (f.pkg != "domain" && !strings.HasPrefix(f.pkg, "domain/")) {
			continue
		}
		for _, spec := range f.ast.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			for _, bad := range impure {
				if matches(bad+"/...", imp) {
					t.Errorf("%s: domain imports %s", f.path, imp)
				}
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			if ok && (pkg.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "LoadLocation"}, sel.Sel.Name) ||
				pkg.Name == "uuid" && strings.HasPrefix(sel.Sel.Name, "New") && !strings.HasPrefix(sel.Sel.Name, "NewSHA1")) {
				t.Errorf("%s: %s.%s in the domain; times and ids come in commands", fset.Position(n.Pos()), pkg.Name, sel.Sel.Name)
			}
			return true
		})
	}
}

func TestPackagesAreDescribed(t *testing.T) {
	t.Parallel()
	_, files := sources(t)
	described := map[string]bool{}
	for _, f := range files {
		if !f.test && f.pkg != "." {
			described[f.pkg] = described[f.pkg] || f.ast.Doc != nil
		}
	}
	for pkg, ok := range described {
		if !ok {
			t.Errorf("package %s has no package comment", pkg)
		}
	}
}

func TestNoPackageForEverything(t *testing.T) {
	t.Parallel()
	_, files := sources(t)
	for _, f := range files {
		if base := path.Base(f.pkg); slices.Contains([]string{"util", "utils", "common", "models", "types", "helpers", "misc"}, base) {
			t.Errorf("%s: a package is named for what it gives, not %q", f.path, base)
		}
	}
}
