// Package web is the shell of all pages: sessions and roles, the frame around a
// page, forms that lose nothing, errors turned into answers, parts that follow
// the read models live. Families add their pages to it; it knows none of them.
//
// How to add a page:
//
//  1. One package adapters/web/<family> with a func New(…) web.Family: its name,
//     its templates (an embedded folder of *.html), routes, navigation, topics.
//  2. A route is Route{Pattern: "GET /complaints/{id}", Handler: p.show,
//     Roles: …, Models: []string{"cases"}}; Models are what the page reads.
//  3. A page is one struct that embeds Page, one template, one handler:
//     return q.Render("complaint/show", &showPage{Page: q.Page("投诉详情", crumbs…), …})
//     The template defines "content"; its dot is the struct, $.Now is the time.
//  4. A form: the GET handler puts q.NewForm("accept") into the struct; the
//     template has <form method="post" action="…">{{template "hidden" .Accept}}
//     {{template "input" (field .Accept "reason" "理由" "required")}}…</form>
//  5. The POST handler reads f, err := q.Sent(), takes values by f.Text, f.Date,
//     f.Money …, ends with f.Err() when a field is wrong, and runs the command
//     with f.Command and by, err := q.By(f, domain.RoleHandler).
//  6. It returns q.Done("/complaints/"+id, head.Position, "已受理"), which makes
//     the next page wait for its models, or the error as it came. A rejection
//     shows the form's page again with the input kept (status 422).
//  7. A part that stays up to date has an id and data-live="<topic>:<key>"; a
//     Topic says which models move it and gives its version.
//  8. Other shapes are in templates/parts and shown under /dev/parts in a demo.
//  9. Nothing personal in a URL: a search is posted, kept by q.Keep, and shown
//     by the GET that follows.
//  10. Tests: webtest.New gives a shell with signed-in users and no database;
//     browsertest drives a real browser.
//
// What static/hearth.js adds to markup, and what the page is without it:
//
//	data-live="topic:key"      fetched again when the topic changes (data-version: what it shows)
//	data-refresh="5"           fetched again every 5 s; both need an id, and may name data-src
//	data-suggest, data-into    type-ahead: POST q, answer q.JSON of {value, label, hint}
//	data-hints, -hints-into    a form's fields are posted while typing; the fragment is shown
//	data-confirm               a disclosure that becomes a dialog (part confirm)
//	data-list, data-row        rows for j and k; data-next: the link for n
//	data-open="id"             opens a dialog; data-close closes it; data-print prints
package web
