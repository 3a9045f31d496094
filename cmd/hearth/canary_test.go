package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hearth/domain"
	"hearth/domain/access"
	"hearth/domain/complaint"
	"hearth/domain/domaintest"
	"hearth/domain/person"
	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// The words that are planted: canary in every personal field, control in one that
// is not, to see that a search finds what is there.
const (
	canary  = "kanarienvogel"
	control = "kontrollwort"
)

// planted is an event of a type whose personal fields hold canaries, each another
// one, and how many they are.
func planted(t *testing.T, spec domain.EventSpec) (domain.Event, int) {
	t.Helper()
	zero, err := spec.Decode(json.RawMessage("{}"), spec.Version)
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.New(reflect.TypeOf(zero)).Elem()
	domaintest.Fill(v, "")
	data, personal, err := spec.Extract(v.Interface().(domain.Event))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range personal {
		var values map[string]any
		if err := json.Unmarshal(p.JSON, &values); err != nil {
			t.Fatal(err)
		}
		for path, value := range values {
			values[path] = plant(value, fmt.Sprintf("%s 张三 %s/%s", canary, spec.Type, path), &n)
		}
		text, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		if data, err = domain.Restore(data, text); err != nil {
			t.Fatal(err)
		}
	}
	ev, err := spec.Decode(data, spec.Version)
	if err != nil {
		t.Fatal(err)
	}
	return ev, n
}

// plant puts a word into every text of a value.
func plant(value any, word string, n *int) any {
	switch value := value.(type) {
	case string:
		*n++
		return word
	case []any:
		for i, v := range value {
			value[i] = plant(v, fmt.Sprint(word, "/", i), n)
		}
		return value
	case map[string]any:
		for k, v := range value {
			value[k] = plant(v, word+"/"+k, n)
		}
		return value
	}
	panic(fmt.Sprintf("a personal field of type %T", value))
}

// draft is one commit of an event on a stream of its own.
func draft(family, kase string, ev domain.Event) eventstore.Change {
	meta := eventstore.Meta{CommandID: uuid.New(), By: domain.By{Actor: domain.Actor{ID: "u1"}, At: time.Now().UTC()}}
	return eventstore.Change{
		Stream: eventstore.StreamID{Family: family, Case: kase},
		Drafts: []eventstore.Draft{{ID: eventstore.EventID(meta.CommandID, 0), Event: ev, Meta: meta}},
	}
}

// filesWith are the files below a folder in which a word stands.
func filesWith(t *testing.T, dir, word string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(word)) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

type silent struct{ t *testing.T }

func (s silent) Line(format string, args ...any) { s.t.Logf(format, args...) }
func (silent) Progress(progress)                 {}
func (silent) File(string, []byte)               {}

// canaries counts how many of them can be read in a log.
func canaries(t *testing.T, app *App, visit func(eventstore.Recorded)) (n int) {
	t.Helper()
	for rec, err := range eventstore.After(t.Context(), app.store, 0) {
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(rec.Event)
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(text, []byte(canary))
		visit(rec)
	}
	return n
}

// TestNothingPersonalIsStored plants a word in every personal field of every type
// of event. It is nowhere on disk: not in the stream, the tiles, the archive nor
// anything else. When the keys are destroyed the whole log can still be read,
// nothing of it opens, and every proof made before holds.
func TestNothingPersonalIsStored(t *testing.T) {
	t.Parallel()
	state := newState(t)
	app, err := openApp(t.Context(), config{State: state, Replicas: 1, Prefix: "晋工诉"})
	if err != nil {
		t.Fatal(err)
	}
	closeApp := sync.OnceFunc(app.Close)
	defer closeApp()

	subjects, want := map[string]bool{}, 0
	for _, spec := range slices.Concat(complaint.Specs(), person.Specs(), access.Specs()) {
		if !spec.Seals() {
			continue
		}
		ev, n := planted(t, spec)
		family, _, _ := strings.Cut(spec.Type, ".")
		kase := uuid.NewString()
		subjects[kase] = true
		want += n
		if _, err := app.store.Append(t.Context(), draft(family, kase, ev)); err != nil {
			t.Fatal(err)
		}
	}
	if len(subjects) < 30 || want < 50 {
		t.Fatalf("only %d events with %d canaries", len(subjects), want)
	}
	if _, err := app.store.Append(t.Context(), draft(person.Family, uuid.NewString(), person.ConsentGiven{Purpose: control})); err != nil {
		t.Fatal(err)
	}
	verify := func(when string) {
		t.Helper()
		if err := auditVerify(t.Context(), app, struct{}{}, nil, silent{t}); err != nil {
			t.Errorf("%s: the copies do not agree: %v", when, err)
		}
	}
	verify("before")
	proofs, bodies := proofsOf(t, app)
	if got := canaries(t, app, func(eventstore.Recorded) {}); got != want {
		t.Errorf("%d canaries can be read, want %d", got, want)
	}

	if err := app.vault.Shred(t.Context(), slices.Collect(maps.Keys(subjects))...); err != nil {
		t.Fatal(err)
	}
	shredded := 0
	got := canaries(t, app, func(rec eventstore.Recorded) {
		if subjects[rec.Stream.Case] != (len(rec.Shredded) > 0) || rec.Event == nil {
			t.Errorf("%s: shredded %v, event %v", rec.Type, rec.Shredded, rec.Event)
		}
		shredded += len(rec.Shredded)
	})
	if got != 0 || shredded < len(subjects) {
		t.Errorf("after the keys were destroyed %d canaries can be read, %d classes are gone", got, shredded)
	}
	for i, text := range proofs {
		p, err := notary.OpenInclusion(text, app.keeper.Key().Verifier())
		if err == nil {
			err = p.Proves(bodies[i])
		}
		if err != nil {
			t.Errorf("proof %d: %v", i, err)
		}
	}
	verify("after")

	closeApp()
	if found := filesWith(t, state, canary); len(found) > 0 {
		t.Errorf("personal data on disk: %v", found)
	}
	stream, database := filesWith(t, config{State: state}.natsDir(), control), filesWith(t, filepath.Join(state, "postgres"), control)
	if len(stream) == 0 || len(database) == 0 {
		t.Errorf("what is not personal was found in %v and %v: the search finds nothing at all", stream, database)
	}
}

// proofsOf makes a proof for each message, and gives the bodies.
func proofsOf(t *testing.T, app *App) (proofs, bodies [][]byte) {
	t.Helper()
	c, err := app.keeper.Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = eventstore.ReadMessages(t.Context(), app.store, 0, eventstore.Position(c.Size), func(page []eventstore.Message) error {
		for _, m := range page {
			p, err := app.keeper.Dir().Prove(notary.LeafOf(m), c)
			if err != nil {
				return err
			}
			proofs, bodies = append(proofs, p.Marshal()), append(bodies, bytes.Clone(m.Body))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return proofs, bodies
}

// The service does to the keys what was approved, and says how many there are; a
// second start without the passphrase is refused.
func TestVaultCommands(t *testing.T) {
	t.Parallel()
	state := newState(t)
	env := []string{"HEARTH_STATE=" + state}
	s := start(t, state).untilReady()
	caller(t, s).register("before-the-rotation")
	if r := hearth(t, env, "vault", "status"); r.code != 0 || !strings.Contains(r.out, "第 1 期密钥") || !strings.Contains(r.out, "vault/passphrase") {
		t.Errorf("status: %+v", r)
	}
	if r := hearth(t, env, "vault", "rotate"); r.code != 0 || !strings.Contains(r.out, "已换用第 2 期密钥") {
		t.Errorf("rotate: %+v", r)
	}
	caller(t, s).register("after-the-rotation")
	s.stop()
	if r := hearth(t, env, "vault", "status"); r.code != 0 || !strings.Contains(r.out, "第 2 期密钥") {
		t.Errorf("status without a service: %+v", r)
	}
	file := config{State: state}.passphraseFile()
	moved := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(file, moved); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, hearth(t, env, "vault", "status"), "找不到保险库口令文件")
	env = append(env, "HEARTH_VAULT_PASSPHRASE_FILE="+moved)
	if r := hearth(t, env, "vault", "status"); r.code != 0 {
		t.Errorf("with the passphrase elsewhere: %+v", r)
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("a passphrase of somebody else"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, hearth(t, append(env, "HEARTH_VAULT_PASSPHRASE_FILE="+other), "vault", "status"), "口令与数据库里的密钥不符")
}
