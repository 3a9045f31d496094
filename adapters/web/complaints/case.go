package complaints

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/projections/complaints"
	"hearth/projections/timeline"
)

func (p *pages) caseRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /complaints/{id}", Handler: p.showCase, Roles: staff, Models: caseModels},
	}
}

// casePage is a case: what it is, what may be done now, and one view of it.
type casePage struct {
	web.Page
	Row     complaints.Row
	Facts   []web.Fact
	Open    []actionGroup
	NotNow  []complaint.Action
	Tabs    []web.Tab
	View    string
	Moments []web.Moment
	Tracks  []web.Tab
	Ledger  []ledgerLine
	Totals  complaint.Totals
	Clocks  []clockLine
	Work    workView
	Calls   []callLine
	Hints   []complaints.Hint
	Names   names
	MayKnow bool
	Older   int    // entries of the timeline that stand in the file only
	Summary string // as the reader may see it
	Basis   string // of the next time limit
}

// PhaseBadge is the phase as a word in a box.
func (c *casePage) PhaseBadge() web.Badge {
	return web.Badge{Text: c.Row.Phase.Label(), Tone: phaseTone(c.Row.Phase)}
}

// actionGroup is what may be done now on one subject.
type actionGroup struct {
	Label   string
	Actions []complaint.Action
}

const (
	viewTimeline = "timeline"
	viewLedger   = "ledger"
	viewClocks   = "clocks"
	viewWork     = "work"
	viewCalls    = "calls"
	viewHints    = "hints"
)

func (p *pages) showCase(q *web.Request) error {
	row, err := p.find(q)
	if err != nil {
		return err
	}
	state, rules, _, err := p.Casework.Case(q.Context(), row.ID)
	if err != nil {
		return err
	}
	view := q.URL.Query().Get("view")
	if view == "" {
		view = viewTimeline
	}
	c := &casePage{Page: q.Page(row.No, web.Crumb{Label: "案件", Href: "/complaints"}), Row: row, View: view, MayKnow: mayKnow(q.User)}
	if c.Open, c.NotNow, err = p.openActions(q, c.Row.ID, state, rules); err != nil {
		return err
	}
	if err := p.fillView(q, c, state); err != nil {
		return err
	}
	c.Facts, c.Summary = caseFacts(row, c.Names), c.Names.veil(row.Summary)
	c.Basis = basisOf(row.NextClock, row.TimeClass, rules)
	c.Tabs = c.views()
	return q.Render("complaints/case", c)
}

func (p *pages) fillView(q *web.Request, c *casePage, state complaint.State) (err error) {
	v, id := p.viewer(q), c.Row.ID
	mentions := timeline.Mentions{
		Users:       []string{c.Row.Handler, c.Row.CoHandler, c.Row.FirstReceiver},
		Enterprises: []string{c.Row.EnterpriseID.String()},
	}
	persons := []uuid.UUID{c.Row.Reporter}
	switch c.View {
	case viewLedger:
		c.Totals = state.Totals()
		return p.fillLedger(q, c, mentions)
	case viewClocks:
		clocks, err := p.Cases.Clocks(q.Context(), v, id)
		if err != nil {
			return err
		}
		c.Clocks = clockLines(clocks)
	case viewWork:
		if c.Work, err = p.workView(q, state, id, &mentions); err != nil {
			return err
		}
	case viewCalls:
		if c.Calls, err = p.callLines(q, id, &mentions, &persons); err != nil {
			return err
		}
	case viewHints:
		if c.Hints, err = p.Cases.Hinted(q.Context(), v, id); err != nil {
			return err
		}
	default:
		c.View = viewTimeline
		return p.fillTimeline(q, c, mentions)
	}
	c.Names, err = p.names(q.Context(), c.MayKnow, mentions, persons...)
	return err
}

// timelineLimit is how many entries a case page shows; the file has all.
const timelineLimit = 500

func (p *pages) fillTimeline(q *web.Request, c *casePage, m timeline.Mentions) error {
	track := timeline.Track(q.URL.Query().Get("track"))
	if track != "" && !timeline.Tracks().Has(track) {
		return web.ErrNotFound
	}
	entries, err := p.entries(q, c.Row, track)
	if err != nil {
		return err
	}
	tallies, err := p.Timeline.Tallies(q.Context(), casework.CaseStream(c.Row.ID))
	if err != nil {
		return err
	}
	if c.Older = max(0, len(entries)-timelineLimit); c.Older > 0 {
		entries = entries[c.Older:]
	}
	found := timeline.Mentioned(entries)
	m.Users = append(m.Users, found.Users...)
	m.Enterprises = append(m.Enterprises, found.Enterprises...)
	m.Persons = append(m.Persons, found.Persons...)
	if c.Names, err = p.names(q.Context(), c.MayKnow, m, c.Row.Reporter); err != nil {
		return err
	}
	c.Moments = moments(entries, c.Names)
	slices.Reverse(c.Moments) // the newest first
	base := caseAddress(c.Row.ID)
	total := 0
	for _, t := range tallies {
		total += t.N
		c.Tracks = append(c.Tracks, web.Tab{Label: t.Track.Label(), Href: base + "?track=" + string(t.Track), Count: t.N, Current: t.Track == track})
	}
	c.Tracks = append([]web.Tab{{Label: "全部", Href: base, Count: total, Current: track == ""}}, c.Tracks...)
	return nil
}

// moments is entries as the timeline part shows them.
func moments(entries []timeline.Entry, n names) []web.Moment {
	list := make([]web.Moment, len(entries))
	for i, e := range entries {
		who := n.User(e.Actor)
		if e.Behalf != "" {
			who += " 代 " + n.User(e.Behalf)
		}
		who += "(" + e.Role.Label() + "," + n.units.Short(e.Org) + ")"
		m := web.Moment{ID: fmt.Sprintf("e%d", e.Version), At: e.OccurredAt, Text: timeline.Expand(e.Sentence, n), Who: who, Tone: trackTone(e)}
		if e.Late() {
			m.Recorded, m.Late = e.RecordedAt, e.LateReason
		}
		if e.Detail != "" && n.open {
			m.Details = append(m.Details, web.Fact{Key: "内容", Value: e.Detail})
		}
		list[i] = m
	}
	return list
}

func trackTone(e timeline.Entry) string {
	switch e.Type {
	case complaint.ClockBreached{}.EventType(), complaint.RiskRaised{}.EventType(), complaint.Escalated{}.EventType(), complaint.CrimeHintRaised{}.EventType():
		return "bad"
	case complaint.Closed{}.EventType(), complaint.PaymentRecorded{}.EventType(), complaint.Archived{}.EventType():
		return "good"
	case complaint.DispatchReturned{}.EventType(), complaint.ClosureReturned{}.EventType(), complaint.SupplementRequested{}.EventType():
		return "warn"
	}
	return ""
}

func (c *casePage) views() []web.Tab {
	base := caseAddress(c.Row.ID)
	tab := func(view, label string, count int) web.Tab {
		href := base + "?view=" + view
		if view == viewTimeline {
			href = base
		}
		return web.Tab{Label: label, Href: href, Count: count, Current: c.View == view}
	}
	tabs := []web.Tab{
		tab(viewTimeline, "全程留痕", int(c.Row.Version)), tab(viewLedger, "诉求人台账", c.Row.Claimants), tab(viewClocks, "时限", -1),
		tab(viewWork, "责任与清偿", -1), tab(viewCalls, "回访", c.Row.Called),
	}
	if c.Row.Hints > 0 || c.View == viewHints {
		tabs = append(tabs, tab(viewHints, "疑似重复", c.Row.Hints))
	}
	return tabs
}

// openActions is what the user may do now in any of the user's roles, by
// subject, and why the rest is not open. What the user's roles never do is left
// out.
func (p *pages) openActions(q *web.Request, id uuid.UUID, s complaint.State, r complaint.Rules) (groups []actionGroup, closed []complaint.Action, err error) {
	best := map[string]complaint.Action{}
	for _, actor := range actors(q) {
		actions, err := p.Casework.Available(q.Context(), id, s, actor, r, q.Now())
		if err != nil {
			return nil, nil, err
		}
		for _, a := range actions {
			if old, seen := best[a.Name]; !seen || (a.Allowed && !old.Allowed) || old.Code == "role_not_allowed" {
				best[a.Name] = a
			}
		}
	}
	for _, g := range complaint.Groups().All() {
		group := actionGroup{Label: g.Label()}
		for _, spec := range complaint.Commands() {
			a := best[spec.Name]
			switch {
			case a.Group != g || g == complaint.GroupSystem || hidden[spec.Name] || a.Code == "role_not_allowed":
			case a.Allowed:
				group.Actions = append(group.Actions, a)
			default:
				closed = append(closed, a)
			}
		}
		if len(group.Actions) > 0 {
			groups = append(groups, group)
		}
	}
	return groups, closed, nil
}

// hidden are commands that another page issues.
var hidden = map[string]bool{"register": true, "take_over": true, "import_claimants": true, "add_attachment": true}

func caseFacts(r complaints.Row, n names) []web.Fact {
	employer := web.Fact{Key: "被反映单位", Value: r.Employer}
	if r.EnterpriseID != uuid.Nil {
		employer = web.Fact{Key: "被反映单位", Value: n.Enterprise(r.EnterpriseID.String()), Href: "/enterprises/" + r.EnterpriseID.String()}
	}
	reporter := "匿名"
	if !r.Anonymous && r.Reporter != uuid.Nil {
		reporter = strings.TrimSpace(n.personName(r.Reporter) + " " + n.phone(r.Reporter))
	}
	facts := []web.Fact{
		employer,
		{Key: "诉求类别", Value: r.Category.Label()},
		{Key: "反映人", Value: reporter},
		{Key: "人数", Value: fmt.Sprintf("%d人", r.Persons), Note: paidNote(r)},
		{Key: "金额", Value: "主张 " + r.ClaimedFen.String() + " 元", Note: "核定 " + r.VerifiedFen.String() + " 元,到账 " + r.PaidFen.String() + " 元"},
		{Key: "地区", Value: n.Org(r.Area)},
		{Key: "来源", Value: r.Channel.Label(), Note: r.ExternalNo},
		{Key: "登记", Value: web.FormatTime(r.RegisteredAt), Note: "首问 " + n.User(r.FirstReceiver)},
	}
	if r.HandlingOrg != "" {
		facts = append(facts, web.Fact{Key: "承办", Value: n.Org(r.HandlingOrg), Note: handlerNote(r, n)})
	}
	if r.OwedFrom != (domain.Date{}) {
		facts = append(facts, web.Fact{Key: "欠薪期间", Value: r.OwedFrom.String() + " 至 " + r.OwedTo.String()})
	}
	for _, l := range []struct {
		key   string
		until domain.Date
		basis string
	}{{"劳动监察时效", r.InspectionUntil, "劳动保障监察条例第20条"}, {"仲裁时效", r.ArbitrationUntil, "劳动争议调解仲裁法第27条"}} {
		if !l.until.IsZero() {
			facts = append(facts, web.Fact{Key: l.key, Value: "至 " + l.until.String(), Note: l.basis})
		}
	}
	if r.Conclusion != "" {
		facts = append(facts, web.Fact{Key: "办理结论", Value: r.Conclusion.Label()})
	}
	if r.MergedInto != "" {
		facts = append(facts, web.Fact{Key: "已并入", Value: r.MergedInto})
	}
	return facts
}

func paidNote(r complaints.Row) string {
	if r.Claimants == 0 {
		return "尚未建立台账"
	}
	return fmt.Sprintf("台账%d人,已清偿%d人", r.Claimants, r.PersonsPaid)
}

func handlerNote(r complaints.Row, n names) string {
	switch {
	case r.Handler == "":
		return "尚未指派经办人"
	case r.CoHandler == "":
		return "经办 " + n.User(r.Handler)
	}
	return "经办 " + n.User(r.Handler) + ",协办 " + n.User(r.CoHandler)
}
