package access

import "hearth/domain"

// Screen is 界面: what was opened.
type Screen string

// The screens (界面).
const (
	ScreenCase        Screen = "case"
	ScreenLedger      Screen = "case_ledger"
	ScreenClocks      Screen = "case_clocks"
	ScreenWork        Screen = "case_work"
	ScreenCalls       Screen = "case_calls"
	ScreenHints       Screen = "case_hints"
	ScreenAccess      Screen = "case_access"
	ScreenFile        Screen = "file"
	ScreenCommand     Screen = "command"
	ScreenRegistered  Screen = "registered"
	ScreenRoster      Screen = "roster"
	ScreenDesk        Screen = "desk"
	ScreenCaller      Screen = "caller"
	ScreenList        Screen = "list"
	ScreenInbox       Screen = "inbox"
	ScreenDeadlines   Screen = "deadlines"
	ScreenBoard       Screen = "board"
	ScreenBoardRows   Screen = "board_rows"
	ScreenEnterprise  Screen = "enterprise"
	ScreenEnterprises Screen = "enterprises"
	ScreenSearch      Screen = "search"
	ScreenImport      Screen = "import"
	ScreenUser        Screen = "user_access"
	ScreenPerson      Screen = "person"
	ScreenHousehold   Screen = "household"
	ScreenMerge       Screen = "person_merge"
	ScreenKin         Screen = "kin"
	ScreenErasure     Screen = "erasure"
	ScreenErasures    Screen = "erasures"
	ScreenAPIPerson   Screen = "api_person"
	ScreenAPIErasures Screen = "api_erasures"
	ScreenAPICase     Screen = "api_case"
	ScreenAPITimeline Screen = "api_timeline"
	ScreenAPIList     Screen = "api_list"
	ScreenAPICaller   Screen = "api_caller"
)

var screens = domain.NewCodes[Screen]("界面",
	"case", "案件", "case_ledger", "诉求人台账", "case_clocks", "时限", "case_work", "责任与清偿", "case_calls", "回访", "case_hints", "疑似重复",
	"case_access", "查阅记录", "file", "卷宗", "command", "办理表单", "registered", "登记回执", "roster", "花名册导入", "desk", "热线台", "caller", "来电查询",
	"list", "案件列表", "inbox", "我的待办", "deadlines", "时限一览", "board", "领导看板", "board_rows", "看板明细", "enterprise", "单位档案",
	"enterprises", "单位列表", "search", "搜索结果", "import", "导入预览", "user_access", "个人查阅记录",
	"person", "人员档案", "household", "户", "person_merge", "档案合并", "kin", "近亲属备案", "erasure", "个人信息处置", "erasures", "待审批的处置", "api_person", "接口:人员", "api_erasures", "接口:待审批的处置",
	"api_case", "接口:案件", "api_timeline", "接口:全程留痕", "api_list", "接口:案件列表", "api_caller", "接口:来电查询")

// Screens is the list of screens (界面).
func Screens() domain.Codes[Screen] { return screens }

// Label is the Chinese name of the screen.
func (s Screen) Label() string { return screens.Label(s) }

// Field is 个人信息字段: what may be shown unmasked.
type Field string

// The fields (个人信息字段). The story of a case is what was written down in it.
const (
	FieldName      Field = "name"
	FieldIDNo      Field = "id_no"
	FieldPhone     Field = "phone"
	FieldAddress   Field = "address"
	FieldAccount   Field = "account"
	FieldNarrative Field = "narrative"
)

var fields = domain.NewCodes[Field]("个人信息字段",
	"name", "姓名", "id_no", "身份证号", "phone", "电话", "address", "住址", "account", "银行账号", "narrative", "诉求和办理记录原文")

// Fields is the list of fields (个人信息字段).
func Fields() domain.Codes[Field] { return fields }

// Label is the Chinese name of the field.
func (f Field) Label() string { return fields.Label(f) }

// Reason is 查阅事由: why something is shown or exported in the clear.
type Reason string

// ReasonOther is 其他, which needs a note.
const ReasonOther Reason = "other"

var reasons = domain.NewCodes[Reason]("查阅事由",
	"contact", "联系当事人", "verify", "核实身份或金额", "document", "制作文书或移送材料", "payment", "核对支付", "callback", "回访",
	"audit", "监督检查、审计", "party_request", "本人申请查询", "other", "其他(须说明)")

// Reasons is the list of reasons (查阅事由).
func Reasons() domain.Codes[Reason] { return reasons }

// Label is the Chinese name of the reason.
func (r Reason) Label() string { return reasons.Label(r) }

// Query is 导出内容: which file was made.
type Query string

// The exports (导出内容).
const (
	QueryList      Query = "list"
	QueryLedger    Query = "ledger"
	QueryBoard     Query = "board"
	QueryBoardRows Query = "board_rows"
)

var queries = domain.NewCodes[Query]("导出内容", "list", "案件列表", "ledger", "诉求人台账", "board", "领导看板", "board_rows", "看板明细")

// Queries is the list of exports (导出内容).
func Queries() domain.Codes[Query] { return queries }

// Label is the Chinese name of the export.
func (q Query) Label() string { return queries.Label(q) }

// Lookup is 搜索种类: where somebody looked for something.
type Lookup string

// The lookups (搜索种类).
const (
	LookupSearch      Lookup = "search"
	LookupList        Lookup = "list"
	LookupEnterprises Lookup = "enterprises"
	LookupCaller      Lookup = "caller"
	LookupPeople      Lookup = "people"
)

var lookups = domain.NewCodes[Lookup]("搜索种类", "search", "全文搜索", "list", "案件列表筛选", "enterprises", "单位查找", "caller", "来电号码", "people", "找人")

// Lookups is the list of lookups (搜索种类).
func Lookups() domain.Codes[Lookup] { return lookups }

// Label is the Chinese name of the lookup.
func (l Lookup) Label() string { return lookups.Label(l) }
