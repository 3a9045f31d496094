package importer_test

import (
	"strings"
	"testing"

	"hearth/adapters/importer"
	"hearth/domain/complaint"
)

func TestWageArrears(t *testing.T) {
	t.Parallel()
	c := importer.NewClassifier()
	for text, words := range map[string]string{
		"老板拖欠我们三个月的工资。":               "拖欠我们三个月的工资",
		"干了半年,工资一直没有发,找谁都不管。":         "工资一直没有发",
		"厂里半年不发工资了":                   "不发工资",
		"年底了还没有给我们结清工钱":               "没有给我们结清工钱",
		"公司克扣员工底薪,大家都不敢说":             "克扣员工底薪",
		"包工头跑了,我们去讨薪被打":               "讨薪",
		"单位每月都迟迟不发工资":                 "迟迟不发工资",
		"开发商欠着工程款,农民工在工地上等着回家过年":      "欠着工程款…农民工",
		"辞职后公司说工资全没了,一分工资都没给":         "工资都没给",
		"我们干完活,拿不到血汗钱":                "拿不到血汗钱",
		"公司一季度的工资分文未发,请帮帮我们。谢谢。":      "工资分文未发",
		"扣除了全部工资和提成":                  "扣除了全部工资",
		"工资发到去年就没有了,今年的工资被拖欠到现在都没给过。": "工资被拖欠",
	} {
		f := c.Classify("", text)
		if f.Category != complaint.CategoryWageArrears || !strings.Contains(strings.Join(f.Words, " "), words) {
			t.Errorf("%s: %s %q, want 欠薪 by %q", text, f.Label, f.Words, words)
		}
	}
	for _, text := range []string{
		"我们单位从不拖欠工资,只是想问问最低工资标准",
		"工资太低了,不够养家",
		"请问产假工资怎么发放",
		"退休工资为什么没有涨",
		"公司不给加班三倍工资",
		"入职没签合同,不给双倍工资",
		"培训补贴被克扣了两百元",
		"承建商拖欠工程款,合同约定的进度款没有付",
		"他们说别的厂(那里不发工资)更差",
		"不知道工资多少才交个税",
		"中介拖欠购房尾款",
	} {
		if f := c.Classify("", text); f.Category == complaint.CategoryWageArrears {
			t.Errorf("%s: taken for 欠薪 by %q", text, f.Words)
		}
	}
}

func TestTopics(t *testing.T) {
	t.Parallel()
	c := importer.NewClassifier()
	for _, tc := range []struct {
		subject, detail string
		want            complaint.Category
		redirect        string
	}{
		{"请求认定工伤", "上班路上出了车祸。", complaint.CategoryInjury, ""},
		{"工伤保险报销", "手续太复杂", complaint.CategorySocialSecurity, "人力资源和社会保障部门(社保经办机构)"},
		{"公司不交社保", "上班两年没有给我们买保险。", complaint.CategorySocialSecurity, ""},
		{"城乡居民医保怎么交", "想问问流程。", complaint.CategorySocialSecurity, "医疗保障部门"},
		{"公积金提取", "什么条件可以提取?", complaint.CategorySocialSecurity, "住房公积金管理中心"},
		{"逼孕妇辞职", "怀孕六个月,产假不批。", complaint.CategoryWomenMinors, ""},
		{"强制加班", "每天超时,最低工资都达不到。", complaint.CategoryOvertime, ""},
		{"无故辞退", "劳动合同没有到期就辞退了。", complaint.CategoryContract, ""},
		{"职代会十年不改选", "厂务公开也没有。", complaint.CategoryDemocracy, ""},
		{"工会经费去哪了", "", complaint.CategoryUnionRights, ""},
		{"哪里有就业培训", "", complaint.CategoryOther, "人力资源和社会保障部门(就业服务)"},
		{"教师工资待遇何时调整", "", complaint.CategoryOther, "人力资源和社会保障部门(工资福利)"},
		{"想请教一件事", "不知道找谁。", complaint.CategoryConsultation, ""},
	} {
		f := c.Classify(tc.subject, tc.detail)
		to := ""
		if f.Redirect != nil {
			to = f.Redirect.Body
		}
		if f.Category != tc.want || to != tc.redirect {
			t.Errorf("%s: %s → %q by %q, want %s → %q", tc.subject, f.Category, to, f.Words, tc.want, tc.redirect)
		}
		if f.Reason() == "" || len(f.Words) == 0 && tc.want != complaint.CategoryConsultation {
			t.Errorf("%s: no reason given", tc.subject)
		}
	}
}

// TestLabourUnderOtherFields: who is not paid often writes to whoever builds.
func TestLabourUnderOtherFields(t *testing.T) {
	t.Parallel()
	c := importer.NewClassifier()
	for _, tc := range []struct {
		subject, detail string
		want            bool
	}{
		{"工地拖欠民工工资", "", true},
		{"某小区停水", "物业不管,我们打工的工资都没有发也要交水费。", true},
		{"民工在工地受伤", "没人管。", true},
		{"小区电梯坏了", "修理工因工受伤。", false},
		{"承建商拖欠工程款", "合同款没有付。", false},
		{"学校社保", "医保怎么交", false},
	} {
		if _, got := c.Labour(tc.subject, tc.detail); got != tc.want {
			t.Errorf("%s: labour %v, want %v", tc.subject, got, tc.want)
		}
	}
}
