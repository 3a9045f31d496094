package casework_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"hearth/adapters/casework"
	"hearth/adapters/natsserver/natstest"
	"hearth/adapters/natsserver/rights"
	"hearth/adapters/policy"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
)

// yes is an authority that asks nobody, to see what asking costs.
type yes struct{ *policy.Set }

func (yes) Check(policy.Request) error { return nil }

// BenchmarkCommand stores notes on a case in JetStream, each on disk when it is
// acknowledged: one with the policies, one with an authority that says yes, in
// turns, so that the moods of the disk fall on both. The medians count.
func BenchmarkCommand(b *testing.B) {
	server := natstest.New(b, natstest.WithSync())
	js, err := jetstream.New(server.As(b, rights.Provisioner))
	if err != nil {
		b.Fatal(err)
	}
	if err := natsstore.Provision(b.Context(), js, natsstore.Config{}); err != nil {
		b.Fatal(err)
	}
	store, err := natsstore.Open(b.Context(), server.As(b, rights.Service), registry())
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	engine := eventstore.NewEngine(store, 1000)
	with := casework.New(engine, casework.Options{Now: clock})
	without := casework.New(engine, casework.Options{Now: clock, Authority: yes{policy.InForce()}})
	if err := with.FoundUnits(b.Context()); err != nil {
		b.Fatal(err)
	}
	out, err := with.Register(b.Context(), intake())
	if err != nil {
		b.Fatal(err)
	}
	var spent [2][]time.Duration
	note := func(i int, s *casework.Service) {
		begun := time.Now()
		r := request(domain.RoleOperator)
		r.CommandID = uuid.New()
		if _, err := s.Do(b.Context(), out.ID, &complaint.AddNote{Visibility: "internal", Text: "记录"}, r); err != nil {
			b.Fatal(err)
		}
		spent[i] = append(spent[i], time.Since(begun))
	}
	for b.Loop() {
		note(0, without)
		note(1, with)
	}
	var median [2]float64
	for i, all := range spent {
		slices.Sort(all)
		median[i] = float64(all[len(all)/2].Microseconds())
	}
	b.ReportMetric(median[0], "without-µs")
	b.ReportMetric(median[1], "with-µs")
	b.ReportMetric(median[1]/median[0], "ratio")
}
