package complaint

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hearth/domain"
)

// maxText is the longest free text, in characters.
const maxText = 10_000

// maxAmount keeps slips of the keyboard, and overflow, out of the ledger.
const maxAmount = domain.Fen(100_000_000_000) // 10 亿元

// first is the first error of several checks.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// text demands a text.
func text(name, v string) error {
	if strings.TrimSpace(v) == "" {
		return domain.Reject("text_missing", "请填写%s。", name)
	}
	return optionalText(name, v)
}

func optionalText(name, v string) error {
	if n := utf8.RuneCountInString(v); n > maxText {
		return domain.Reject("text_too_long", "%s有%d字,最多%d字,请精简,或作为附件上传。", name, n, maxText)
	}
	if !utf8.ValidString(v) {
		return domain.Reject("text_unreadable", "%s里有无法识别的字符,请重新输入。", name)
	}
	return nil
}

// amount demands more than nothing.
func amount(name string, v domain.Fen) error {
	if v <= 0 {
		return domain.Reject("amount_missing", "%s必须大于0,请填写金额。", name)
	}
	return optionalAmount(name, v)
}

func optionalAmount(name string, v domain.Fen) error {
	if v < 0 {
		return domain.Reject("amount_negative", "%s不能小于0,请改正。", name)
	}
	if v > maxAmount {
		return domain.Reject("amount_too_large", "%s为%s元,超过10亿元,请核对是否多输了位数。", name, v)
	}
	return nil
}

// pastDate demands a date that is not in the future.
func (d *decision) pastDate(name string, on domain.Date) error {
	if on.IsZero() {
		return domain.Reject("date_missing", "请填写%s。", name)
	}
	if today := domain.DateOf(d.by.At); on.After(today) {
		return domain.Reject("date_in_future", "%s%s在今天(%s)之后,请改正。", name, on, today)
	}
	return nil
}

// futureDate demands a date that is not over.
func (d *decision) futureDate(name string, on domain.Date) error {
	if on.IsZero() {
		return domain.Reject("date_missing", "请填写%s。", name)
	}
	if today := d.today(); on.Before(today) {
		return domain.Reject("date_over", "%s%s已经过去,请填写今天(%s)或以后的日期。", name, on, today)
	}
	return nil
}

func (d *decision) futureTime(name string, at time.Time) error {
	if !at.After(d.at()) {
		return domain.Reject("time_over", "%s须在现在之后,请改正。", name)
	}
	return nil
}

func period(name string, from, to domain.Date) error {
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return domain.Reject("period_reversed", "%s的起止日期颠倒:%s晚于%s,请改正。", name, from, to)
	}
	return nil
}

// proof demands evidence of the kinds, if any are named.
func proof(what string, list []Evidence, kinds ...EvidenceKind) error {
	if len(list) == 0 {
		return domain.Reject("evidence_missing", "%s必须有证据,请至少附一项。", what)
	}
	if err := evidence(list); err != nil {
		return err
	}
	for _, e := range list {
		if len(kinds) == 0 || slices.Contains(kinds, e.Kind) {
			return nil
		}
	}
	labels := make([]string, len(kinds))
	for i, k := range kinds {
		labels[i] = k.Label()
	}
	return domain.Reject("evidence_kind", "%s须附%s,请补充后再提交。", what, strings.Join(labels, "或"))
}

func evidence(list []Evidence) error {
	for _, e := range list {
		if err := first(evidenceKinds.Check(e.Kind), optionalText("证据说明", e.Note)); err != nil {
			return err
		}
	}
	return nil
}

// digest demands a SHA-256 in hexadecimal.
func digest(name, v string) error {
	if b, err := hex.DecodeString(v); err != nil || len(b) != 32 {
		return domain.Reject("bad_digest", "%s的校验值不正确,请重新上传。", name)
	}
	return nil
}

func items(list []ClaimItem) error {
	if len(list) == 0 {
		return domain.Reject("items_missing", "诉求人至少要有一项诉求明细(项目、起止日期、金额)。")
	}
	if len(list) > 100 {
		return domain.Reject("too_many_items", "一名诉求人最多100项明细,现有%d项,请合并。", len(list))
	}
	for _, it := range list {
		err := first(itemKinds.Check(it.Kind), amount("诉求金额", it.OwedFen), period("欠薪期间", it.From, it.To))
		if err != nil {
			return err
		}
	}
	return optionalAmount("诉求合计", owed(list))
}
