package complaints

import (
	"hearth/adapters/guard"
	"hearth/adapters/web"
	"hearth/projections/search"
)

func (p *pages) searchRoutes() []web.Route {
	return []web.Route{
		{Pattern: "POST /search", Handler: p.keepSearch, Roles: staff, Rate: guard.Search},
		{Pattern: "GET /search", Handler: p.showSearch, Roles: staff, Models: []string{"search"}, Rate: guard.Search},
	}
}

// searchPage is what was found, by kind.
type searchPage struct {
	web.Page
	Form    *web.Form
	Asked   string
	Tabs    []web.Tab
	Groups  []searchGroup
	TooMany bool // more than can be ranked: the newest are shown
	Kept    bool // names are masked for this reader
	None    web.Empty
}

// searchGroup is what was found of one kind. More leads to the rest.
type searchGroup struct {
	Kind  search.Kind
	Hits  []searchHit
	Total int // below 0 when nobody counted
	More  string
}

// searchHit is one line.
type searchHit struct {
	search.Hit
	Href string
}

const (
	searchKey  = "search"
	foundFew   = 8   // of each kind, when all are shown
	foundMany  = 100 // of one kind
	searchPath = "/search"
)

// keepSearch keeps the question in the session: names and numbers of people do
// not belong in addresses.
func (p *pages) keepSearch(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	q.Keep(searchKey, clipped(f.Text("q")))
	return q.Redirect(searchPath)
}

func (p *pages) showSearch(q *web.Request) error {
	page := &searchPage{
		Page: q.Page("搜索"), Asked: q.Kept(searchKey), Kept: !mayKnow(q.User),
		None: web.Empty{Title: "没有找到", Text: "换个写法试试:案号、单位名称中的几个字、姓名、电话号码;几个词之间用空格隔开,都要出现才算找到。"},
	}
	page.Form = q.NewForm("search", "q", page.Asked)
	kind := search.Kind(q.URL.Query().Get("kind"))
	if kind != "" && !search.Kinds().Has(kind) {
		return web.ErrNotFound
	}
	if page.Asked == "" {
		page.None = web.Empty{Title: "想找什么?", Text: "可以搜案号、对方编号、单位、姓名、电话、身份证号,以及诉求和办理记录里的话。"}
		return q.Render("complaints/search", page)
	}
	if err := p.fillSearch(q, page, kind); err != nil {
		return err
	}
	return q.Render("complaints/search", page)
}

func (p *pages) fillSearch(q *web.Request, page *searchPage, only search.Kind) error {
	var counts map[search.Kind]int
	for _, kind := range search.Kinds().All() {
		if only != "" && kind != only {
			continue
		}
		limit := foundFew
		if only != "" {
			limit = foundMany
		}
		found, err := p.Search.Find(q.Context(), p.auditor(q), p.viewer(q).Sight, search.Question{Text: page.Asked, Kind: kind, Limit: limit})
		if err != nil {
			return err
		}
		group := searchGroup{Kind: kind, Total: -1}
		if found.Counts != nil {
			group.Total, counts = found.Counts[kind], merged(counts, found.Counts)
		} else {
			page.TooMany = true
		}
		for _, h := range found.Hits {
			group.Hits = append(group.Hits, page.hit(h))
		}
		if only == "" && (group.Total > len(group.Hits) || group.Total < 0 && len(group.Hits) == limit) {
			group.More = searchPath + "?kind=" + string(kind)
		}
		if len(group.Hits) > 0 {
			page.Groups = append(page.Groups, group)
		}
	}
	page.Tabs = searchTabs(counts, only)
	return nil
}

// merged adds counts that a question for one kind gave: each has those of all.
func merged(a, b map[search.Kind]int) map[search.Kind]int {
	if len(a) > len(b) {
		return a
	}
	return b
}

func searchTabs(counts map[search.Kind]int, only search.Kind) []web.Tab {
	total := 0
	for _, n := range counts {
		total += n
	}
	count := func(n int) int {
		if counts == nil {
			return -1
		}
		return n
	}
	tabs := []web.Tab{{Label: "全部", Href: searchPath, Count: count(total), Current: only == ""}}
	for _, kind := range search.Kinds().All() {
		tabs = append(tabs, web.Tab{Label: kind.Label(), Href: searchPath + "?kind=" + string(kind), Count: count(counts[kind]), Current: only == kind})
	}
	return tabs
}

// hit is a line as this reader sees it.
func (s *searchPage) hit(h search.Hit) searchHit {
	if s.Kept {
		h = h.Masked()
	}
	line := searchHit{Hit: h}
	switch {
	case h.Kind == search.Complaint:
		line.Href = caseAddress(h.ID)
	case h.Kind == search.Enterprise:
		line.Href = "/enterprises/" + h.ID.String()
	case h.Kind == search.Person:
		line.Href = "/people/" + h.ID.String()
	}
	return line
}
