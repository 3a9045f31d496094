package complaints

import (
	"bytes"
	"fmt"
	"net/url"

	"hearth/adapters/casework"
	"hearth/adapters/importer"
	"hearth/adapters/sheet"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/access"
	"hearth/projections/complaints"
	"hearth/projections/text"
)

// mark is what every file says of who took it out, and when.
func (p *pages) mark(q *web.Request) string {
	as := p.auditor(q)
	return fmt.Sprintf("%s(%s,%s)于%s导出,仅限办案使用,不得外传。", q.User.Name, as.Role.Label(), q.Units().Short(q.User.Org), web.FormatTime(q.Now()))
}

// export sends a masked file, once it is stored that it is.
func (p *pages) export(q *web.Request, name string, body []byte, file access.Exported) error {
	return q.Export(p.auditor(q), q.NewCommand(), p.Casework.PolicyDigest(), name, xlsxType, body, file)
}

// params are those conditions of an export that were set, in the order of names.
// The text of a filter may be somebody's name and is never among them.
func params(v url.Values, names ...string) (list []access.Param) {
	for _, name := range names {
		for _, value := range v[name] {
			if value != "" && len(value) <= 64 {
				list = append(list, access.Param{Name: name, Value: value})
			}
		}
	}
	return list
}

// exportLedger is the ledger as a spreadsheet, with names and numbers masked.
func (p *pages) exportLedger(q *web.Request) error {
	row, err := p.find(q)
	if err != nil {
		return err
	}
	lines, err := p.ledgerLines(q, row)
	if err != nil {
		return err
	}
	for i, l := range lines {
		lines[i].Name, lines[i].IDNo, lines[i].Phone = text.MaskName(l.Name), text.MaskID(l.IDNo), text.MaskPhone(l.Phone)
	}
	var body bytes.Buffer
	if err := importer.WriteLedger(&body, sheet.XLSX, lines, p.mark(q)); err != nil {
		return err
	}
	return p.export(q, "诉求人台账 "+row.No+".xlsx", body.Bytes(), access.Exported{Query: access.QueryLedger, On: onCase(row.ID), Rows: len(lines)})
}

// clearPage asks why a ledger is to be taken out unmasked.
type clearPage struct {
	web.Page
	Row     complaints.Row
	Form    *web.Form
	Reasons domain.CodeTable
	Refusal string
}

func (p *pages) showClearLedger(q *web.Request) error {
	row, err := p.find(q)
	if err != nil {
		return err
	}
	page := &clearPage{
		Page: q.Page("导出未遮挡的台账", web.Crumb{Label: "案件", Href: "/complaints"}, web.Crumb{Label: row.No, Href: caseAddress(row.ID)}),
		Row:  row, Form: q.NewForm("clear"), Reasons: access.Reasons().Table(),
	}
	_, err = p.revealer(q, row.ID, casework.UseExportClear)
	no, refused := errorsAsRejection(err)
	if err != nil && !refused {
		return err
	}
	if refused {
		page.Refusal = no.Text
	}
	return q.Render("complaints/clear", page)
}

// exportClearLedger is the ledger as it is, for those who may take it out, once it
// is stored who does and why.
func (p *pages) exportClearLedger(q *web.Request) error {
	row, err := p.find(q)
	if err != nil {
		return err
	}
	f, err := q.Sent()
	if err != nil {
		return err
	}
	file := access.Exported{
		Query: access.QueryLedger, On: onCase(row.ID), Clear: true, Reason: access.Reason(f.Require("reason", "事由")), Note: f.Text("note"),
	}
	if file.Reason == access.ReasonOther {
		f.Require("note", "说明")
	}
	if err := f.Err(); err != nil {
		return err
	}
	as, err := p.revealer(q, row.ID, casework.UseExportClear)
	if err != nil {
		return err
	}
	lines, err := p.ledgerLines(q, row)
	if err != nil {
		return err
	}
	file.Rows = len(lines)
	var body bytes.Buffer
	if err := importer.WriteLedger(&body, sheet.XLSX, lines, p.mark(q)); err != nil {
		return err
	}
	return q.Export(as, f.Command, p.Casework.PolicyDigest(), "诉求人台账 "+row.No+".xlsx", xlsxType, body.Bytes(), file)
}
