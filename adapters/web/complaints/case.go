package complaints

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/access"
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
	look    look
	Reveal  bool       // fields may be shown
	Clear   bool       // the ledger may be taken out unmasked
	Looks   []lookLine // who looked at the case
	MayLook bool       // there is that view
	Older   int        // entries of the timeline that stand in the file only
	Summary string     // as the reader may see it
	Basis   string     // of the next time limit
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
	viewAccess   = "access"
)

func (p *pages) showCase(q *web.Request) error {
	row, err := p.find(q)
	if err != nil {
		return err
	}
	return p.showView(q, row, q.URL.Query().Get("view"))
}

// showView is the page of a case with one of its views; an unknown one is the
// timeline.
func (p *pages) showView(q *web.Request, row complaints.Row, view string) error {
	state, rules, _, err := p.Casework.Case(q.Context(), row.ID)
	if err != nil {
		return err
	}
	c := &casePage{Page: q.Page(row.No, web.Crumb{Label: "案件", Href: "/complaints"}), Row: row, View: view, look: p.look(q, row.ID)}
	if c.Open, c.NotNow, err = p.openActions(q, c.Row.ID, state, rules); err != nil {
		return err
	}
	if err := p.fillView(q, c, state); err != nil {
		return err
	}
	if err := p.permits(q, c, state); err != nil {
		return err
	}
	if err := p.withoutHidden(q, c); err != nil {
		return err
	}
	row = c.Row
	c.Facts, c.Summary = append(caseFacts(row, c.Names, c.Reveal), revealable(row, c.Names, c.Reveal)...), c.Names.veil(row.Summary)
	c.Basis = basisOf(row.NextClock, row.TimeClass, rules)
	c.Tabs = c.views()
	p.viewed(q, onCase(row.ID), screenOf[c.View])
	return q.Render("complaints/case", c)
}

// withoutHidden takes what tells of cases that are hidden from the user out of the
// case: the number of the one that it was merged into, and what is counted as a
// possible duplicate.
func (p *pages) withoutHidden(q *web.Request, c *casePage) error {
	if err := p.Cases.Redact(q.Context(), p.viewer(q), &c.Row.MergedInto, &c.Row.Summary); err != nil {
		return err
	}
	if c.Row.Hints == 0 {
		return nil
	}
	hints, err := p.Cases.Hinted(q.Context(), p.viewer(q), c.Row.ID)
	c.Row.Hints = 0
	for _, h := range hints {
		if h.DismissedBy == "" {
			c.Row.Hints++
		}
	}
	return err
}

// screenOf are the screens that the views of a case are.
var screenOf = map[string]access.Screen{
	viewTimeline: access.ScreenCase, viewLedger: access.ScreenLedger, viewClocks: access.ScreenClocks, viewWork: access.ScreenWork,
	viewCalls: access.ScreenCalls, viewHints: access.ScreenHints, viewAccess: access.ScreenAccess,
}

func (p *pages) fillView(q *web.Request, c *casePage, state complaint.State) error {
	v, id := p.viewer(q), c.Row.ID
	mentions := timeline.Mentions{
		Users:       []string{c.Row.Handler, c.Row.CoHandler, c.Row.FirstReceiver},
		Enterprises: []string{c.Row.EnterpriseID.String()},
	}
	persons, err := p.peopleOf(q, c.Row)
	if err != nil {
		return err
	}
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
	case viewAccess:
		return p.fillLooks(q, c, state, mentions, persons)
	default:
		c.View = viewTimeline
		return p.fillTimeline(q, c, mentions, persons)
	}
	c.Names, err = p.names(q.Context(), c.look, mentions, persons...)
	return err
}

// timelineLimit is how many entries a case page shows; the file has all.
const timelineLimit = 500

func (p *pages) fillTimeline(q *web.Request, c *casePage, m timeline.Mentions, persons []uuid.UUID) error {
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
	if c.Names, err = p.names(q.Context(), c.look, m, persons...); err != nil {
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
		if e.Detail != "" && n.reads {
			m.Details = append(m.Details, web.Fact{Key: "内容", Value: n.veil(e.Detail)})
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
	if c.MayLook {
		tabs = append(tabs, web.Tab{Label: "查阅记录", Href: base + "/access", Count: -1, Current: c.View == viewAccess})
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

// caseFacts is what a case is about. A value that is masked leads to where it is
// shown, for those who may.
func caseFacts(r complaints.Row, n names, may bool) []web.Fact {
	employer := web.Fact{Key: "被反映单位", Value: r.Employer}
	if r.EnterpriseID != uuid.Nil {
		employer = web.Fact{Key: "被反映单位", Value: n.Enterprise(r.EnterpriseID.String()), Href: "/enterprises/" + r.EnterpriseID.String()}
	}
	reporter := web.Fact{Key: "反映人", Value: "匿名"}
	if !r.Anonymous && r.Reporter != uuid.Nil {
		reporter.Value = strings.TrimSpace(n.personName(r.Reporter) + " " + n.phone(r.Reporter))
		if may && !n.shown.has(r.Reporter, access.FieldPhone) {
			reporter.Show = revealAddress(r.ID, "0", access.FieldPhone, "")
		}
	}
	facts := []web.Fact{
		employer,
		{Key: "诉求类别", Value: r.Category.Label()},
		reporter,
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
