package importer

import (
	"regexp"

	"hearth/domain/complaint"
)

// topic is what a message can be about, with the words that show it. The order
// decides between topics of equal weight.
type topic struct {
	category  complaint.Category
	label     string
	words     []string
	without   []string // terms that hold a word of the topic and mean something else
	elsewhere bool     // another body's business: what is ours in the same subject goes first
}

// topics are looked for besides wage arrears, which has patterns of its own. The
// last three are no concern of a union: such messages go to the competent body.
func topics() []topic {
	return []topic{
		{complaint.CategoryInjury, "工伤/职业病", []string{
			"工伤", "工亡", "职业病", "尘肺", "因工负伤", "因工受伤", "因工死亡", "因工致残", "因公负伤", "因公受伤", "工地受伤", "工地摔", "民工受伤", "劳动能力鉴定",
		}, []string{"工伤保险", "工伤险", "工伤管理中心", "工伤中心"}, false},
		{complaint.CategoryWomenMinors, "女职工/未成年工", []string{
			"孕妇", "孕期", "怀孕", "产假", "哺乳", "女职工", "女性专业技术人员", "女专业技术人员", "童工", "未成年工",
		}, nil, false},
		{complaint.CategoryOvertime, "加班/最低工资", []string{
			"加班", "最低工资", "超时", "延长工作时间", "延长劳动时间", "年假", "年休假", "带薪休假", "高温费", "高温津贴", "八小时以外", "节假日",
		}, nil, false},
		{complaint.CategoryContract, "劳动合同/解除", []string{
			"劳动合同", "劳动关系", "辞职", "辞退", "解雇", "解聘", "开除公职", "非法用工", "劳务派遣", "同工不同酬", "经济补偿", "双倍工资", "二倍工资",
			"试用期", "内退", "离职", "自离",
		}, nil, false},
		{complaint.CategoryUnionRights, "工会权益", []string{"工会法", "工会经费", "工会福利", "入会", "困难职工"}, nil, false},
		{complaint.CategoryDemocracy, "民主管理", []string{"职代会", "职工代表大会", "职工大会", "厂务公开", "集体合同"}, nil, false},
		{complaint.CategorySafety, "劳动安全", []string{
			"安全防护", "安全隔离", "安全帽", "工作环境", "工作场所", "劳动保护", "安全生产", "生产安全", "职业危害",
		}, nil, false},
		{complaint.CategorySocialSecurity, "社保", []string{
			"社保", "社会保险", "养老保险", "医疗保险", "医保", "失业保险", "失业金", "生育保险", "五险", "公积金", "新农合", "农合",
			"退休金", "养老金", "退休工资", "退休待遇", "退休政策", "退休手续", "病退", "抚恤金", "工伤保险", "工伤险", "工伤管理中心",
		}, nil, false},
		{complaint.CategoryOther, topicJobs, []string{"就业培训", "再就业", "职业培训", "技能培训", "技能鉴定", "职业资格", "教练员等级"}, nil, true},
		{complaint.CategoryOther, topicPay, []string{
			"福利待遇", "工资待遇", "工资福利", "涨工资", "工资调整", "工资标准", "13个月工资", "十三个月工资", "职级", "基础工资",
		}, []string{"最低工资"}, true},
	}
}

const (
	topicJobs = "就业培训"
	topicPay  = "工资福利标准"
)

// unpaidInsurance are the ways in which people say that an employer does not pay
// for their insurance: a matter for us and not for the insurance office.
func unpaidInsurance() []*regexp.Regexp {
	const insurance = `(?:社保|社会保险|保险|工伤险|意外险|四险|五险|公积金|医保)`
	return []*regexp.Regexp{
		regexp.MustCompile(`(?:没有|没|未|不|不肯|拒绝|从未|少)(?:按照?|帮|给|为|跟|替)?[^，。]{0,14}?(?:买|交|缴|购买|缴纳|投保)[^，。]{0,12}?` + insurance),
		regexp.MustCompile(insurance + `(?:基金)?[^，。]{0,10}?(?:没有|没|未|不)(?:给|为|帮)?[^，。]{0,6}?(?:买|交|缴|购买|投保)`),
		regexp.MustCompile(`(?:欠缴|欠交|拖欠)[^，。]{0,12}?` + insurance + `|还我们?五险`),
	}
}

// arrears are the ways in which people say that wages are not paid. They look
// within one sentence; the noun and the verb must stand close together.
func arrears() []*regexp.Regexp {
	const pay = `(?:工资|薪水|薪资|薪金|薪酬|工钱|血汗钱|劳务费|人工费|劳动报酬|底薪|工人安装款)`
	list := []string{
		`(?:拖欠|欠付|欠发|欠着|欠了|克扣|拒付|拒发|拒不支付|拒绝支付|恶意欠|无故扣)[^，。]{0,24}?` + pay,
		pay + `[^，。]{0,10}?(?:没有|没|未|不|分文未|一分未|被拖欠|被克扣)[^，。]{0,3}?(?:发|付|给|结清|兑现|到位|着落)`,
		`(?:不|没有|没|未|从未|停止|再也不)(?:再|能|曾)?(?:给|向)?[^，。]{0,6}?(?:发|支付|付|结清|结算|兑现)[^，。]{0,8}?` + pay,
		pay + `[^，。]{0,10}?(?:拖欠|被欠|欠着)`,
		`(?:工资|薪水|工钱)(?:都|也|全|一分)(?:没有|没了)(?:，|$)|(?:工资|薪水|工钱)(?:都|也|全|一分)(?:没拿到|没给|没发|不给|拿不到)`,
		`扣(?:除|掉|光|发)了?[^，。]{0,16}?` + pay + `|扣[^，。]{0,12}?(?:全部|所有|基本)的?工资`,
		`工资[^。]{0,40}?分文(?:不|未|没)发`,
		`(?:延迟|推迟|拖延|迟迟不|拖着不|不按时|不及时|未按时|未及时)(?:发|支付)放?(?:工资|薪|钱)`,
		`欠薪|讨薪|讨要[^，。]{0,8}?` + pay + `|追讨[^，。]{0,8}?` + pay + `|拿不到` + pay + `|还[^，。]{0,6}?的血汗钱|(?:讨|要)回` + pay,
	}
	out := make([]*regexp.Regexp, len(list))
	for i, p := range list {
		out[i] = regexp.MustCompile(p)
	}
	return out
}

// payWords: one of them stands in every sentence that speaks of wages; others
// are not searched.
func payWords() []string {
	return []string{"工资", "薪", "工钱", "血汗钱", "劳务费", "人工费", "报酬", "安装款", "发钱"}
}
