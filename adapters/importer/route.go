package importer

import (
	"slices"
	"strings"

	"hearth/domain/complaint"
)

// classify judges a row by its text and by the category that the file gives.
//
// A category of ours stands. What was filed under labour, or under nothing, is
// judged by its words. What was filed under another field is not for the union
// and goes to the competent body, unless it speaks of unpaid wages or of an
// injury at work: such people often write to whoever built the site.
func (f *File) classify(m Message) Finding {
	subject, detail := m.Subject, m.Detail
	if subject == "" {
		subject, _, _ = strings.Cut(detail, "\n")
		subject = firstSentence(subject)
	}
	if ours := f.given(m.Given); ours != nil {
		return *ours
	}
	if m.Given == "" {
		found := f.classifier.Classify(subject, detail)
		found.Redirect = nil // nobody said that it is another's
		return found
	}
	if isLabour(m.Given) {
		return f.classifier.Classify(subject, detail)
	}
	if found, labour := f.classifier.Labour(subject, detail); labour {
		found.Also = append([]string{"来件原类别“" + m.Given + "”"}, found.Also...)
		return found
	}
	to := responsible(m.Given)
	return Finding{
		Category: complaint.CategoryOther, Label: "非工会职责", Words: []string{m.Given}, Redirect: &to,
	}
}

// given finds the category of ours that the file itself names, nil for none.
func (f *File) given(name string) *Finding {
	if name == "" {
		return nil
	}
	found, known := f.categories[name]
	if !known {
		found = f.ourCategory(name)
		f.categories[name] = found
	}
	return found
}

func (f *File) ourCategory(name string) *Finding {
	list := complaint.Categories()
	for _, c := range list.All() {
		label := list.Label(c)
		if name == string(c) || name == label || slices.Contains(strings.Split(label, "/"), name) {
			return &Finding{Category: c, Label: label, Words: []string{name}}
		}
	}
	if found := f.classifier.Classify(name, ""); len(found.Words) > 0 && found.Category != complaint.CategoryOther {
		found.Redirect = nil
		return &found
	}
	return nil
}

// isLabour reports whether a category of another system is the field of labour.
func isLabour(name string) bool {
	return slices.ContainsFunc([]string{"劳动", "人社", "社会保障", "人力资源", "劳资"}, func(w string) bool { return strings.Contains(name, w) })
}

// responsible is the body for a category that is no labour matter (首问负责).
func responsible(category string) Redirect {
	for _, b := range []struct {
		words string
		Redirect
	}{
		{"城乡建设 住建 住房 房产 城建 规划", Redirect{complaint.AgencyHousing, "住房和城乡建设部门"}},
		{"教育 文体 体育 文化", Redirect{complaint.AgencyOther, "教育体育和文化主管部门"}},
		{"卫生 计生 医疗 健康", Redirect{complaint.AgencyOther, "卫生健康部门"}},
		{"交通 运输 公路", Redirect{complaint.AgencyOther, "交通运输部门"}},
		{"商贸 旅游 市场 工商 消费", Redirect{complaint.AgencyOther, "商务、文旅和市场监督管理部门"}},
		{"环境 环保 生态", Redirect{complaint.AgencyOther, "生态环境部门"}},
		{"公安 治安", Redirect{complaint.AgencyPolice, "公安机关"}},
		{"民政", Redirect{complaint.AgencyCivil, "民政部门"}},
	} {
		for _, w := range strings.Fields(b.words) {
			if strings.Contains(category, w) {
				return b.Redirect
			}
		}
	}
	return Redirect{complaint.Agency12345, "12345政务服务便民热线"}
}

func firstSentence(s string) string {
	if i := strings.IndexAny(s, "。！？；"); i > 0 {
		return s[:i]
	}
	return s
}
