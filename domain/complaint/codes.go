package complaint

import "hearth/domain"

// Phase is 环节: where the whole case stands. Everything finer is a track.
type Phase string

// The phases (环节).
const (
	PhaseNone               Phase = ""                    // 尚未登记
	PhaseRegistered         Phase = "registered"          // 已登记
	PhaseAwaitingSupplement Phase = "awaiting_supplement" // 待补正
	PhaseAccepted           Phase = "accepted"            // 已受理
	PhaseInProgress         Phase = "in_progress"         // 办理中
	PhaseAwaitingClosure    Phase = "awaiting_closure"    // 待结案审批
	PhaseClosed             Phase = "closed"              // 已办结
	PhaseArchived           Phase = "archived"            // 已归档
	PhaseNotAccepted        Phase = "not_accepted"        // 不予受理
	PhaseTransferredOut     Phase = "transferred_out"     // 已转出
	PhaseWithdrawn          Phase = "withdrawn"           // 已撤回
	PhaseMerged             Phase = "merged"              // 已并案
)

var phases = domain.NewCodes[Phase]("环节",
	"registered", "已登记", "awaiting_supplement", "待补正", "accepted", "已受理",
	"in_progress", "办理中", "awaiting_closure", "待结案审批", "closed", "已办结",
	"archived", "已归档", "not_accepted", "不予受理", "transferred_out", "已转出",
	"withdrawn", "已撤回", "merged", "已并案")

// Label is the Chinese name of the phase.
func (p Phase) Label() string {
	if p == PhaseNone {
		return "尚未登记"
	}
	return phases.Label(p)
}

// Phases is the list of phases (环节).
func Phases() domain.Codes[Phase] { return phases }

// Channel is 渠道: how the complaint reached us.
type Channel string

// The channels (渠道).
const (
	ChannelHotline     Channel = "hotline"
	ChannelWalkIn      Channel = "walk_in"
	ChannelLetter      Channel = "letter"
	ChannelWeb         Channel = "web"
	ChannelWechat      Channel = "wechat"
	ChannelT12345      Channel = "t12345"
	ChannelPlatform    Channel = "platform"
	ChannelUpper       Channel = "upper"
	ChannelWarning     Channel = "warning"
	ChannelInspection  Channel = "inspection"
	ChannelMobilePoint Channel = "mobile_point"
	ChannelLeader      Channel = "leader"
)

var channels = domain.NewCodes[Channel]("渠道",
	"hotline", "12351电话", "walk_in", "来访", "letter", "来信", "web", "网上", "wechat", "微信(人工代录)",
	"t12345", "12345转办", "platform", "根治欠薪平台转办", "upper", "上级交办", "warning", "信息员预警",
	"inspection", "检查发现", "mobile_point", "流动服务站", "leader", "领导批示")

// Label is the Chinese name of the channel.
func (c Channel) Label() string { return channels.Label(c) }

// Channels is the list of channels (渠道).
func Channels() domain.Codes[Channel] { return channels }

// Category is 诉求类别: what the complaint is about.
type Category string

// The categories (诉求类别).
const (
	CategoryWageArrears    Category = "wage_arrears"
	CategoryOvertime       Category = "overtime_min_wage"
	CategoryContract       Category = "contract"
	CategorySocialSecurity Category = "social_insurance"
	CategoryInjury         Category = "injury"
	CategoryWomenMinors    Category = "women_minors"
	CategorySafety         Category = "safety"
	CategoryUnionRights    Category = "union_rights"
	CategoryDemocracy      Category = "democratic_management"
	CategoryConsultation   Category = "consultation"
	CategorySuggestion     Category = "suggestion"
	CategoryUnionStaff     Category = "union_staff" // restricted from the start
	CategoryOther          Category = "other"       // outside the union's duties: registered, then redirected
)

var categories = domain.NewCodes[Category]("诉求类别",
	"wage_arrears", "欠薪", "overtime_min_wage", "加班/最低工资", "contract", "劳动合同/解除",
	"social_insurance", "社保", "injury", "工伤/职业病", "women_minors", "女职工/未成年工",
	"safety", "劳动安全", "union_rights", "工会权益", "democratic_management", "民主管理",
	"consultation", "咨询", "suggestion", "意见建议", "union_staff", "涉工会人员", "other", "其他(非工会职责)")

// Label is the Chinese name of the category.
func (c Category) Label() string { return categories.Label(c) }

// Categories is the list of categories (诉求类别).
func Categories() domain.Codes[Category] { return categories }

// TimeClass is 办理类别: how much time the handling may take.
type TimeClass string

// The time classes (办理类别).
const (
	ClassConsultation TimeClass = "consultation"
	ClassGeneral      TimeClass = "general"
	ClassDifficult    TimeClass = "difficult"
	ClassComplex      TimeClass = "complex"
)

var timeClasses = domain.NewCodes[TimeClass]("办理类别",
	"consultation", "咨询求助", "general", "一般", "difficult", "疑难", "complex", "特别复杂")

// Label is the Chinese name of the time class.
func (c TimeClass) Label() string { return timeClasses.Label(c) }

// TimeClasses is the list of time classes (办理类别).
func TimeClasses() domain.Codes[TimeClass] { return timeClasses }

// RefusalReason is 不予受理原因.
type RefusalReason string

// The refusal reasons (不予受理原因).
const (
	RefusalOutOfScope   RefusalReason = "out_of_scope"
	RefusalInProcedure  RefusalReason = "in_procedure"
	RefusalOver2Years   RefusalReason = "over_2_years"
	RefusalNoRespondent RefusalReason = "no_respondent"
	RefusalNotTrue      RefusalReason = "not_true"
)

var refusalReasons = domain.NewCodes[RefusalReason]("不予受理原因",
	"out_of_scope", "不属于受理范围", "in_procedure", "已进入仲裁诉讼或监察程序", "over_2_years", "超过两年查处时效",
	"no_respondent", "被诉主体不明且未补正", "not_true", "反映情况不属实")

// Label is the Chinese name of the refusal reason.
func (r RefusalReason) Label() string { return refusalReasons.Label(r) }

// RefusalReasons is the list of refusal reasons (不予受理原因).
func RefusalReasons() domain.Codes[RefusalReason] { return refusalReasons }

// Agency is 承接机关: a body outside the union that cases and referrals go to.
type Agency string

// The agencies (承接机关).
const (
	AgencyLabour      Agency = "labour_inspection"
	AgencyArbitration Agency = "arbitration"
	AgencyCourt       Agency = "court"
	AgencyPolice      Agency = "police"
	AgencyHousing     Agency = "housing"
	AgencyLegalAid    Agency = "legal_aid"
	AgencyCivil       Agency = "civil_affairs"
	AgencyProcurator  Agency = "procuratorate"
	Agency12345       Agency = "t12345"
	AgencyOtherUnion  Agency = "other_union"
	AgencyOther       Agency = "other"
)

var agencies = domain.NewCodes[Agency]("承接机关",
	"labour_inspection", "人社劳动监察", "arbitration", "劳动人事争议仲裁委", "court", "人民法院", "police", "公安机关",
	"housing", "住建部门", "legal_aid", "法律援助中心", "civil_affairs", "民政部门", "procuratorate", "人民检察院",
	"t12345", "12345热线", "other_union", "其他工会", "other", "其他主管部门")

// Label is the Chinese name of the agency.
func (a Agency) Label() string { return agencies.Label(a) }

// Agencies is the list of agencies (承接机关).
func Agencies() domain.Codes[Agency] { return agencies }

// DuplicateKey is 重复依据: what two complaints have in common.
type DuplicateKey string

// The duplicate keys (重复依据).
const (
	KeyReporter   DuplicateKey = "reporter"
	KeyEmployer   DuplicateKey = "employer_months"
	KeyText       DuplicateKey = "text"
	KeyExternalNo DuplicateKey = "external_no"
)

var duplicateKeys = domain.NewCodes[DuplicateKey]("重复依据",
	"reporter", "同一反映人90日内", "employer_months", "同一单位且欠薪月份重叠", "text", "内容相近", "external_no", "外部编号相同")

// Label is the Chinese name of the duplicate key.
func (k DuplicateKey) Label() string { return duplicateKeys.Label(k) }

// DuplicateKeys is the list of duplicate keys (重复依据).
func DuplicateKeys() domain.Codes[DuplicateKey] { return duplicateKeys }

// RiskLevel is 风险等级, from blue up to red; none is the empty level.
type RiskLevel string

// The risk levels (风险等级).
const (
	RiskNone   RiskLevel = ""
	RiskBlue   RiskLevel = "blue"
	RiskYellow RiskLevel = "yellow"
	RiskOrange RiskLevel = "orange"
	RiskRed    RiskLevel = "red"
)

var riskLevels = domain.NewCodes[RiskLevel]("风险等级", "blue", "蓝色", "yellow", "黄色", "orange", "橙色", "red", "红色")

// Label is the Chinese name of the risk level.
func (l RiskLevel) Label() string {
	if l == RiskNone {
		return "无"
	}
	return riskLevels.Label(l)
}

// Above reports whether l is more serious than o.
func (l RiskLevel) Above(o RiskLevel) bool { return riskLevels.Index(l) > riskLevels.Index(o) }

// RiskLevels is the list of risk levels (风险等级).
func RiskLevels() domain.Codes[RiskLevel] { return riskLevels }

// Flag is 风险情形: what makes a case dangerous.
type Flag string

// The flags (风险情形).
const (
	FlagTenOrMore    Flag = "ten_or_more"
	FlagThirtyOrMore Flag = "thirty_or_more"
	FlagAbsconded    Flag = "absconded"
	FlagExtreme      Flag = "extreme"
	FlagStoppage     Flag = "stoppage"
	FlagMedia        Flag = "media"
	FlagHoliday      Flag = "major_holiday"
)

var flags = domain.NewCodes[Flag]("风险情形",
	"ten_or_more", "10人以上", "thirty_or_more", "30人以上", "absconded", "欠薪逃匿", "extreme", "极端倾向",
	"stoppage", "停工聚集", "media", "媒体关注", "major_holiday", "重大节日前后")

// Label is the Chinese name of the flag.
func (f Flag) Label() string { return flags.Label(f) }

// Level is the risk level that the flag alone gives.
func (f Flag) Level() RiskLevel {
	switch f {
	case FlagThirtyOrMore, FlagAbsconded, FlagExtreme:
		return RiskRed
	case FlagTenOrMore, FlagStoppage, FlagMedia:
		return RiskOrange
	default:
		return RiskYellow
	}
}

// Flags is the list of flags (风险情形).
func Flags() domain.Codes[Flag] { return flags }

// ReturnReason is 退单原因.
type ReturnReason string

// The return reasons (退单原因).
const (
	ReturnNotOurs    ReturnReason = "not_our_area"
	ReturnNotDuty    ReturnReason = "not_our_duty"
	ReturnUnclear    ReturnReason = "unclear"
	ReturnDuplicate  ReturnReason = "duplicate"
	ReturnOtherOrder ReturnReason = "other"
)

var returnReasons = domain.NewCodes[ReturnReason]("退单原因",
	"not_our_area", "不属本辖区", "not_our_duty", "不属本单位职责", "unclear", "信息不清无法办理", "duplicate", "重复交办", "other", "其他")

// Label is the Chinese name of the return reason.
func (r ReturnReason) Label() string { return returnReasons.Label(r) }

// ReturnReasons is the list of return reasons (退单原因).
func ReturnReasons() domain.Codes[ReturnReason] { return returnReasons }

// Relation is 利害关系: why an officer must stand back from a case.
type Relation string

// The relations (利害关系).
const (
	RelationSpouse   Relation = "spouse"
	RelationParent   Relation = "parent"
	RelationChild    Relation = "child"
	RelationSibling  Relation = "sibling"
	RelationInLaw    Relation = "in_law"
	RelationSameUnit Relation = "same_unit"
	RelationInterest Relation = "interest"
)

var relations = domain.NewCodes[Relation]("利害关系",
	"spouse", "配偶", "parent", "父母", "child", "子女", "sibling", "兄弟姐妹", "in_law", "其他近姻亲",
	"same_unit", "同单位(含三年内)", "interest", "利害关系")

// Label is the Chinese name of the relation.
func (r Relation) Label() string { return relations.Label(r) }

// Relations is the list of relations (利害关系).
func Relations() domain.Codes[Relation] { return relations }

// LinkRelation is 关联关系: how two complaints belong together.
type LinkRelation string

// The link relations (关联关系).
const (
	LinkSameEmployer LinkRelation = "same_employer"
	LinkSameWorker   LinkRelation = "same_worker"
	LinkFollowUp     LinkRelation = "follow_up"
	LinkMergedFrom   LinkRelation = "merged_from" // written by TakeOver only
)

var linkRelations = domain.NewCodes[LinkRelation]("关联关系",
	"same_employer", "同一单位", "same_worker", "同一劳动者", "follow_up", "后续反映", "merged_from", "并入本案")

// Label is the Chinese name of the link relation.
func (r LinkRelation) Label() string { return linkRelations.Label(r) }

// LinkRelations is the list of link relations (关联关系).
func LinkRelations() domain.Codes[LinkRelation] { return linkRelations }

// RestrictReason is 限制查看原因.
type RestrictReason string

// The restriction reasons (限制查看原因).
const (
	RestrictUnionStaff  RestrictReason = "union_staff"
	RestrictWhistleblow RestrictReason = "whistleblower"
)

var restrictReasons = domain.NewCodes[RestrictReason]("限制查看原因", "union_staff", "涉工会人员", "whistleblower", "举报人保护")

// Label is the Chinese name of the restriction reason.
func (r RestrictReason) Label() string { return restrictReasons.Label(r) }

// RestrictReasons is the list of restriction reasons (限制查看原因).
func RestrictReasons() domain.Codes[RestrictReason] { return restrictReasons }
