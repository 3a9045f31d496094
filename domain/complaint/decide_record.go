package complaint

import (
	"slices"

	"hearth/domain"
)

func (c *PromiseCallback) decide(d *decision) error {
	if err := first(d.futureTime("承诺回电时间", c.DueAt), optionalText("事由", c.About)); err != nil {
		return err
	}
	d.add(CallbackPromised{DueAt: c.DueAt.UTC(), About: c.About, By: d.actor()})
	return nil
}

func (c *AddNote) decide(d *decision) error {
	if err := first(noteVisibilities.Check(c.Visibility), text("办理记录", c.Text)); err != nil {
		return err
	}
	d.add(NoteAdded{Visibility: c.Visibility, Text: c.Text})
	return nil
}

func (c *AddAttachment) decide(d *decision) error {
	if !known(c.AttachmentID) {
		return domain.Reject("attachment_missing", "请先上传附件。")
	}
	if err := evidenceKinds.Check(c.Kind); err != nil {
		return err
	}
	if c.SHA256 != "" {
		if err := digest("附件", c.SHA256); err != nil {
			return err
		}
	}
	d.add(AttachmentAdded{AttachmentID: c.AttachmentID, Kind: c.Kind, SHA256: c.SHA256})
	return nil
}

// decide also meets the first-contact clock when the worker was reached.
func (c *LogContact) decide(d *decision) error {
	err := first(parties.Check(c.With), purposes.Check(c.Purpose), contactHows.Check(c.How), optionalText("联系要点", c.Gist))
	if err != nil {
		return err
	}
	if c.Reached {
		if err := text("联系要点", c.Gist); err != nil {
			return err
		}
	}
	d.add(ContactAttempted{
		ContactNo: len(d.s.Contacts) + 1, With: c.With, Purpose: c.Purpose, How: c.How, Reached: c.Reached,
		Gist: c.Gist, RecordingID: c.RecordingID, By: d.actor(),
	})
	if c.Reached && c.With == PartyWorker {
		d.meet(ClockFirstContact)
	}
	return nil
}

func (c *Link) decide(d *decision) error {
	if err := first(linkRelations.Check(c.Relation), text("对方文号", c.OtherNo)); err != nil {
		return err
	}
	switch {
	case !known(c.OtherID):
		return domain.Reject("other_missing", "请选择要关联的投诉。")
	case c.OtherNo == d.s.No:
		return domain.Reject("same_complaint", "不能与自身关联,请选择另一件投诉。")
	case c.Relation == LinkMergedFrom:
		return domain.Reject("use_merge", "并入要用“并案”办理,不能直接关联。")
	case slices.Contains(d.s.LinkedIDs, c.OtherID):
		return nil
	}
	d.add(Linked{Relation: c.Relation, OtherID: c.OtherID, OtherNo: c.OtherNo})
	return nil
}
