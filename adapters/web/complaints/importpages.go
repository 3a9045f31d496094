package complaints

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/importer"
	"hearth/adapters/sheet"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/complaint"
)

var importRoles = []domain.Role{domain.RoleDispatcher, domain.RoleShiftLeader, domain.RoleOperator}

// transferrers may pass on what is not ours, as an import does.
var transferrers = []domain.Role{domain.RoleDispatcher, domain.RoleShiftLeader}

// uploadTime is how long an upload or a dry run may take.
const uploadTime = 2 * time.Minute

func (p *pages) importRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /import", Handler: p.showImports, Roles: importRoles},
		{Pattern: "POST /import", Handler: p.upload, Roles: importRoles, MaxBody: uploadLimit + 1<<20, Timeout: uploadTime},
		{Pattern: "GET /import/{job}", Handler: p.showImport, Roles: importRoles, Timeout: uploadTime},
		{Pattern: "POST /import/{job}/mapping", Handler: p.mapColumns, Roles: importRoles},
		{Pattern: "POST /import/{job}/start", Handler: p.startImport, Roles: importRoles, Timeout: uploadTime},
		{Pattern: "POST /import/{job}/drop", Handler: p.dropImport, Roles: importRoles},
		{Pattern: "POST /import/{job}/again", Handler: p.againImport, Roles: importRoles},
		{Pattern: "GET /import/{job}/bad", Handler: p.badRows, Roles: importRoles, Timeout: uploadTime},
	}
}

// importsPage takes files and lists those of the user.
type importsPage struct {
	web.Page
	Form     *web.Form
	Jobs     []importJob
	Areas    []web.Option
	Channels domain.CodeTable
	Systems  []web.Option
	None     web.Empty
}

// systems number what they send us; the same number of one is registered once.
var systems = []web.Option{
	{Value: "t12345", Label: "12345 热线"},
	{Value: "message_board", Label: "网上留言板"},
	{Value: "petition", Label: "信访系统"},
	{Value: "own_ledger", Label: "本单位原有台账"},
	{Value: "other", Label: "其他"},
}

func (p *pages) showImports(q *web.Request) error {
	return q.Render("complaints/imports", &importsPage{
		Page: q.Page("导入"), Form: q.NewForm("upload", "area", areaOf(q.User.Org), "channel", string(complaint.ChannelWeb)),
		Jobs: p.Imports.of(q.User.ID), Areas: areas(q), Channels: complaint.Channels().Table(), Systems: systems,
		None: web.Empty{Title: "还没有导入过", Text: "上传后先预览,确认了才入库;文件最多保留一天。"},
	})
}

func (p *pages) upload(q *web.Request) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	o := importer.Options{
		System: f.Require("system", "来源系统"), Area: f.Text("area"), Channel: complaint.Channel(f.Text("channel")), Told: f.Time("told"),
	}
	if o.System != "" && !slices.ContainsFunc(systems, func(s web.Option) bool { return s.Value == o.System }) {
		f.Fail("system", "请从列表中选择来源系统。")
	}
	if o.Told.After(q.Now()) {
		f.Fail("told", "告知时间在现在之后,请改正。")
	}
	job := importJob{Owner: q.User.ID, Options: o}
	if err := p.keepUpload(f, &job); err != nil {
		return err
	}
	return q.Redirect("/import/" + job.ID.String())
}

// keepUpload keeps the file of a form; what is wrong with it is said beside it.
func (p *pages) keepUpload(f *web.Form, job *importJob) error {
	var head *multipart.FileHeader
	if files := f.Files["file"]; len(files) > 0 {
		head = files[0]
	}
	if head == nil || head.Size == 0 {
		f.Fail("file", "请选择一个 .xlsx 或 .csv 文件。")
	}
	if err := f.Err(); err != nil {
		return err
	}
	content, err := head.Open()
	if err != nil {
		return fmt.Errorf("read the upload: %w", err)
	}
	defer content.Close()
	job.Name = clipped(head.Filename)
	if *job, err = p.Imports.add(*job, content); err != nil {
		noteError(f, "file", err)
		if bad := f.Err(); bad != nil {
			return bad
		}
	}
	return err
}

// importPage is one file: its mapping and what it would store, how far it is,
// or what became of it.
type importPage struct {
	web.Page
	Job      importJob
	Map      *web.Form // columns
	Fields   []fieldChoice
	Header   int // the row with the headings
	Sheets   []web.Option
	Checking bool   // the dry run goes on
	Trouble  string // why the file cannot be read as it is mapped
	Preview  *importer.Preview
	First    []previewLine
	Bad      []string
	MoreBad  int
	Start    *web.Form
	Refusal  string // why the user may not start it
	Drop     web.Confirm
	Again    *web.Form
	Progress web.Progress
}

// fieldChoice is a field of a complaint and the column that holds it.
type fieldChoice struct {
	importer.FieldInfo
	Columns []web.Option
}

// previewLine is a row as it will be stored.
type previewLine struct {
	importer.Message
	To string // who is competent, when that is not us
}

// badShown is how many bad rows the page names; the file has them all.
const badShown = 100

func (p *pages) findImport(q *web.Request) (importJob, error) {
	id, err := uuid.Parse(q.PathValue("job"))
	if err != nil {
		return importJob{}, web.ErrNotFound
	}
	job, ok := p.Imports.get(id, q.User.ID)
	if !ok || job.Case != uuid.Nil {
		return job, web.ErrNotFound
	}
	return job, nil
}

func (p *pages) showImport(q *web.Request) error {
	job, err := p.findImport(q)
	if err != nil {
		return err
	}
	address := "/import/" + job.ID.String()
	page := &importPage{
		Page: q.Page("导入 "+job.Name, web.Crumb{Label: "导入", Href: "/import"}), Job: job,
		Map: q.NewForm("mapping"), Start: q.NewForm("start"), Again: q.NewForm("again"),
		Drop: web.Confirm{Form: q.NewForm("drop"), Action: address + "/drop", Button: "删除文件", Title: "删除这个文件?", Text: "还没有入库的内容不会入库;已经入库的保留。", Do: "删除", Danger: true},
	}
	switch {
	case job.State == jobOpen:
		err = p.fillPreview(q, page)
	case job.Under():
		page.Drop.Button, page.Drop.Title, page.Drop.Do = "停止导入", "停止导入?", "停止"
		page.Drop.Text = "已经入库的保留;以后再导入会接着办,不会重复。"
		page.Progress = progressOf(job)
	default:
		page.fillReport(job)
	}
	if err != nil {
		return err
	}
	return q.Render("complaints/import", page)
}

func progressOf(job importJob) web.Progress {
	pr := job.Progress
	w := web.Progress{Label: fmt.Sprintf("已处理 %d / %d 行", pr.Done, pr.Total), Done: pr.Done, Total: pr.Total}
	switch {
	case job.State == jobQueued:
		w.Label, w.Note = "排队中", "前面还有别的文件在导入。"
	case pr.Total == 0:
		w.Label, w.Note = "正在读文件", "马上开始入库。"
	default:
		w.Note = fmt.Sprintf("新登记 %d 件,此前已登记 %d 件,需更正 %d 行;每秒约 %.0f 行,还要约 %s。", pr.Stored, pr.Existed, pr.Bad, pr.PerSecond, duration(pr.Remaining))
	}
	return w
}

func duration(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d秒", int(d.Seconds()))
	}
	return fmt.Sprintf("%d分%d秒", int(d.Minutes()), int(d.Seconds())%60)
}

func (b *importPage) fillReport(job importJob) {
	bad := job.Report.Bad
	for _, row := range bad[:min(len(bad), badShown)] {
		b.Bad = append(b.Bad, problems(row)...)
	}
	b.MoreBad = max(0, len(bad)-badShown)
}

func problems(row importer.Bad) (texts []string) {
	for _, p := range row.Problems {
		texts = append(texts, p.String())
	}
	return texts
}

// fillPreview shows the mapping, and the dry run when the file can be read with
// it.
func (p *pages) fillPreview(q *web.Request, page *importPage) error {
	for _, s := range page.Job.Sheets {
		page.Sheets = append(page.Sheets, web.Option{Value: s, Label: s})
	}
	if !page.Map.Failed {
		page.Map.Values.Set("sheet", page.Job.Options.Sheet)
	}
	preview, err := p.Imports.preview(q.Context(), page.Job.ID)
	var no *domain.Rejection
	switch {
	case errors.Is(err, errChecking):
		page.Checking = true
	case errors.As(err, &no):
		page.Trouble = no.Text
	case err != nil:
		return err
	default:
		page.Preview = &preview
		page.fillRows(preview)
	}
	if page.Preview != nil && preview.Redirected > 0 && !q.User.Has(transferrers...) {
		page.Refusal = fmt.Sprintf("其中 %d 件需转给有权处理的单位,这要由分办员或带班来导入。", preview.Redirected)
	}
	return p.fillMapping(page)
}

func (b *importPage) fillRows(preview importer.Preview) {
	for _, m := range preview.First {
		line := previewLine{Message: m}
		if m.Finding.Redirect != nil {
			line.To = m.Finding.Redirect.Body
		}
		b.First = append(b.First, line)
	}
	for _, row := range preview.Bad[:min(len(preview.Bad), badShown)] {
		b.Bad = append(b.Bad, problems(row)...)
	}
	b.MoreBad = max(0, len(preview.Bad)-badShown)
}

// fillMapping offers the columns of the file for each field. A file whose
// mapping is not enough is opened with any column for the content, to learn its
// headings; the other fields stay as the headings say.
func (p *pages) fillMapping(page *importPage) error {
	job := page.Job
	var no *domain.Rejection
	err := p.Imports.open(job, func(f *importer.File) error { page.mapping(f, f.Mapping()); return nil })
	if errors.As(err, &no) {
		job.Options.Map = []string{"detail=A"}
		err = p.Imports.open(job, func(f *importer.File) error { page.mapping(f, importer.Guess(f.Header())); return nil })
	}
	if errors.As(err, &no) {
		return nil // the page says why, and which sheets there are
	}
	return err
}

// mapping shows which column is chosen for each field.
func (b *importPage) mapping(f *importer.File, chosen importer.Mapping) {
	var columns []web.Option
	for i, h := range f.Header() {
		label := sheet.ColumnName(i) + "列"
		if h != "" {
			label += " " + h
		}
		columns = append(columns, web.Option{Value: sheet.ColumnName(i), Label: label})
	}
	b.Header = f.HeaderRow()
	for _, field := range importer.Fields() {
		b.Fields = append(b.Fields, fieldChoice{field, columns})
		if column, ok := chosen[field.Field]; ok && !b.Map.Failed {
			b.Map.Values.Set(columnField(field.Field), sheet.ColumnName(column))
		}
	}
}

func columnField(f importer.Field) string { return "column." + string(f) }

// ColumnField is the name of a field's input.
func (f fieldChoice) ColumnField() string { return columnField(f.Field) }

// mapColumns takes the columns that were chosen.
func (p *pages) mapColumns(q *web.Request) error {
	job, err := p.findImport(q)
	if err != nil {
		return err
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	o := job.Options
	var none, wishes []string
	taken := map[string]string{}
	for _, field := range importer.Fields() {
		name := columnField(field.Field)
		column := f.Text(name)
		if column == "" {
			none = append(none, string(field.Field)+"=-")
			continue
		}
		if other := taken[column]; other != "" {
			f.Fail(name, "这一列已经选作“"+other+"”,一列只能用一次。")
		}
		taken[column] = field.Label
		wishes = append(wishes, string(field.Field)+"="+column)
	}
	if f.Text(columnField(importer.FieldDetail)) == "" && f.Text(columnField(importer.FieldSubject)) == "" && len(wishes) > 0 {
		f.Fail(columnField(importer.FieldDetail), "请指定哪一列是内容(至少要有内容或主题)。")
	}
	if err := f.Err(); err != nil {
		return err
	}
	// Another sheet has other columns: its own headings are looked at first.
	if o.Map = append(none, wishes...); f.Text("sheet") != o.Sheet || len(wishes) == 0 {
		o.Map = nil
	}
	o.Sheet = f.Text("sheet")
	p.Imports.configure(job.ID, o)
	return q.Redirect("/import/" + job.ID.String())
}

func (p *pages) startImport(q *web.Request) error {
	job, err := p.findImport(q)
	if err != nil {
		return err
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	if job.State == jobOpen {
		preview, err := p.Imports.preview(q.Context(), job.ID)
		if err != nil {
			return err
		}
		if preview.Good == 0 {
			return domain.Reject("nothing_to_import", "没有可以入库的行,请先按提示改正。")
		}
		if preview.Redirected > 0 && !q.User.Has(transferrers...) {
			return web.ErrForbidden
		}
		if err := p.Imports.start(job.ID, q.By(f, importRoles...).Actor); err != nil {
			return err
		}
	}
	return q.Redirect("/import/" + job.ID.String())
}

func (p *pages) dropImport(q *web.Request) error {
	job, err := p.findImport(q)
	if err != nil {
		return err
	}
	p.Imports.drop(job.ID)
	if job.Under() {
		return q.Redirect("/import/" + job.ID.String())
	}
	q.Flash("已删除")
	return q.Redirect("/import")
}

func (p *pages) againImport(q *web.Request) error {
	job, err := p.findImport(q)
	if err != nil {
		return err
	}
	p.Imports.again(job.ID)
	return q.Redirect("/import/" + job.ID.String())
}

// badRows is the file of rows to be corrected: of the dry run, or of the import.
func (p *pages) badRows(q *web.Request) error {
	job, err := p.findImport(q)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	switch {
	case job.HasBad:
		file, err := job.bad.open()
		if err != nil {
			return fmt.Errorf("file of bad rows: %w", err)
		}
		defer file.Close()
		if _, err := io.Copy(&body, io.NewSectionReader(file, 0, job.bad.size)); err != nil {
			return fmt.Errorf("file of bad rows: %w", err)
		}
	case job.State == jobOpen:
		preview, err := p.Imports.preview(q.Context(), job.ID)
		if err != nil {
			return err
		}
		if err := p.Imports.open(job, func(f *importer.File) error { return f.WriteBad(&body, preview.Bad) }); err != nil {
			return err
		}
	default:
		return web.ErrNotFound
	}
	return sendSheet(q, "需更正的行", job.Format, body.Bytes())
}

// sendSheet answers with a spreadsheet.
func sendSheet(q *web.Request, name string, format sheet.Format, body []byte) error {
	kind := xlsxType
	if format == sheet.CSV {
		kind = "text/csv; charset=utf-8"
	}
	return q.Attachment(strings.ReplaceAll(name, "/", "-")+"."+string(format), kind, body)
}
