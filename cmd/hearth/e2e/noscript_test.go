package e2e_test

import "testing"

// TestWithoutScript takes a call down, finds its respondent and accepts it in
// browsers that run no script.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	app := demo(t)
	o := app.signIn(t, "hotline")
	o.WithoutScript(true)
	o.open("/desk")
	o.fill("#intake", "phone", "不是电话", "name", "毋脚本", "employer", "无脚本路修理厂", "category", "wage_arrears", "area", "jc-gp",
		"owed", "３．５万", "summary", "修理工三个月工资没有发")
	o.Follow("#intake .primary")
	o.want("#problem", "没有办成")
	if got := o.value("#intake [name=summary]"); got != "修理工三个月工资没有发" {
		t.Errorf("after the refusal the summary reads %q", got)
	}
	o.fill("#intake", "phone", "139-0356-0103")
	o.Follow("#intake .primary")
	o.want("main", "请告诉来电人")
	id := caseOf(o.Path())

	d := app.signIn(t, "dispatch")
	d.WithoutScript(true)
	d.open("/complaints/" + id)
	d.Follow(`main a[href$="/do/identify_respondent"]`)
	d.Follow(commandForm + " .primary")
	d.want("#problem", "没有办成") // no such enterprise yet
	d.fill(commandForm, "enterprise_id_new", "1")
	d.send("identify_respondent")
	d.do(id, "accept", "time_class", "general", "handling_org", "jc-gp")
	d.want("main", "已受理")
	d.want("main", "35,000")
}
