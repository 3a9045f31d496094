package e2e_test

import (
	"strings"
	"testing"

	"hearth/adapters/web/browsertest"
)

// TestEnterpriseAndSearch finds people by a rare character and enterprises by two
// characters, and opens what is found.
func TestEnterpriseAndSearch(t *testing.T) {
	t.Parallel()
	o := demo(t).signIn(t, "dispatch")
	o.Fill("#search", "𠮷祥")
	o.Press("\r")
	o.Wait(`location.pathname === "/search" && document.querySelector(".hits mark")?.textContent.includes("*")`)
	if strings.Contains(o.Text(".hits"), "𠮷祥") {
		t.Error("what was found has the name in the clear")
	}
	o.CheckAxe()
	o.Fill("main [name=q]", "锦程")
	o.Follow("main form .primary")
	o.want(".hits", "高平市锦程服装有限公司")
	o.Follow(`.hits a[href^="/enterprises/"]`)
	o.want("h1", "高平市锦程服装有限公司")
	o.want(".tiles", "投诉")
	o.Screenshot("e2e-enterprise", browsertest.Desktop)
	o.CheckAxe()
	if o.Has("#enterprise [data-row]") {
		o.Follow("#enterprise [data-row]")
		o.want("main", "高平市锦程服装有限公司")
	}
	o.open("/enterprises")
	o.fill("main form[action='/enterprises/find']", "q", "zzlpslc") // by the first letters of its pinyin
	o.Follow("main form[action='/enterprises/find'] .primary")
	o.want("main", "泽州县连坡石料厂")
}

// TestDeadlines shows what is due, most urgent first, each with its basis.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	o := demo(t).signIn(t, "head.cq")
	o.open("/deadlines")
	o.want("#deadlines", "办理")
	o.Screenshot("e2e-deadlines", browsertest.Desktop)
	o.CheckAxe()
	o.Follow("#deadlines [data-row]")
	o.want("h1", "晋工诉")
}

// TestCalendarNotice has the system admin enter the notice of a year to come.
func TestCalendarNotice(t *testing.T) {
	t.Parallel()
	app := demo(t)
	o := app.signIn(t, "admin")
	o.open("/calendar")
	o.Follow(`main a[href="/calendar/notice"]`)
	o.fill("main form[action='/calendar/notice']", "text", "放假,2031-13-01,2031-01-03,元旦")
	o.Follow("main form[action='/calendar/notice'] .primary")
	o.want("#problem", "没有办成")
	o.fill("main form[action='/calendar/notice']", "text", notice2031)
	o.Follow("main form[action='/calendar/notice'] .primary")
	o.want("main", "2031年,将这样执行")
	o.CheckAxe()
	o.Follow("main form[action='/calendar/publish'] .primary")
	o.want("main", "测试用放假通知")
	o.want("main", "元旦")
	o.Screenshot("e2e-calendar", browsertest.Desktop)
	o.CheckAxe()
}

// notice2031 is invented.
const notice2031 = `来源,测试用放假通知〔2031〕1号
放假,2031-01-01,2031-01-03,元旦
上班,2031-01-05
放假,2031-01-22,2031-01-28,春节
放假,2031-04-05,2031-04-06,清明节
放假,2031-05-01,2031-05-03,劳动节
放假,2031-06-24,2031-06-24,端午节
放假,2031-10-01,2031-10-07,国庆节
法定,2031-01-01,元旦
法定,2031-01-22,春节
法定,2031-01-23,春节
法定,2031-01-24,春节
法定,2031-01-25,春节
法定,2031-04-05,清明节
法定,2031-05-01,劳动节
法定,2031-05-02,劳动节
法定,2031-06-24,端午节
法定,2031-10-01,国庆节
法定,2031-10-02,国庆节
法定,2031-10-03,国庆节
`

// TestOperations shows the admin that all is well.
func TestOperations(t *testing.T) {
	t.Parallel()
	o := demo(t).signIn(t, "admin")
	o.open("/ops")
	o.want("main", "一切正常")
	for _, model := range []string{"案件", "全程留痕", "人员", "单位", "搜索"} {
		o.want("main", model)
	}
	o.CheckAxe()
	o.open("/complaints") // those who run the system see no cases
	o.want("main", "您的岗位不能打开这里")
}
