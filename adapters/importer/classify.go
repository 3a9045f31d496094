package importer

import (
	"regexp"
	"slices"
	"strings"

	"hearth/domain/complaint"
)

// Finding is what a message is about, and why we think so: Words are those of
// the message that show it. Redirect is set when another body is competent.
type Finding struct {
	Category complaint.Category
	Label    string
	Words    []string
	Also     []string // labels of other topics that the message touches
	Redirect *Redirect
}

// Redirect is where a message goes that is not for the union.
type Redirect struct {
	To   complaint.Agency
	Body string
}

// Reason says in one sentence what the finding rests on.
func (f Finding) Reason() string {
	var b strings.Builder
	if len(f.Words) == 0 {
		b.WriteString("没有找到能够判断类别的词语,请人工判定")
	} else {
		b.WriteString("按内容归为“" + f.Label + "”,依据:“" + strings.Join(f.Words, "”“") + "”")
	}
	if len(f.Also) > 0 {
		b.WriteString(";还涉及:" + strings.Join(f.Also, "、"))
	}
	return b.String() + "。"
}

// Classifier finds out from its words what a message is about. Safe for
// concurrent use.
type Classifier struct {
	topics    []topic
	arrears   []*regexp.Regexp
	payWords  []string
	insurance []*regexp.Regexp
}

// NewClassifier makes a Classifier.
func NewClassifier() *Classifier {
	return &Classifier{topics: topics(), arrears: arrears(), payWords: payWords(), insurance: unpaidInsurance()}
}

// The weight of a word: what stands in the subject is meant. A statement that
// wages are not paid outweighs almost everything, for it is urgent.
const (
	weightSubject = 3
	weightAway    = 2 // in the subject, but of a topic that leads elsewhere
	weightDetail  = 1
	weightArrears = 4
)

// Classify judges a message of the field of labour by its words.
func (c *Classifier) Classify(subject, detail string) Finding {
	subject, detail = essential(subject), essential(detail)
	best := Finding{Category: complaint.CategoryConsultation, Label: complaint.CategoryConsultation.Label()}
	top := 0
	var touched []string
	consider := func(category complaint.Category, label string, words []string, weight int) {
		if weight == 0 {
			return
		}
		touched = append(touched, label)
		if weight > top {
			best, top = Finding{Category: category, Label: label, Words: words}, weight
		}
	}
	words := c.arrearsIn(subject, detail)
	weight := weightArrears * len(words)
	if len(words) > 0 && len(c.arrearsIn(subject, "")) > 0 {
		weight += weightSubject
	}
	consider(complaint.CategoryWageArrears, complaint.CategoryWageArrears.Label(), words, weight)
	owed := c.insuranceOwed(subject, detail)
	for _, t := range c.topics {
		words, weight := t.find(subject, detail)
		if t.category == complaint.CategorySocialSecurity && owed != "" {
			words, weight = append(words, owed), weight+weightDetail
		}
		consider(t.category, t.label, words, weight)
	}
	best.Also = slices.DeleteFunc(touched, func(l string) bool { return l == best.Label })
	if owed == "" || best.Category != complaint.CategorySocialSecurity {
		best.Redirect = competent(best)
	}
	return best
}

// insuranceOwed gives the statement that an employer does not pay for insurance.
func (c *Classifier) insuranceOwed(subject, detail string) string {
	for _, text := range sentences(subject + "。" + detail) {
		if !strings.Contains(text, "险") && !strings.Contains(text, "保") && !strings.Contains(text, "公积金") {
			continue
		}
		for _, p := range c.insurance {
			if m := p.FindString(text); m != "" {
				return m
			}
		}
	}
	return ""
}

func (t topic) find(subject, detail string) (words []string, weight int) {
	inSubject := weightSubject
	if t.elsewhere {
		inSubject = weightAway
	}
	for _, term := range t.without {
		subject, detail = strings.ReplaceAll(subject, term, ""), strings.ReplaceAll(detail, term, "")
	}
	for _, w := range t.words {
		switch {
		case strings.Contains(subject, w):
			weight += inSubject
		case strings.Contains(detail, w):
			weight += weightDetail
		default:
			continue
		}
		words = append(words, w)
	}
	return words, weight
}

// Labour reports whether a message that somebody filed under another field is a
// labour matter after all: wages that are not paid, or an injury at work that
// the subject speaks of.
func (c *Classifier) Labour(subject, detail string) (Finding, bool) {
	f := c.Classify(subject, detail)
	switch f.Category {
	case complaint.CategoryWageArrears:
		return f, true
	case complaint.CategoryInjury:
		_, weight := topic{words: f.Words}.find(essential(subject), "")
		return f, weight > 0
	}
	return f, false
}

var (
	aside  = regexp.MustCompile(`（[^（）]{0,300}）|\([^()]{0,300}\)|《[^《》]{0,60}》`)
	denial = regexp.MustCompile(`(?:不|未|没有|从未|从不|无)拖欠[^，。]{0,16}|没有从`)
	// offices and terms that hold a word which means something else in them
	office = regexp.MustCompile(`职业病退休|(?:人力资源|劳动)(?:和|与)?社会保障[部局厅]?|社保[局站]|社会保[障险][局厅]|退休[^，。]{0,10}?工资`)
	// overtime and doubled wages are topics of their own
	special = regexp.MustCompile(`加班|双倍|三倍|二倍|两倍`)
	plain   = strings.NewReplacer(",", "，", "(", "（", ")", "）", "\t", "", " ", "")
)

// essential is a text without what says nothing about its subject: asides in
// brackets, names of laws and of offices, and that nothing is owed. Patterns are
// slow, so each is tried only where a sign of it stands.
func essential(s string) string {
	s = plain.Replace(s)
	if strings.ContainsAny(s, "（《") {
		s = aside.ReplaceAllString(aside.ReplaceAllString(s, ""), "")
	}
	if strings.Contains(s, "拖欠") || strings.Contains(s, "没有从") {
		s = denial.ReplaceAllString(s, "")
	}
	if !strings.Contains(s, "退休") && !strings.Contains(s, "社会保") && !strings.Contains(s, "社保") {
		return s
	}
	return office.ReplaceAllStringFunc(s, func(m string) string {
		switch {
		case strings.HasPrefix(m, "退休"):
			return "退休待遇"
		case strings.HasPrefix(m, "职业病"):
			return "职业病，退休"
		}
		return ""
	})
}

// sentences splits where a thought ends.
func sentences(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("。！？；;!?\n", r) })
}

// arrearsIn gives the statements that wages are not paid.
func (c *Classifier) arrearsIn(subject, detail string) []string {
	var words []string
	for _, text := range sentences(subject + "。" + detail) {
		if !slices.ContainsFunc(c.payWords, func(w string) bool { return strings.Contains(text, w) }) {
			continue
		}
		for _, p := range c.arrears {
			if m := p.FindString(text); m != "" && !special.MatchString(m) && !slices.Contains(words, m) {
				words = append(words, m)
			}
		}
	}
	if w := projectDebt(subject + "。" + detail); w != "" {
		words = append(words, w)
	}
	return words
}

var unpaidWork = regexp.MustCompile(`(?:拖欠|没支付|没有支付|未支付|不支付|没付|欠)[^。，]{0,12}?工程款`)

// projectDebt finds debts for construction work behind which workers wait for
// their wages. Without workers it is a dispute between firms.
func projectDebt(text string) string {
	if !strings.Contains(text, "工程款") {
		return ""
	}
	debt := unpaidWork.FindString(text)
	if debt == "" {
		return ""
	}
	for _, w := range []string{"农民工", "民工", "工人工资", "劳动局", "劳动监察"} {
		if strings.Contains(text, w) {
			return debt + "…" + w
		}
	}
	return ""
}

// competent is who else must deal with a labour matter; nil when we do.
func competent(f Finding) *Redirect {
	switch {
	case f.Label == topicJobs:
		return &Redirect{complaint.AgencyOther, "人力资源和社会保障部门(就业服务)"}
	case f.Label == topicPay:
		return &Redirect{complaint.AgencyOther, "人力资源和社会保障部门(工资福利)"}
	case f.Category != complaint.CategorySocialSecurity:
		return nil
	}
	for _, w := range f.Words {
		switch w {
		case "医疗保险", "医保", "生育保险", "新农合", "农合":
			return &Redirect{complaint.AgencyOther, "医疗保障部门"}
		case "公积金":
			return &Redirect{complaint.AgencyHousing, "住房公积金管理中心"}
		}
	}
	return &Redirect{complaint.AgencyOther, "人力资源和社会保障部门(社保经办机构)"}
}
