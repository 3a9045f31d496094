package importer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/casework"
	"hearth/adapters/importer"
	"hearth/adapters/natsserver/natstest"
	"hearth/domain/complaint"
	"hearth/eventstore"
	"hearth/eventstore/memstore"
	"hearth/eventstore/natsstore"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	var csv strings.Builder
	csv.WriteString("编号,内容\n")
	for i := range 450 {
		fmt.Fprintf(&csv, "%d,厂里拖欠工资\n", i)
	}
	csv.WriteString(",没有编号\n")
	var got []importer.Progress
	f := open(t, csv.String(), options())
	if _, err := f.Run(t.Context(), setup(t), dispatcher, func(p importer.Progress) { got = append(got, p) }); err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if got[i].PerSecond <= 0 {
			t.Errorf("no rate: %+v", got[i])
		}
		got[i].PerSecond, got[i].Remaining = 0, 0
	}
	want := []importer.Progress{{Done: 200, Total: 451, Stored: 200}, {Done: 400, Total: 451, Stored: 400}, {Done: 451, Total: 451, Stored: 450, Bad: 1}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// flaky is a registrar whose calls fail in pairs: with and without the append.
type flaky struct {
	bundle
	calls int
	fail  func(call int) (apply bool, err error)
}

func (f *flaky) RegisterMany(ctx context.Context, ins []casework.Intake) ([]casework.Outcome, error) {
	f.calls++
	apply, failure := f.fail(f.calls)
	if failure == nil {
		return f.bundle.RegisterMany(ctx, ins)
	}
	if apply {
		if _, err := f.bundle.RegisterMany(ctx, ins); err != nil {
			return nil, err
		}
	}
	return nil, failure
}

func rowsOf(n int) string {
	var csv strings.Builder
	csv.WriteString("编号,内容\n")
	for i := range n {
		fmt.Fprintf(&csv, "%d,厂里拖欠第%d批工人的工资\n", i, i)
	}
	return csv.String()
}

func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for name, apply := range map[string]bool{"FailButPersist": true, "FailAndNotPersist": false} {
		for _, failure := range []error{eventstore.ErrUnknown, eventstore.ErrConflict} {
			t.Run(name+" "+failure.Error(), func(t *testing.T) {
				t.Parallel()
				b := &flaky{bundle: setup(t), fail: func(call int) (bool, error) {
					if call%2 == 1 {
						return apply, failure
					}
					return false, nil
				}}
				report := run(t, open(t, rowsOf(500), options()), b)
				if len(report.Bad) != 0 || report.Stored+report.Existed != 500 {
					t.Errorf("report: %+v", report)
				}
				if n := b.events(t)["complaint.registered"]; n != 500 {
					t.Errorf("%d complaints", n)
				}
			})
		}
	}
}

func TestTooLargeChunksAreHalved(t *testing.T) {
	t.Parallel()
	b := &flaky{bundle: setup(t)}
	b.fail = func(int) (bool, error) { return false, nil }
	small := registrar(func(ctx context.Context, ins []casework.Intake) ([]casework.Outcome, error) {
		if len(ins) > 60 {
			return nil, fmt.Errorf("append: %w", eventstore.ErrTooLarge)
		}
		return b.RegisterMany(ctx, ins)
	})
	if d := cmp.Diff(importer.Report{Total: 300, Stored: 300}, run(t, open(t, rowsOf(300), options()), small)); d != "" {
		t.Error(d)
	}
}

type registrar func(context.Context, []casework.Intake) ([]casework.Outcome, error)

func (f registrar) RegisterMany(ctx context.Context, ins []casework.Intake) ([]casework.Outcome, error) {
	return f(ctx, ins)
}

func TestKilledAndResumed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, kill := context.WithCancel(t.Context())
	_, err := open(t, rowsOf(1000), options()).Run(ctx, b, dispatcher, func(p importer.Progress) {
		if p.Done == 400 {
			kill()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("killed run: %v", err)
	}
	if d := cmp.Diff(importer.Report{Total: 1000, Stored: 600, Existed: 400}, run(t, open(t, rowsOf(1000), options()), b)); d != "" {
		t.Error(d)
	}
	assertNumbers(t, b, 1000)
}

// assertNumbers checks that every case has its own number and none is missing.
func assertNumbers(t testing.TB, b bundle, n int) {
	t.Helper()
	var numbers []string
	for rec, err := range eventstore.After(t.Context(), b.engine.Store(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if ev, ok := rec.Event.(complaint.Registered); ok {
			numbers = append(numbers, ev.No)
		}
	}
	slices.Sort(numbers)
	if len(numbers) != n || len(slices.Compact(numbers)) != n {
		t.Errorf("%d complaints, %d numbers, want %d", len(numbers), len(slices.Compact(numbers)), n)
	}
	if taken := b.events(t)["series.number_taken"]; taken != n {
		t.Errorf("%d numbers taken for %d complaints", taken, n)
	}
}

// natsStore is a store on a NATS server of its own.
func natsStore(t testing.TB) eventstore.Store {
	t.Helper()
	nc := natstest.Start(t)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := natsstore.Provision(t.Context(), js, natsstore.Config{}); err != nil {
		t.Fatal(err)
	}
	s, err := natsstore.Open(t.Context(), nc, registry())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestTwoImportsAtOnce(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) eventstore.Store{
		"memory": func(testing.TB) eventstore.Store { return memstore.New(registry()) },
		"nats":   natsStore,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			twoImports(t, open(t))
		})
	}
}

func twoImports(t *testing.T, store eventstore.Store) {
	csv := rowsOf(1000)
	type result struct {
		report importer.Report
		err    error
	}
	results := make(chan result, 2)
	for range 2 {
		b := over(store)
		f := open(t, csv, options())
		go func() {
			r, err := f.Run(t.Context(), b, dispatcher, nil)
			results <- result{r, err}
		}()
	}
	stored := 0
	for range 2 {
		r := <-results
		if r.err != nil || len(r.report.Bad) != 0 || r.report.Stored+r.report.Existed != 1000 {
			t.Errorf("import: %+v, %v", r.report, r.err)
		}
		stored += r.report.Stored
	}
	if stored < 1000 {
		t.Errorf("stored %d", stored)
	}
	assertNumbers(t, over(store), 1000)
}

// collector stores nothing and remembers what it was asked to store.
type collector struct{ intakes []casework.Intake }

func (c *collector) RegisterMany(_ context.Context, ins []casework.Intake) ([]casework.Outcome, error) {
	c.intakes = append(c.intakes, ins...)
	return make([]casework.Outcome, len(ins)), nil
}
