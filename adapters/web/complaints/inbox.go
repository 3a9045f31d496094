package complaints

import (
	"slices"

	"hearth/adapters/web"
	"hearth/domain/access"
	"hearth/domain/complaint"
	"hearth/projections/complaints"
)

func (p *pages) inboxRoutes() []web.Route {
	return []web.Route{{Pattern: "GET /inbox", Handler: p.showInbox, Roles: staff, Models: listModels}}
}

// inboxPage is what waits for the user's role, or for the user alone.
type inboxPage struct {
	web.Page
	Rows []waiting
	Tabs []web.Tab
	None web.Empty
}

// waiting is a case with why it waits and what is wished next.
type waiting struct {
	complaints.InboxRow
	Why  []string
	Next []complaint.CommandSpec
}

func (p *pages) showInbox(q *web.Request) error {
	rules, err := p.Casework.Rules(q.Context())
	if err != nil {
		return err
	}
	var rows []complaints.InboxRow
	for _, actor := range actors(q) {
		found, err := p.Cases.Inbox(q.Context(), complaints.ViewerOf(actor, p.Casework.Sight(q.Context(), actor)), rules)
		if err != nil {
			return err
		}
		rows = append(rows, found...)
	}
	mine := q.URL.Query().Get("mine") != ""
	page := &inboxPage{
		Page: q.Page("我的待办"),
		None: web.Empty{Title: "没有需要您处理的案件", Text: "有新的会自动出现在这里。", Href: "/complaints", Label: "查看全部案件"},
	}
	seen := map[string]bool{}
	own := 0
	for _, r := range rows {
		if seen[r.No] {
			continue
		}
		seen[r.No] = true
		isOwn := r.Handler == q.User.ID || r.CoHandler == q.User.ID
		if isOwn {
			own++
		}
		if !mine || isOwn {
			page.Rows = append(page.Rows, waitingFor(r))
		}
	}
	page.Tabs = []web.Tab{
		{Label: "我的岗位", Href: "/inbox", Count: len(seen), Current: !mine},
		{Label: "指派给我", Href: "/inbox?mine=1", Count: own, Current: mine},
	}
	p.viewed(q, access.Thing{}, access.ScreenInbox)
	return q.Render("complaints/inbox", page)
}

func waitingFor(r complaints.InboxRow) waiting {
	w := waiting{InboxRow: r}
	for _, code := range r.Waits {
		w.Why = append(w.Why, complaints.WaitOf(code).Label)
	}
	for _, name := range r.Next() {
		if spec, ok := complaint.Spec(name); ok && expected(r, name) && !slices.ContainsFunc(w.Next, func(s complaint.CommandSpec) bool { return s.Name == name }) {
			w.Next = append(w.Next, spec)
		}
	}
	return w
}

// expected leaves out the answer to a document, or the receipt of a referral,
// when only the other one is awaited.
func expected(r complaints.InboxRow, command string) bool {
	track := map[string]complaint.Track{"answer_document": complaint.TrackDocuments, "receipt_referral": complaint.TrackReferral}[command]
	return track == "" || slices.ContainsFunc(r.Awaited, func(a complaints.Awaited) bool { return a.Track == track })
}
