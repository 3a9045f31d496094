package complaint

import (
	"fmt"
	"strconv"

	"hearth/domain"
	"hearth/domain/calendar"
)

// Source is 依据层级: who made a rule.
type Source string

// The sources (依据层级).
const (
	SourceLaw      Source = "law"
	SourceProvince Source = "province"
	SourceCity     Source = "city"
	SourceInternal Source = "internal"
)

var sources = domain.NewCodes[Source]("依据层级", "law", "法律法规", "province", "省级规定", "city", "市级规定", "internal", "内部规定")

// Label is the Chinese name of the source.
func (s Source) Label() string { return sources.Label(s) }

// Sources is the list of sources (依据层级).
func Sources() domain.Codes[Source] { return sources }

// Basis is 依据: where a limit comes from. Verify marks a value whose source was
// not found and that the office must check.
type Basis struct {
	Source Source `json:"source"`
	Text   string `json:"text"`
	Verify bool   `json:"verify,omitempty"`
}

// String is the basis as pages show it beside a date.
func (b Basis) String() string {
	s := b.Source.Label() + ":" + b.Text
	if b.Verify {
		s += "(请核实)"
	}
	return s
}

// Limit is 限值: a value of the rules with its basis.
type Limit[T any] struct {
	Value T     `json:"value"`
	Basis Basis `json:"basis"`
}

// Rules is 规则包: every limit that decisions rest on. Version goes into the
// envelope of each event. The zero Rules is not usable; see DefaultRules.
type Rules struct {
	Version  string
	Calendar calendar.Calendar
	OrgName  func(code string) string // names organisations in rejections; nil: the code

	AcceptWithin        Limit[calendar.Length]
	FirstContact        Limit[calendar.Length]
	FirstContactOffDuty Limit[calendar.Length] // on holidays, and for red risks
	SignWithin          Limit[calendar.Length]
	CallbackWithin      Limit[calendar.Length]
	ReviewWithin        Limit[calendar.Length]
	RedNotice           Limit[calendar.Length]
	Handle              map[TimeClass]Limit[calendar.Length]
	Extension           map[TimeClass]Limit[calendar.Length] // the longest; none for a class that is missing
	ReplyIn             map[DocumentKind]Limit[calendar.Length]

	SecondVerifier     Limit[domain.Fen] // from this amount two people verify
	ViceChairAbove     Limit[domain.Fen] // closure above it is approved by the vice-chair
	CollectivePersons  Limit[int]
	ManyPersons        Limit[int]
	MaxRepresentatives Limit[int]
	CashWitnesses      Limit[int]
	ReturnsToRuling    Limit[int]
	FreePauses         Limit[int] // more are for the reviewer
	CallbackAll        Limit[int] // up to so many claimants all are called
	CallbackPercent    Limit[int]
	CallbackAttempts   Limit[int]
	CallbackDays       Limit[int]
	ReopenFreeDays     Limit[int]
	LimitationWarnDays Limit[int]

	CrimeOneMonths Limit[int]
	CrimeOneFen    Limit[domain.Fen]
	CrimeMany      Limit[int]
	CrimeManyFen   Limit[domain.Fen]
}

// DefaultRules are the rules that the program brings along.
func DefaultRules(cal calendar.Calendar) Rules {
	law := func(text string) Basis { return Basis{Source: SourceLaw, Text: text} }
	own := func(text string) Basis { return Basis{Source: SourceInternal, Text: text} }
	crime := Basis{
		Source: SourceProvince, Verify: true,
		Text: "法释〔2013〕3号第3条的幅度内由省确定,本省数额未查到,暂用中间值",
	}
	return Rules{
		Version: "complaint-2026.1", Calendar: cal,
		AcceptWithin:        length("5wd", law("关于实施《劳动保障监察条例》若干规定第18条,参照执行")),
		FirstContact:        length("1wd", own("首问负责制")),
		FirstContactOffDuty: length("24h", own("节假日及红色风险24小时内联系")),
		SignWithin:          length("1wd", own("交办签收制度")),
		CallbackWithin:      length("3wd", own("回访制度")),
		ReviewWithin:        length("2wd", own("结案审批制度")),
		RedNotice:           length("1h", own("红色风险1小时报告制度")),
		Handle: map[TimeClass]Limit[calendar.Length]{
			ClassConsultation: length("3wd", own("咨询求助件办理时限")),
			ClassGeneral:      length("15wd", own("一般件办理时限")),
			ClassDifficult:    length("30wd", own("疑难件办理时限")),
			ClassComplex:      length("60d", law("信访工作条例第34条,参照执行")),
		},
		Extension: map[TimeClass]Limit[calendar.Length]{
			ClassGeneral:   length("15wd", Basis{Source: SourceInternal, Text: "延期一次", Verify: true}),
			ClassDifficult: length("15wd", Basis{Source: SourceInternal, Text: "延期一次", Verify: true}),
			ClassComplex:   length("30d", law("信访工作条例第34条,参照执行")),
		},
		ReplyIn: map[DocumentKind]Limit[calendar.Length]{
			DocOpinion:    length("15wd", Basis{Source: SourceProvince, Text: "工会劳动法律监督条例,用人单位15个工作日内答复", Verify: true}),
			DocSuggestion: length("5wd", Basis{Source: SourceProvince, Text: "工会劳动法律监督条例,有关部门5个工作日内立案或说明", Verify: true}),
		},
		SecondVerifier:     limit(domain.Yuan(10_000), own("双人核定")),
		ViceChairAbove:     limit(domain.Yuan(100_000), own("结案审批权限")),
		CollectivePersons:  limit(10, law("劳动争议调解仲裁法第7条")),
		ManyPersons:        limit(30, own("群体性事件报告标准")),
		MaxRepresentatives: limit(5, law("信访工作条例第20条")),
		CashWitnesses:      limit(2, own("现金发放双人见证")),
		ReturnsToRuling:    limit(3, own("三次退单由带班终审")),
		FreePauses:         limit(2, own("第三次暂停由审核人批准")),
		CallbackAll:        limit(10, own("10人以内全部回访")),
		CallbackPercent:    limit(10, own("10人以上按比例且不少于10人抽样回访")),
		CallbackAttempts:   limit(3, own("三次联系不上方可记为未联系上")),
		CallbackDays:       limit(2, own("联系不上须分在两天以上")),
		ReopenFreeDays:     limit(30, own("办结30日内职工可要求重启")),
		LimitationWarnDays: limit(60, own("时效不足60日提示")),
		CrimeOneMonths:     limit(3, law("法释〔2013〕3号第3条")),
		CrimeOneFen:        limit(domain.Yuan(10_000), crime),
		CrimeMany:          limit(10, law("法释〔2013〕3号第3条")),
		CrimeManyFen:       limit(domain.Yuan(50_000), crime),
	}
}

func limit[T any](v T, b Basis) Limit[T] { return Limit[T]{Value: v, Basis: b} }

// length is a limit written as ParseLength reads it; the program's own values
// are known to be well formed.
func length(s string, b Basis) Limit[calendar.Length] {
	l, err := calendar.ParseLength(s)
	if err != nil {
		panic(fmt.Sprintf("complaint: bad length %q", s))
	}
	return Limit[calendar.Length]{Value: l, Basis: b}
}

// clock is the limit of a clock; handle depends on the class.
func (r Rules) clock(k ClockKind, class TimeClass) Limit[calendar.Length] {
	switch k {
	case ClockAccept:
		return r.AcceptWithin
	case ClockFirstContact:
		return r.FirstContact
	case ClockSign:
		return r.SignWithin
	case ClockHandle:
		return r.Handle[class]
	case ClockCallback:
		return r.CallbackWithin
	case ClockClosureReview:
		return r.ReviewWithin
	case ClockRedNotice:
		return r.RedNotice
	}
	return Limit[calendar.Length]{}
}

// Setting is 规则项: one limit as a settings page shows it.
type Setting struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Value string `json:"value"`
	Basis Basis  `json:"basis"`
}

// Settings is every limit of the rules for showing.
func (r Rules) Settings() []Setting {
	var out []Setting
	length := func(key, label string, l Limit[calendar.Length]) {
		out = append(out, Setting{key, label, l.Value.Text(), l.Basis})
	}
	count := func(key, label, unit string, l Limit[int]) {
		out = append(out, Setting{key, label, strconv.Itoa(l.Value) + unit, l.Basis})
	}
	money := func(key, label string, l Limit[domain.Fen]) {
		out = append(out, Setting{key, label, l.Value.String() + "元", l.Basis})
	}
	for _, k := range clockKinds.All() {
		if k != ClockHandle {
			length(string(k), k.Label(), r.clock(k, ""))
		}
	}
	length("first_contact_off_duty", "节假日首次联系时限", r.FirstContactOffDuty)
	for _, c := range timeClasses.All() {
		length("handle_"+string(c), "办理时限("+c.Label()+")", r.Handle[c])
		if l, ok := r.Extension[c]; ok {
			length("extension_"+string(c), "最长延期("+c.Label()+")", l)
		}
	}
	for _, k := range documentKinds.All() {
		if l, ok := r.ReplyIn[k]; ok {
			length("reply_"+string(k), k.Label()+"答复期限", l)
		}
	}
	money("second_verifier", "双人核定起点", r.SecondVerifier)
	money("vice_chair_above", "分管副主席审批起点", r.ViceChairAbove)
	count("collective_persons", "集体案件人数", "人", r.CollectivePersons)
	count("many_persons", "红色风险人数", "人", r.ManyPersons)
	count("max_representatives", "代表人数上限", "人", r.MaxRepresentatives)
	count("cash_witnesses", "现金见证人数", "人", r.CashWitnesses)
	count("returns_to_ruling", "终审前退单次数", "次", r.ReturnsToRuling)
	count("free_pauses", "经办人可暂停次数", "次", r.FreePauses)
	count("callback_all", "全部回访人数上限", "人", r.CallbackAll)
	count("callback_percent", "抽样回访比例", "%", r.CallbackPercent)
	count("callback_attempts", "未联系上的次数", "次", r.CallbackAttempts)
	count("callback_days", "未联系上的天数", "天", r.CallbackDays)
	count("reopen_free_days", "职工要求重启期限", "日", r.ReopenFreeDays)
	count("limitation_warn_days", "时效提示", "日", r.LimitationWarnDays)
	count("crime_one_months", "涉罪提示(一人)月数", "个月", r.CrimeOneMonths)
	money("crime_one_fen", "涉罪提示(一人)数额", r.CrimeOneFen)
	count("crime_many", "涉罪提示(多人)人数", "人", r.CrimeMany)
	money("crime_many_fen", "涉罪提示(多人)数额", r.CrimeManyFen)
	return out
}
