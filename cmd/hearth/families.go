package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/api"
	"hearth/adapters/casework"
	"hearth/adapters/guard"
	"hearth/adapters/reactions"
	"hearth/adapters/web"
	complaintpages "hearth/adapters/web/complaints"
	orgpages "hearth/adapters/web/orgs"
	peoplepages "hearth/adapters/web/people"
	reactionpages "hearth/adapters/web/reactions"
	userpages "hearth/adapters/web/users"
	"hearth/domain/access"
	"hearth/domain/calendar"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/household"
	"hearth/domain/orgunit"
	"hearth/domain/person"
	"hearth/domain/series"
	"hearth/domain/user"
	"hearth/eventstore"
	"hearth/eventstore/vault"
	"hearth/projections"
	looks "hearth/projections/access"
	"hearth/projections/complaints"
	"hearth/projections/enterprises"
	"hearth/projections/orgs"
	"hearth/projections/people"
	"hearth/projections/search"
	"hearth/projections/timeline"
)

// registry knows the events of every family.
func registry() *eventstore.Registry {
	return eventstore.NewRegistry(complaint.Specs(), enterprise.Specs(), person.Specs(), household.Specs(), series.Specs(), calendar.Specs(), orgunit.Specs(), user.Specs(), access.Specs())
}

// models are the read models and their queries.
type models struct {
	catalogue   []titled
	complaints  complaints.Queries
	timeline    timeline.Queries
	people      people.Queries
	enterprises enterprises.Queries
	search      search.Queries
	looks       looks.Queries
}

// titled is a read model with its Chinese title.
type titled struct {
	title string
	model projections.Projection
}

// newModels makes every read model, in the order of the operations page. What is
// personal in them is sealed by the vault.
func newModels(pool *pgxpool.Pool, v *vault.Vault) models {
	return models{
		catalogue: []titled{
			{"案件", complaints.New(v)},
			{"全程留痕", timeline.New(v)},
			{"人员", people.New(v)},
			{"单位", enterprises.New()},
			{"搜索", search.New(v)},
			{"组织机构", orgs.New()},
			{"查阅记录", looks.New(v)},
		},
		complaints: complaints.Queries{DB: pool, Vault: v}, timeline: timeline.NewQueries(pool, v), people: people.NewQueries(pool, v),
		enterprises: enterprises.NewQueries(pool), search: search.NewQueries(pool, v), looks: looks.NewQueries(pool, v),
	}
}

func (m models) all() []projections.Projection {
	all := make([]projections.Projection, len(m.catalogue))
	for i, c := range m.catalogue {
		all[i] = c.model
	}
	return all
}

func (m models) has(name string) bool {
	for _, p := range m.all() {
		if p.Name() == name {
			return true
		}
	}
	return false
}

func (m models) names() string {
	var names []string
	for _, p := range m.all() {
		names = append(names, p.Name())
	}
	return strings.Join(names, "、")
}

func (m models) titles() map[string]string {
	titles := map[string]string{}
	for _, c := range m.catalogue {
		titles[c.model.Name()] = c.title
	}
	return titles
}

// deadlines is where the ticker learns what is due.
func (m models) deadlines() casework.Deadlines { return m.complaints }

// canTellDeadlines reports that the model behind deadlines has been built.
func (models) canTellDeadlines(all []projections.Status) bool {
	return slices.ContainsFunc(all, func(s projections.Status) bool { return s.Name == (*complaints.Model)(nil).Name() && s.Serving })
}

// runner writes the models of this process.
func (a *App) runner() *projections.Runner {
	return projections.New(a.pool, a.store, projections.Options{}, a.models.all()...)
}

// newReactions is what joins the families.
func (a *App) newReactions() *reactions.Runner {
	return reactions.New(a.pool, a.store, reactions.Options{}, reactions.Credit(a.casework, a.store), reactions.Erasure(a.vault))
}

// families is the pages of every kind of case. What imports files in the
// background ends with the App, before the stores that it writes to.
func (a *App) families() ([]web.Family, error) {
	imports, err := complaintpages.NewImports(a.casework, filepath.Join(a.cfg.State, "uploads"), time.Now, slog.Default())
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, func(context.Context) error { return imports.Close() })
	return []web.Family{
		complaintpages.New(complaintpages.Config{
			Casework: a.casework, Cases: a.models.complaints, Timeline: a.models.timeline, People: a.models.people,
			Enterprises: a.models.enterprises, Search: a.models.search, Accounts: a.accounts, Calls: a.calls, Imports: imports, Looks: a.models.looks,
		}),
		peoplepages.New(peoplepages.Config{
			Casework: a.casework, People: a.models.people, Cases: a.models.complaints, Timeline: a.models.timeline, Accounts: a.accounts,
		}),
		reactionpages.New(a.reactions),
		orgpages.New(a.casework),
		userpages.New(userpages.Config{Accounts: a.accounts, Timeline: a.models.timeline, Provider: a.identities.name()}),
	}, nil
}

// apiConfig is what the API needs.
func (a *App) apiConfig(monitor *projections.Monitor, origin guard.Origin, limits *guard.Limiter) api.Config {
	return api.Config{
		Accounts: a.accounts, Casework: a.casework, Cases: a.models.complaints, Timeline: a.models.timeline, People: a.models.people,
		Calls: a.calls, Wait: monitor.Wait, Position: monitor.Position, Access: a.access, Now: time.Now, Log: slog.Default(),
		Origin: origin, Limits: limits,
	}
}

// examineModels is the doctor's look at the read models.
func (a *App) examineModels(ctx context.Context) []finding {
	var found []finding
	for _, s := range projections.NewMonitor(a.pool, a.store, projections.Options{}, a.models.all()...).Status(ctx) {
		found = append(found, modelFinding(s))
	}
	return found
}
