package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/adapters/sheet"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/person"
	"hearth/eventstore"
)

// FieldItem is what is owed; only rosters have it.
const FieldItem Field = "item"

// RosterFields is what a column of a roster (诉求人名册) can be mapped to.
func RosterFields() []FieldInfo {
	return []FieldInfo{
		{FieldReporter, "姓名", true, "王某", []string{"姓名", "工人姓名", "职工姓名", "诉求人", "诉求人姓名", "名字"}},
		{FieldIDNo, "身份证号", false, "", []string{"身份证", "身份证号", "身份证号码", "证件号", "证件号码"}},
		{FieldPhone, "电话", false, "13800000000", []string{"电话", "联系电话", "电话号码", "手机", "手机号", "手机号码", "联系方式"}},
		{FieldPeriod, "欠薪起止", false, "2026年3月至2026年8月", []string{"欠薪起止", "欠薪时间", "欠薪期间", "欠薪月份", "起止时间", "拖欠时间"}},
		{FieldFrom, "欠薪起", false, "2026-03-01", []string{"欠薪起", "欠薪开始", "起始日期", "开始日期"}},
		{FieldTo, "欠薪止", false, "2026-08-31", []string{"欠薪止", "欠薪结束", "截止日期", "结束日期"}},
		{FieldAmount, "金额", true, "18600.50", []string{"金额", "欠薪金额", "诉求金额", "拖欠金额", "应付未付", "欠款金额"}},
		{FieldItem, "项目", false, "工资", []string{"项目", "诉求项目", "欠薪项目", "款项", "欠款项目"}},
	}
}

// Roster is an opened list of the claimants of one case.
type Roster struct{ file *File }

// OpenRoster finds the headings of a roster; System, Area and Channel of the
// options are not used.
func OpenRoster(book *sheet.Book, o Options) (*Roster, error) {
	f, err := openFile(book, o, RosterFields())
	if err != nil {
		return nil, err
	}
	for _, field := range []Field{FieldReporter, FieldAmount} {
		if !f.has(field) {
			return nil, f.unmapped(field)
		}
	}
	return &Roster{f}, nil
}

// Claimant is one person of a roster with what is owed.
type Claimant struct {
	Row   int // the first row that names the person
	Name  string
	IDNo  string
	Phone string
	Items []complaint.ClaimItem
}

// Owed is the sum of the items.
func (c Claimant) Owed() domain.Fen { return complaint.NewClaimant{Items: c.Items}.OwedFen() }

// RosterPlan is what a roster holds.
type RosterPlan struct {
	Total     int // rows
	Claimants []Claimant
	OwedFen   domain.Fen
	Bad       []Bad
}

// Preview checks every row and stores nothing. Rows with the same ID number, or
// the same name and phone, are items of one claimant.
func (l *Roster) Preview(ctx context.Context) (RosterPlan, error) {
	var p RosterPlan
	index := map[string]int{}
	names := map[string]int{} // of rows that nothing but the name tells apart
	for r, err := range l.file.data() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return p, err
		}
		p.Total++
		c, problems := l.claimant(r)
		key := c.key()
		if first := names[c.Name]; len(problems) == 0 && key == "" && first > 0 {
			read := reader{file: l.file, row: r}
			read.fail(FieldReporter, domain.Reject("same_name", "与第%d行同名,又没有身份证号和电话,分不清是不是同一人,请补上其中一项。", first))
			problems = read.problems
		}
		if len(problems) > 0 {
			p.Bad = append(p.Bad, Bad{r.Number, problems})
			continue
		}
		p.OwedFen += c.Owed()
		if i, known := index[key]; known && key != "" {
			p.Claimants[i].Items = append(p.Claimants[i].Items, c.Items...)
			continue
		}
		if key == "" {
			names[c.Name] = r.Number
		} else {
			index[key] = len(p.Claimants)
		}
		p.Claimants = append(p.Claimants, c)
	}
	if p.Total == 0 {
		return p, domain.Reject("no_rows", "表里只有列名,没有数据。")
	}
	return p, nil
}

// WriteBad writes the rows that are to be corrected; see File.WriteBad.
func (l *Roster) WriteBad(w io.Writer, bad []Bad) error { return l.file.WriteBad(w, bad) }

func (l *Roster) claimant(r sheet.Row) (Claimant, []sheet.Problem) {
	read := reader{file: l.file, row: r}
	c := Claimant{Row: r.Number, Name: read.line(FieldReporter)}
	item := complaint.ClaimItem{Kind: complaint.ItemWage}
	take(&read, FieldIDNo, &c.IDNo, idNo)
	take(&read, FieldPhone, &c.Phone, phone)
	take(&read, FieldItem, &item.Kind, itemKind)
	take(&read, FieldAmount, &item.OwedFen, func(c sheet.Cell) (domain.Fen, error) { return c.Amount(read.heading(FieldAmount)) })
	item.From, item.To = read.period()
	if n := len([]rune(c.Name)); (n == 0 || n > 50) && !read.failed[FieldReporter] {
		read.fail(FieldReporter, domain.Reject("bad_name", "请填写姓名(不超过50个字)。"))
	}
	if strings.Contains(c.Name, "*") && !read.failed[FieldReporter] {
		// An export that was masked comes back: nobody is called so.
		read.fail(FieldReporter, domain.Reject("masked_name", "姓名里有星号,是遮挡后的写法,请改为全名。"))
	}
	if item.OwedFen == 0 && !read.failed[FieldAmount] {
		read.fail(FieldAmount, domain.Reject("amount_missing", "请填写所欠金额,必须大于0。"))
	}
	if today := domain.DateOf(l.file.now()); item.From.After(today) {
		read.fail(FieldFrom, domain.Reject("date_in_future", "欠薪开始日期%s在今天之后,请改正。", item.From))
	}
	c.Items = []complaint.ClaimItem{item}
	return c, read.problems
}

func itemKind(c sheet.Cell) (complaint.ItemKind, error) {
	s, err := c.Line()
	if err != nil {
		return "", err
	}
	list := complaint.ItemKinds()
	for _, k := range list.All() {
		if label := list.Label(k); s == string(k) || s == label || slices.Contains(strings.Split(label, "/"), s) {
			return k, nil
		}
	}
	return "", list.Check(complaint.ItemKind(s))
}

// key tells people apart; it is empty when nothing but the name is known.
func (c Claimant) key() string { return personKey(c.Name, c.IDNo, c.Phone) }

func personKey(name, idNo, phone string) string {
	switch {
	case idNo != "":
		return "id " + idNo
	case phone != "":
		return "phone " + name + " " + phone
	}
	return ""
}

// Clerk carries out what a roster needs; casework.Service is one.
type Clerk interface {
	NewPerson(ctx context.Context, p person.Register, r casework.Request) (uuid.UUID, eventstore.Head, error)
	Do(ctx context.Context, id uuid.UUID, cmd complaint.Command, r casework.Request) (eventstore.Head, error)
}

// RosterReport is what became of a roster.
type RosterReport struct {
	Added   int
	Existed int // in the ledger already
	Bad     []Bad
}

// Store enters the claimants into the ledger of a case. Lines is the ledger as
// it is: who stands in it stays as he is. Repeating it adds nobody twice; a run
// that was killed is finished by the next.
func (l *Roster) Store(ctx context.Context, clerk Clerk, caseID uuid.UUID, actor domain.Actor, lines []Line) (RosterReport, error) {
	plan, err := l.Preview(ctx)
	if err != nil {
		return RosterReport{}, err
	}
	report := RosterReport{Bad: plan.Bad}
	have := map[string]bool{}
	for _, line := range lines {
		have[line.key()] = true
	}
	digest := plan.digest()
	chunks := slices.Collect(slices.Chunk(plan.Claimants, chunkRows))
	for i, chunk := range chunks {
		cmd := &complaint.ImportClaimants{FileSHA256: digest, Chunk: i + 1, Chunks: len(chunks)}
		for _, c := range chunk {
			if have[c.ledgerKey()] {
				report.Existed++
				continue
			}
			who, err := l.person(ctx, clerk, caseID, digest, c, actor)
			if err != nil {
				return report, err
			}
			cmd.Rows = append(cmd.Rows, complaint.NewClaimant{PersonID: who, Items: c.Items})
		}
		if len(cmd.Rows) == 0 {
			continue
		}
		if _, err := clerk.Do(ctx, caseID, cmd, l.request(caseID, digest, "chunk", i, actor)); err != nil {
			return report, fmt.Errorf("import claimants %d/%d: %w", i+1, len(chunks), err)
		}
		report.Added += len(cmd.Rows)
	}
	return report, nil
}

// person puts a claimant on file. The id follows from the list and the row, not
// from the ID number: ids stand in the names of streams.
func (l *Roster) person(ctx context.Context, clerk Clerk, caseID uuid.UUID, digest string, c Claimant, actor domain.Actor) (uuid.UUID, error) {
	register := person.Register{Identity: person.Identity{Name: c.Name, IDNo: c.IDNo}, Contact: person.Contact{Phone: c.Phone}}
	id, _, err := clerk.NewPerson(ctx, register, l.request(caseID, digest, "person", c.Row, actor))
	if err != nil {
		return id, fmt.Errorf("claimant of row %d: %w", c.Row, err)
	}
	return id, nil
}

func (l *Roster) request(caseID uuid.UUID, digest, what string, n int, actor domain.Actor) casework.Request {
	name := fmt.Sprintf("%s %s %s %d", caseID, digest, what, n)
	return casework.Request{CommandID: uuid.NewSHA1(importSpace, []byte(name)), Actor: actor, Channel: "import", At: l.file.now()}
}

// digest is the content of the list.
func (p RosterPlan) digest() string {
	h := sha256.New()
	for _, c := range p.Claimants {
		fmt.Fprintf(h, "%d %q %q %q %+v\n", c.Row, c.Name, c.IDNo, c.Phone, c.Items)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ledgerKey is key, or the name of somebody of whom nothing else is known.
func (c Claimant) ledgerKey() string { return Line{Name: c.Name, IDNo: c.IDNo, Phone: c.Phone}.key() }

// Line is one line of the ledger of a case, for export and for comparison with a
// roster. A claimant with several items has a line for each; what was verified
// and paid stands in the first.
type Line struct {
	No       int
	Name     string
	IDNo     string
	Phone    string
	Item     string // what is owed, in words
	From, To domain.Date
	Claimed  domain.Fen
	Verified domain.Fen
	Paid     domain.Fen
	Outcome  complaint.Outcome
}

func (l Line) key() string {
	if key := personKey(l.Name, l.IDNo, l.Phone); key != "" {
		return key
	}
	return "name " + l.Name
}

// WriteLedger writes the ledger of a case with a mark of who takes it out. The file
// can be filled in and imported as a roster, unless its names are masked.
func WriteLedger(w io.Writer, format sheet.Format, lines []Line, mark string) error {
	columns := []sheet.Column{
		{Heading: "序号", Width: 6},
		{Heading: "姓名", Width: 12},
		{Heading: "身份证号", Width: 22},
		{Heading: "电话", Width: 15},
		{Heading: "项目", Width: 16},
		{Heading: "欠薪起", Width: 12},
		{Heading: "欠薪止", Width: 12},
		{Heading: "金额(元)", Width: 14},
		{Heading: "核定(元)", Width: 14},
		{Heading: "到账(元)", Width: 14},
		{Heading: "尚欠(元)", Width: 14},
		{Heading: "结论", Width: 14},
	}
	rows := func(yield func([]any) bool) {
		for _, l := range lines {
			outcome := ""
			if l.Outcome != "" {
				outcome = l.Outcome.Label()
			}
			due := max(0, l.Verified-l.Paid)
			if !yield([]any{l.No, l.Name, l.IDNo, l.Phone, l.Item, l.From, l.To, l.Claimed, l.Verified, l.Paid, due, outcome}) {
				return
			}
		}
	}
	return sheet.WriteMarked(w, format, "诉求人名册", columns, rows, mark)
}
