package importer

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"

	"hearth/adapters/sheet"
	"hearth/domain"
)

// Field is a piece of a complaint that a column can hold.
type Field string

// The fields of a complaint.
const (
	FieldNo       Field = "no"
	FieldReporter Field = "reporter"
	FieldPhone    Field = "phone"
	FieldIDNo     Field = "id_no"
	FieldAt       Field = "received_at"
	FieldSubject  Field = "subject"
	FieldDetail   Field = "detail"
	FieldCategory Field = "category"
	FieldEmployer Field = "employer"
	FieldProject  Field = "project"
	FieldPersons  Field = "persons"
	FieldAmount   Field = "amount"
	FieldFrom     Field = "from"
	FieldTo       Field = "to"
	FieldPeriod   Field = "period"
	FieldArea     Field = "area"
	FieldChannel  Field = "channel"
)

// FieldInfo describes a field for the page on which columns are mapped.
type FieldInfo struct {
	Field    Field
	Label    string
	Required bool
	Example  string
	names    []string // headings that mean it
}

// Fields is what a column of a file of complaints can be mapped to.
func Fields() []FieldInfo {
	return []FieldInfo{
		{FieldDetail, "内容", true, "工地停工三个月,工资一直没有结清。", []string{
			"留言详情", "详情", "内容", "诉求内容", "反映内容", "投诉内容", "来电内容", "工单内容", "摘要", "诉求摘要", "内容摘要", "情况", "反映情况", "基本情况", "事由", "问题描述", "主要内容", "主要诉求", "诉求",
		}},
		{FieldNo, "来源编号", false, "12345-2026-000123", []string{
			"留言编号", "编号", "工单编号", "工单号", "诉求编号", "受理编号", "登记编号", "来电编号", "信访编号", "投诉编号", "流水号", "转办编号",
		}},
		{FieldAt, "来件时间", false, "2026-11-23 08:03", []string{
			"留言时间", "来电时间", "投诉时间", "受理时间", "登记时间", "反映时间", "来访时间", "来信时间", "来件时间", "时间", "日期", "登记日期", "受理日期", "来电日期",
		}},
		{FieldReporter, "反映人", false, "王某", []string{
			"留言用户", "诉求人", "反映人", "投诉人", "来电人", "来访人", "举报人", "申请人", "当事人", "联系人", "姓名", "用户",
		}},
		{FieldPhone, "电话", false, "13800000000", []string{"电话", "联系电话", "电话号码", "来电号码", "手机", "手机号", "手机号码", "联系方式"}},
		{FieldIDNo, "身份证号", false, "", []string{"身份证", "身份证号", "身份证号码", "证件号", "证件号码"}},
		{FieldSubject, "主题", false, "某项目拖欠工资", []string{"留言主题", "主题", "标题", "诉求标题", "工单标题", "事项"}},
		{FieldCategory, "类别", false, "欠薪", []string{"一级分类", "类别", "分类", "类型", "诉求类别", "诉求类型", "问题类别", "问题类型", "问题分类", "诉求分类"}},
		{FieldEmployer, "被反映单位", false, "某某建筑劳务有限公司", []string{
			"单位", "被反映单位", "用人单位", "被投诉单位", "欠薪单位", "企业", "企业名称", "单位名称", "公司", "公司名称", "工作单位", "被诉单位",
		}},
		{FieldProject, "工程项目", false, "某某安置房一期", []string{"项目", "项目名称", "工程", "工程名称", "工程项目", "工地", "工地名称"}},
		{FieldPersons, "涉及人数", false, "12", []string{"人数", "涉及人数", "欠薪人数", "涉及职工", "职工人数"}},
		{FieldAmount, "涉及金额", false, "86000", []string{"金额", "欠薪金额", "涉及金额", "诉求金额", "拖欠金额", "欠款金额", "欠薪数额", "拖欠工资"}},
		{FieldPeriod, "欠薪期间", false, "2026年3月至2026年8月", []string{"欠薪期间", "欠薪起止", "欠薪时间", "拖欠时间", "拖欠期间", "欠薪月份", "起止时间"}},
		{FieldFrom, "欠薪起", false, "2026-03-01", []string{"欠薪起", "欠薪开始", "欠薪起始", "欠薪起始时间", "拖欠起始时间", "起始日期", "开始日期"}},
		{FieldTo, "欠薪止", false, "2026-08-31", []string{"欠薪止", "欠薪结束", "欠薪截止", "欠薪截止时间", "拖欠截止时间", "截止日期", "结束日期"}},
		{FieldArea, "所属县区", false, "泽州", []string{"区县", "县区", "县市区", "县(市、区)", "所属区县", "所属县区", "属地", "地区", "区域", "辖区"}},
		{FieldChannel, "渠道", false, "12345转办", []string{"渠道", "来源", "来源渠道", "受理渠道", "诉求渠道", "反映渠道"}},
	}
}

// errorHeading is the column that a file of bad rows has more than the file
// that was imported; nothing reads it.
const errorHeading = "错误"

// Mapping says which column, counted from 0, holds a field.
type Mapping map[Field]int

// Guess maps the columns whose headings are known names, or end in one.
func Guess(header []string) Mapping { return guess(Fields(), header) }

func guess(fields []FieldInfo, header []string) Mapping {
	m := Mapping{}
	var rest []int
	for column, h := range header {
		name := heading(h)
		if name == "" || name == errorHeading {
			continue
		}
		i := slices.IndexFunc(fields, func(f FieldInfo) bool {
			return name == f.Label || slices.ContainsFunc(f.names, func(n string) bool { return heading(n) == name })
		})
		if i < 0 {
			rest = append(rest, column)
		} else if _, taken := m[fields[i].Field]; !taken {
			m[fields[i].Field] = column
		}
	}
	for _, column := range rest {
		if f, ok := nearest(fields, heading(header[column])); ok {
			if _, taken := m[f]; !taken {
				m[f] = column
			}
		}
	}
	return m
}

// nearest finds the field whose name a heading ends in or contains. A Chinese
// heading says at its end what it is: 来电人电话 is a phone.
func nearest(fields []FieldInfo, name string) (best Field, found bool) {
	end, length := 0, 0
	for _, f := range fields {
		for _, n := range f.names {
			n = heading(n)
			i := strings.LastIndex(name, n)
			if len(n) < len("电话") || i < 0 {
				continue
			}
			if e := i + len(n); e > end || e == end && len(n) > length {
				best, end, length, found = f.Field, e, len(n), true
			}
		}
	}
	return best, found
}

// heading is a column's name without what people decorate it with: brackets
// and what is in them, white space, punctuation, stars for "required".
func heading(s string) string {
	s = sheet.Clean(s)
	for _, pair := range []string{"()", "（）", "[]", "【】"} {
		marks := []rune(pair)
		if i, j := strings.IndexRune(s, marks[0]), strings.LastIndex(s, string(marks[1])); i > 0 && j > i {
			s = s[:i] + s[j+len(string(marks[1])):]
		}
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// Override changes a mapping by wishes of the form field=column: the field by
// its code or label, the column by its heading or its letters; field=- leaves
// the field out.
func (m Mapping) Override(header []string, wishes ...string) error {
	return m.override(Fields(), header, wishes)
}

func (m Mapping) override(fields []FieldInfo, header, wishes []string) error {
	for _, w := range wishes {
		left, right, ok := strings.Cut(w, "=")
		if !ok {
			return domain.Reject("bad_mapping", "“%s”看不懂,请写成“字段=列名”,如 detail=留言详情 或 金额=F。", w)
		}
		i := slices.IndexFunc(fields, func(f FieldInfo) bool {
			return string(f.Field) == left || f.Label == left || slices.Contains(f.names, left)
		})
		if i < 0 {
			return domain.Reject("unknown_field", "没有字段“%s”,可用的是:%s。", left, fieldList(fields))
		}
		field := fields[i].Field
		if right == "-" || right == "" {
			delete(m, field)
			continue
		}
		column := findColumn(header, right)
		if column < 0 {
			return domain.Reject("unknown_column", "表里没有“%s”这一列,现有的列是:%s。", right, strings.Join(header, "、"))
		}
		maps.DeleteFunc(m, func(_ Field, c int) bool { return c == column })
		m[field] = column
	}
	return nil
}

func fieldList(fields []FieldInfo) string {
	list := make([]string, len(fields))
	for i, f := range fields {
		list[i] = string(f.Field) + "(" + f.Label + ")"
	}
	return strings.Join(list, "、")
}

func findColumn(header []string, wish string) int {
	if i := slices.IndexFunc(header, func(h string) bool { return heading(h) == heading(wish) }); i >= 0 {
		return i
	}
	for i := range header {
		if strings.EqualFold(sheet.ColumnName(i), wish) {
			return i
		}
	}
	return -1
}

// Columns lists the mapped fields in the order of the columns.
func (m Mapping) Columns() []Field {
	return slices.SortedFunc(maps.Keys(m), func(a, b Field) int { return cmp.Compare(m[a], m[b]) })
}

func label(fields []FieldInfo, f Field) string {
	i := slices.IndexFunc(fields, func(x FieldInfo) bool { return x.Field == f })
	return fields[i].Label
}
