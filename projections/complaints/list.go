package complaints

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
)

// Filter narrows a list; its zero value takes every case. All that is set must
// be true of a row.
type Filter struct {
	Phases       []complaint.Phase
	Open         bool // only open cases
	Categories   []complaint.Category
	Channels     []complaint.Channel
	Area         string
	Org          string // the handling organisation
	Handler      string // or co-handler
	Risks        []complaint.RiskLevel
	From, To     domain.Date // of registration, both days included
	Overdue      bool
	Collective   bool
	EnterpriseID uuid.UUID
	Reporter     uuid.UUID
	Text         string // part of the number, of an outside number, or of the employer's name
	Sort         Sort
	Limit        int // rows of a page; 0 means 50, at most 500
}

// Sort is the order of a list.
type Sort string

// The orders.
const (
	SortNewest Sort = ""    // 登记时间,新的在前
	SortDue    Sort = "due" // 到期时间,急的在前
)

// Cursor is where a page of a list ends and the next begins. Empty means the
// beginning, or that nothing is left. Rows that come in meanwhile move none.
type Cursor string

// Page is a part of a list.
type Page[T any] struct {
	Rows  []T    `json:"rows"`
	Total int    `json:"total"` // of all pages
	Next  Cursor `json:"next,omitempty"`
}

const where = `
  from complaints_v3.complaint c
 where ` + visible + `
   and (@phases::text[] is null or c.phase = any (@phases))
   and (not @open or c.open)
   and (@categories::text[] is null or c.category = any (@categories))
   and (@channels::text[] is null or c.channel = any (@channels))
   and (@area = '' or c.area = @area)
   and (@handling_org = '' or c.handling_org = @handling_org)
   and (@handler = '' or c.handler = @handler or c.co_handler = @handler)
   and (@risks::text[] is null or c.risk = any (@risks))
   and (@from::timestamptz is null or c.registered_at >= @from)
   and (@to::timestamptz is null or c.registered_at < @to)
   and (not @overdue or c.overdue)
   and (not @collective or c.collective)
   and (@enterprise::uuid = ` + nobody + ` or c.enterprise_id = @enterprise)
   and (@reporter::uuid = ` + nobody + ` or c.reporter = @reporter)
   and (@text = '' or position(@text in c.no) > 0 or position(@text in c.external_no) > 0
        or position(@text in c.employer) > 0 or position(@key in c.employer_key) > 0 and @key <> '')`

// never sorts what has no due date behind what has.
const never = `timestamptz '9999-01-01'`

// pages are the orders of a list, each with what sorts it.
var pages = map[Sort]string{
	SortNewest: `select c.*` + where + `
		and (@after_id::uuid = ` + nobody + ` or (c.registered_at, c.id) < (@after_at, @after_id))
		order by c.registered_at desc, c.id desc limit @limit`,
	SortDue: `select c.*` + where + `
		and (@after_id::uuid = ` + nobody + ` or (coalesce(c.next_due_at, ` + never + `), c.id) > (@after_at, @after_id))
		order by coalesce(c.next_due_at, ` + never + `), c.id limit @limit`,
}

// List is a page of the cases that the filter takes, and how many there are.
func (q Queries) List(ctx context.Context, v Viewer, f Filter, after Cursor) (Page[Row], error) {
	sql, ok := pages[f.Sort]
	if !ok {
		return Page[Row]{}, domain.Reject("bad_sort", "列表没有“%s”这种排序。", f.Sort)
	}
	at, id, err := after.place()
	if err != nil {
		return Page[Row]{}, err
	}
	args := v.args(f.args())
	var page Page[Row]
	if err := q.DB.QueryRow(ctx, `select count(*)`+where, args).Scan(&page.Total); err != nil {
		return Page[Row]{}, fmt.Errorf("count complaints: %w", err)
	}
	limit := pageSize(f.Limit)
	args["after_at"], args["after_id"], args["limit"] = at, id, limit+1
	if page.Rows, err = collect[Row](ctx, q, sql, args); err != nil {
		return Page[Row]{}, err
	}
	page.cut(limit, func(r Row) Cursor {
		if f.Sort == SortDue {
			return cursor(dueOrNever(r.NextDueAt), r.ID)
		}
		return cursor(r.RegisteredAt, r.ID)
	})
	return page, nil
}

// Count is how many cases the filter takes.
func (q Queries) Count(ctx context.Context, v Viewer, f Filter) (int, error) {
	var n int
	if err := q.DB.QueryRow(ctx, `select count(*)`+where, v.args(f.args())).Scan(&n); err != nil {
		return 0, fmt.Errorf("count complaints: %w", err)
	}
	return n, nil
}

func (f Filter) args() pgx.StrictNamedArgs {
	args := pgx.StrictNamedArgs{
		"phases": f.Phases, "open": f.Open, "categories": f.Categories, "channels": f.Channels, "area": f.Area,
		"handling_org": f.Org, "handler": f.Handler, "risks": f.Risks, "overdue": f.Overdue, "collective": f.Collective,
		"enterprise": f.EnterpriseID, "reporter": f.Reporter,
		"text": strings.TrimSpace(f.Text), "key": enterprise.NormalName(f.Text), "from": time.Time{}, "to": time.Time{},
	}
	if !f.From.IsZero() {
		args["from"] = f.From.Start()
	}
	if !f.To.IsZero() {
		args["to"] = f.To.End()
	}
	return args
}

func pageSize(n int) int {
	if n <= 0 {
		return 50
	}
	return min(n, 500)
}

// cut takes the row off that only shows that there is more.
func (p *Page[T]) cut(limit int, place func(T) Cursor) {
	if len(p.Rows) > limit {
		p.Rows = p.Rows[:limit]
		p.Next = place(p.Rows[limit-1])
	}
}

func dueOrNever(t time.Time) time.Time {
	if t.IsZero() {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t
}

func cursor(at time.Time, id uuid.UUID) Cursor {
	return Cursor(strconv.FormatInt(at.UnixMicro(), 36) + "." + id.String())
}

func (c Cursor) place() (at time.Time, id uuid.UUID, err error) {
	if c == "" {
		return time.Time{}, uuid.Nil, nil
	}
	micros, rest, _ := strings.Cut(string(c), ".")
	n, err := strconv.ParseInt(micros, 36, 64)
	if err == nil {
		id, err = uuid.Parse(rest)
	}
	if err != nil {
		return time.Time{}, uuid.Nil, domain.Reject("bad_cursor", "翻页位置看不懂,请从第一页重新打开列表。")
	}
	return time.UnixMicro(n).UTC(), id, nil
}
