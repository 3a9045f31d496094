package complaint

import (
	"slices"

	"hearth/domain"
)

func (c *Dispatch) decide(d *decision) error {
	if err := text("承办单位", c.ToOrg); err != nil {
		return err
	}
	d.dispatch(c.ToOrg)
	return nil
}

func (c *Sign) decide(d *decision) error {
	d.add(DispatchSigned{By: d.actor()})
	d.meet(ClockSign)
	return nil
}

func (d *decision) dispatch(org string) {
	d.add(DispatchIssued{ToOrg: org, TimeClass: d.s.TimeClass, At: d.at()})
	d.start(ClockSign, d.r.SignWithin)
}

func (c *Return) decide(d *decision) error {
	if err := first(returnReasons.Check(c.Reason), optionalText("退单说明", c.Note)); err != nil {
		return err
	}
	if c.Reason == ReturnOtherOrder {
		if err := text("退单说明", c.Note); err != nil {
			return err
		}
	}
	d.add(DispatchReturned{Reason: c.Reason, Note: c.Note, Nth: d.s.Order.Returns + 1})
	d.stop(ClockSign, "退单")
	return nil
}

func (c *Rule) decide(d *decision) error {
	if err := first(text("最终承办单位", c.FinalOrg), text("裁定理由", c.Reason)); err != nil {
		return err
	}
	d.add(DispatchRuled{FinalOrg: c.FinalOrg, By: d.actor(), Reason: c.Reason, At: d.at()})
	d.start(ClockSign, d.r.SignWithin)
	return nil
}

func (c *Assign) decide(d *decision) error {
	if err := text("经办人", c.Handler); err != nil {
		return err
	}
	switch {
	case c.Handler == d.s.Handler && c.CoHandler == d.s.CoHandler:
		return nil
	case c.Handler == c.CoHandler:
		return domain.Reject("same_handler", "经办人和协办人不能是同一人,请另选协办人。")
	case c.SiteWork && c.CoHandler == "":
		return domain.Reject("co_handler_missing", "现场工作须两人以上,请指派协办人。")
	}
	for _, user := range []string{c.Handler, c.CoHandler} {
		if err := d.fit(user, c.Conflicts); err != nil {
			return err
		}
	}
	d.add(HandlerAssigned{Handler: c.Handler, CoHandler: c.CoHandler, SiteWork: c.SiteWork})
	return nil
}

// fit refuses somebody who must stand back from the case.
func (d *decision) fit(user string, conflicts []Conflict) error {
	if user == "" {
		return nil
	}
	if slices.Contains(d.s.Recused, user) {
		return domain.Reject("recused", "所选人员已在本案回避,请指派其他人。")
	}
	for _, x := range conflicts {
		if x.User == user {
			return domain.Reject("conflict", "所选人员与本案有利害关系(%s),应当回避,请指派其他人。", x.Relation.Label())
		}
	}
	return nil
}

func (c *Recuse) decide(d *decision) error {
	if err := relations.Check(c.Relation); err != nil {
		return err
	}
	head := d.by.Actor.Role == domain.RoleOrgHead
	switch {
	case !d.s.Assigned(c.User):
		return domain.Reject("not_assigned", "所填人员不是本案经办人或协办人,不需要回避。")
	case !head && c.User != d.actor():
		return domain.Reject("not_yourself", "您只能为自己申请回避;要让他人回避,请单位负责人办理。")
	case !head && c.ReplacedBy != "":
		return domain.Reject("head_needed", "接替人由单位负责人指派,请去掉接替人再提交。")
	case d.s.Assigned(c.ReplacedBy):
		return domain.Reject("bad_replacement", "接替人已在办理本案,请另选他人。")
	}
	if err := d.fit(c.ReplacedBy, c.Conflicts); err != nil {
		return err
	}
	d.add(HandlerRecused{User: c.User, Relation: c.Relation, ReplacedBy: c.ReplacedBy})
	return nil
}
