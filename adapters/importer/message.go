package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/sheet"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/orgunit"
	"hearth/domain/person"
)

// Message is one row as it will be stored.
type Message struct {
	Row      int
	No       string // of the source; empty: made from the content
	At       time.Time
	Reporter string
	Phone    string
	IDNo     string
	Subject  string
	Detail   string
	Given    string // category that the file gives
	Employer string
	Project  string
	Persons  int
	Owed     domain.Fen
	From, To domain.Date
	Area     string
	Channel  complaint.Channel
	Finding  Finding
}

// maxText is the longest text that a complaint takes, in characters.
const maxText = 10_000

// message reads a row. The problems are all that is wrong with it, not only the
// first.
func (f *File) message(r sheet.Row) (Message, []sheet.Problem) {
	m := Message{Row: r.Number, Area: f.options.Area, Channel: f.options.Channel}
	read := reader{file: f, row: r}
	m.No = read.code(FieldNo)
	m.Reporter = read.line(FieldReporter)
	m.Subject = read.line(FieldSubject)
	m.Detail = read.text(FieldDetail)
	m.Given = read.line(FieldCategory)
	if twice := f.labour[m.No]; twice != "" {
		m.Given = twice
	}
	m.Employer = read.line(FieldEmployer)
	m.Project = read.line(FieldProject)
	take(&read, FieldAt, &m.At, f.pastTime)
	take(&read, FieldPhone, &m.Phone, phone)
	take(&read, FieldIDNo, &m.IDNo, idNo)
	take(&read, FieldPersons, &m.Persons, sheet.Cell.Count)
	take(&read, FieldAmount, &m.Owed, func(c sheet.Cell) (domain.Fen, error) { return c.Amount(read.heading(FieldAmount)) })
	m.From, m.To = read.period()
	take(&read, FieldArea, &m.Area, f.area)
	take(&read, FieldChannel, &m.Channel, channel)
	f.checkMessage(&read, m)
	if len(read.problems) == 0 {
		if m.Finding = f.classify(m); m.Finding.Category == complaint.CategoryUnionStaff {
			read.fail(FieldCategory, domain.Reject("not_in_bulk", "涉工会人员的投诉从登记起就限制查看,不能批量导入,请单独登记。"))
		}
	}
	return m, read.problems
}

func (f *File) checkMessage(read *reader, m Message) {
	if _, mapped := f.mapping[FieldNo]; mapped && m.No == "" && !read.failed[FieldNo] {
		read.fail(FieldNo, domain.Reject("no_missing", "没有编号,请补上;同一编号只会登记一次。"))
	}
	if m.Subject == "" && m.Detail == "" && !read.failed[FieldDetail] {
		read.fail(FieldDetail, domain.Reject("detail_missing", "没有内容,请补上反映的事情。"))
	}
	if n := utf8.RuneCountInString(m.summary()); n > maxText {
		read.fail(FieldDetail, domain.Reject("text_too_long", "内容有%d字,最多%d字,请精简,全文可在登记后作为附件上传。", n, maxText))
	}
	if m.Area == "" && !read.failed[FieldArea] {
		read.fail(FieldArea, domain.Reject("area_missing", "不知道属于哪个县区,请填写县区,或在导入时选定默认县区。"))
	}
	if m.Reporter == "" && (m.Phone != "" || m.IDNo != "") {
		read.fail(FieldReporter, domain.Reject("name_missing", "有电话或身份证号而没有姓名,请补上姓名;不知道姓名的可写“不详”。"))
	}
	if len([]rune(m.Reporter)) > 50 {
		read.fail(FieldReporter, domain.Reject("bad_name", "姓名超过50个字,请核对这一列是不是对错了列。"))
	}
}

// reader reads the mapped cells of one row and collects what is wrong.
type reader struct {
	file     *File
	row      sheet.Row
	problems []sheet.Problem
	failed   map[Field]bool
}

func (r *reader) cell(f Field) (sheet.Cell, bool) {
	column, ok := r.file.mapping[f]
	if !ok {
		return sheet.Cell{}, false
	}
	c := r.row.Cell(column)
	return c, !c.Blank()
}

func (r *reader) heading(f Field) string {
	if column, ok := r.file.mapping[f]; ok && column < len(r.file.header) {
		return r.file.header[column]
	}
	return ""
}

func (r *reader) fail(f Field, err error) {
	column, ok := r.file.mapping[f]
	if !ok {
		column = -1
	}
	if r.failed == nil {
		r.failed = map[Field]bool{}
	}
	r.failed[f] = true
	r.problems = append(r.problems, r.row.Problem(column, r.heading(f), err))
}

// take reads a cell that holds something into dst.
func take[T any](r *reader, f Field, dst *T, read func(sheet.Cell) (T, error)) {
	c, some := r.cell(f)
	if !some {
		return
	}
	v, err := read(c)
	if err != nil {
		r.fail(f, err)
		return
	}
	*dst = v
}

func (r *reader) line(f Field) (s string) { take(r, f, &s, sheet.Cell.Line); return s }
func (r *reader) text(f Field) (s string) { take(r, f, &s, sheet.Cell.Text); return s }
func (r *reader) code(f Field) (s string) { take(r, f, &s, sheet.Cell.Code); return s }

// period reads the time for which wages are owed, from one column or from two.
func (r *reader) period() (from, to domain.Date) {
	if c, some := r.cell(FieldPeriod); some {
		var err error
		if from, to, err = c.Period(); err != nil {
			r.fail(FieldPeriod, err)
		}
	}
	take(r, FieldFrom, &from, func(c sheet.Cell) (domain.Date, error) { d, _, err := c.Span(); return d, err })
	take(r, FieldTo, &to, func(c sheet.Cell) (domain.Date, error) { _, d, err := c.Span(); return d, err })
	if !from.IsZero() && !to.IsZero() && to.Before(from) && len(r.failed) == 0 {
		r.fail(FieldTo, domain.Reject("period_reversed", "结束日期%s早于开始日期%s,请改正。", to, from))
	}
	return from, to
}

func (f *File) pastTime(c sheet.Cell) (time.Time, error) {
	at, err := c.Time()
	if err == nil && at.After(f.now()) {
		return at, domain.Reject("date_in_future", "时间%s在现在之后,请改正。", at.In(domain.Shanghai).Format("2006-01-02 15:04"))
	}
	return at, err
}

func phone(c sheet.Cell) (string, error) {
	s, err := c.Code()
	if err != nil {
		return "", err
	}
	return person.ParsePhone(s)
}

func idNo(c sheet.Cell) (string, error) {
	s, err := c.Code()
	if err != nil {
		return "", err
	}
	return person.ParseIDNo(s)
}

// area finds the unit by its code, its name, or a text that begins with its short
// name; of units whose short names both fit, the one with the longer.
func (f *File) area(c sheet.Cell) (string, error) {
	s, err := c.Line()
	if err != nil {
		return "", err
	}
	var shorts []string
	var best orgunit.Unit
	for _, u := range f.options.Units.All(domain.DateOf(f.now())) {
		if s == u.Code || s == u.Name {
			return u.Code, nil
		}
		if fits := strings.HasPrefix(s, u.Short) || strings.HasPrefix(s, "晋城市"+u.Short); fits && len(u.Short) > len(best.Short) {
			best = u
		}
		shorts = append(shorts, u.Short)
	}
	if best.Code != "" {
		return best.Code, nil
	}
	return "", domain.Reject("unknown_area", "没有“%s”这个县区,可填:%s。", s, strings.Join(shorts, "、"))
}

func channel(c sheet.Cell) (complaint.Channel, error) {
	s, err := c.Line()
	if err != nil {
		return "", err
	}
	list := complaint.Channels()
	for _, code := range list.All() {
		if s == string(code) || strings.Contains(list.Label(code), s) || strings.Contains(s, strings.TrimSuffix(list.Label(code), "转办")) {
			return code, nil
		}
	}
	return "", list.Check(complaint.Channel(s))
}

// summary is the text that is stored.
func (m Message) summary() string {
	parts := []string{m.Detail}
	if m.Subject != "" && !strings.HasPrefix(m.Detail, m.Subject) {
		parts = []string{m.Subject, m.Detail}
	}
	if m.Project != "" {
		parts = append(parts, "工程项目:"+m.Project)
	}
	if m.Reporter != "" && !m.known() {
		parts = append(parts, "来件署名:"+m.Reporter)
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n")
}

// known reports whether the reporter can be reached. A signature alone, as the
// user names of a message board, is nobody whom we could call.
func (m Message) known() bool { return m.Phone != "" || m.IDNo != "" }

// digest is the content of the row: a changed row has another one.
func (m Message) digest() string {
	h := sha256.New()
	for _, s := range []string{
		m.Reporter, m.Phone, m.IDNo, m.Subject, m.Detail, m.Given, m.Employer, m.Project,
		fmt.Sprint(m.At.Unix()), fmt.Sprint(m.Persons), fmt.Sprint(int64(m.Owed)), m.From.String(), m.To.String(),
	} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// number is the number at the source. A row without one is known by its content.
func (m Message) number() string {
	if m.No != "" {
		return m.No
	}
	return "row-" + m.digest()[:32]
}

// importSpace names the commands of imports.
var importSpace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("hearth:import"))

// command is the id of the command that registers the row. It holds the content
// besides the number: the same row is a repetition, a changed one is another
// wish for a case that is on file.
func (m Message) command(system string) uuid.UUID {
	return uuid.NewSHA1(importSpace, []byte(system+"\x00"+m.number()+"\x00"+m.digest()))
}

// intake is the row as a wish.
func (f *File) intake(m Message, actor domain.Actor) casework.Intake {
	in := casework.Intake{
		Request: casework.Request{CommandID: m.command(f.options.System), Actor: actor, Channel: "import", At: f.now()},
		Register: complaint.Register{
			Category: m.Finding.Category, Channel: m.Channel, ReceivedAt: m.At, Area: m.Area,
			External: &complaint.External{System: f.options.System, No: m.number(), At: m.At},
			Employer: complaint.Employer{Text: m.Employer}, Summary: m.summary(),
			Claim: complaint.Claim{Persons: m.Persons, OwedFen: m.Owed, From: m.From, To: m.To},
		},
	}
	if m.known() {
		in.Reporter = &person.Register{Identity: person.Identity{Name: m.Reporter, IDNo: m.IDNo}, Contact: person.Contact{Phone: m.Phone}}
		in.Register.Consent = complaint.Consent{Basis: "legal_duty"}
	} else {
		in.Register.Reporter.Anonymous = true
	}
	in.Then = f.then(m)
	return in
}

// then is what follows the registration: what is not ours goes to whom it
// concerns (首问负责), unless the reporter must be told first; of what is ours
// the reason for its category is noted.
func (f *File) then(m Message) []complaint.Command {
	to := m.Finding.Redirect
	switch {
	case to == nil:
		return []complaint.Command{&complaint.AddNote{Visibility: complaint.VisibleInternal, Text: "导入时" + m.Finding.Reason()}}
	case m.known() && f.options.Told.IsZero():
		return []complaint.Command{&complaint.AddNote{
			Visibility: complaint.VisibleInternal, Text: "导入时" + m.Finding.Reason() + "建议转" + to.Body + ",请先告知反映人。",
		}}
	}
	return []complaint.Command{&complaint.TransferOut{To: to.To, Body: to.Body, Reason: m.Finding.Reason(), ToldAt: f.options.Told}}
}
