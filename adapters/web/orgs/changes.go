package orgs

import (
	"hearth/adapters/casework"
	"hearth/adapters/web"
	"hearth/domain"
	"hearth/domain/orgunit"
)

// change reads a form, issues what it says, and leads back to the unit.
func (p *pages) change(q *web.Request, read func(f *web.Form) orgunit.Command, back, notice string) error {
	f, err := q.Sent()
	if err != nil {
		return err
	}
	cmd := read(f)
	if err := f.Err(); err != nil {
		return err
	}
	by := q.By(f, admins...)
	head, err := p.register.OnUnits(q.Context(), cmd, casework.Request{CommandID: f.Command, Actor: by.Actor, Channel: "web"})
	if err != nil {
		return err
	}
	return q.Done(back, head.Position, notice)
}

func (p *pages) unit(q *web.Request) string { return address + "/" + q.PathValue("code") }

// from is the date from which a change holds.
func from(f *web.Form) domain.Date {
	f.Require("from_date", "从哪一天起生效")
	return f.Date("from_date")
}

func (p *pages) found(q *web.Request) error {
	return p.change(q, func(f *web.Form) orgunit.Command {
		return &orgunit.Found{
			Code: f.Require("code", "单位代码"), Name: f.Require("name", "全称"), Short: f.Require("short", "简称"),
			Parent: q.PathValue("code"), Kind: orgunit.Kind(f.Require("kind", "类别")), FromDate: from(f),
		}
	}, p.unit(q), "已登记新成立的单位。")
}

func (p *pages) rename(q *web.Request) error {
	return p.change(q, func(f *web.Form) orgunit.Command {
		return &orgunit.Rename{Code: q.PathValue("code"), Name: f.Require("name", "全称"), Short: f.Require("short", "简称"), FromDate: from(f)}
	}, p.unit(q), "已登记更名。")
}

func (p *pages) move(q *web.Request) error {
	return p.change(q, func(f *web.Form) orgunit.Command {
		return &orgunit.Move{Code: q.PathValue("code"), To: f.Require("to", "新的上级"), FromDate: from(f), Basis: f.Require("basis", "依据的文号")}
	}, p.unit(q), "已登记隶属调整。此前的数字仍按原隶属统计。")
}

func (p *pages) dissolve(q *web.Request) error {
	return p.change(q, func(f *web.Form) orgunit.Command {
		return &orgunit.Dissolve{Code: q.PathValue("code"), FromDate: domain.DateOf(q.Now()), Basis: f.Require("basis", "依据的文号")}
	}, p.unit(q), "已登记撤销。")
}
