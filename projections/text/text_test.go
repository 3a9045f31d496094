package text

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                      "",
		"晋城市(恒兴)建筑 有限公司":        "晋城市恒兴建筑有限公司",
		"１３８－１２３４ 5678":         "13812345678",
		"ＡＢＣ abc":               "abcabc",
		"晉城":                    "晋城",
		"陳國興　張麗華":               "陈国兴张丽华",
		"晋工信〔2026〕12号":          "晋工信202612号",
		"Café Ⅳ ①":              "cafeiv1",
		"𠮷野家":                   "𠮷野家",
		"\u200b欠\u00a0薪\t\n!?。": "欠薪",
		"ｶﾞ":                    "カ",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFoldTwiceIsFoldOnce(t *testing.T) {
	t.Parallel()
	for from, to := range traditional {
		if Fold(string(from)) != string(to) || Fold(string(to)) != string(to) {
			t.Errorf("%c folds to %s, then %s", from, Fold(string(from)), Fold(string(to)))
		}
	}
}

func TestTerms(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"":                        nil,
		" ，。 ":                    nil,
		"欠薪　恒兴 欠薪":                {"欠薪", "恒兴"},
		"a b c d e f g h i j":     {"a", "b", "c", "d", "e", "f", "g", "h"},
		strings.Repeat("长", 1000): {strings.Repeat("长", 64)},
	} {
		if diff := cmp.Diff(want, Terms(in)); diff != "" {
			t.Errorf("Terms(%q):\n%s", in, diff)
		}
	}
}

// FuzzGrams holds the promise of Grams: a text that contains a term has its keys.
func FuzzGrams(f *testing.F) {
	f.Add("晋城市恒兴建筑1381234ab5678𠮷", uint8(3), uint8(5))
	f.Fuzz(func(t *testing.T, s string, from, length uint8) {
		checkGrams(t, Fold(s), int(from), int(length))
	})
}

func checkGrams(t *testing.T, s string, from, length int) {
	t.Helper()
	runes := []rune(s)
	if from >= len(runes) {
		return
	}
	term := string(runes[from:min(len(runes), from+max(1, length))])
	keys := TitleGrams(s)
	if r := []rune(term); len(r) == 1 && r[0] < 0x80 && from > 0 && runes[from-1] < 0x80 {
		return // one latin letter finds the beginnings of words only
	}
	for _, key := range Query(term) {
		if !slices.Contains(keys, key) {
			t.Fatalf("%q in %q: key %x is missing", term, s, key)
		}
	}
}

func TestTextsHaveTheKeysOfTheirTerms(t *testing.T) {
	t.Parallel()
	alphabet := []rune("晋城建筑恒兴欠薪123abxé𠮷𡈽")
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		runes := make([]rune, 1+r.IntN(20))
		for i := range runes {
			runes[i] = alphabet[r.IntN(len(alphabet))]
		}
		checkGrams(t, Fold(string(runes)), r.IntN(20), r.IntN(8))
	}
}

func TestKeysOfNumbersAreRare(t *testing.T) {
	t.Parallel()
	if n := len(Query("13812345678")); n != 8 {
		t.Errorf("%d keys of a phone number, want the 8 fours", n)
	}
	if diff := cmp.Diff(Query("12"), []int32{pack('1', '2')}); diff != "" {
		t.Error(diff)
	}
	if !Exact("欠薪") || !Exact("1") || Exact("欠薪的") || Exact("𠮷野") {
		t.Error("Exact: only one or two characters of 16 bits are proved by their keys")
	}
}

func TestSnippet(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("前", 30) + "拖欠 工资三个月，老板" + strings.Repeat("后", 80)
	for name, tc := range map[string]struct {
		text, terms string
		width       int
		want        string
	}{
		"short":           {"恒兴拖欠工资", "欠工资", 40, "恒兴拖[欠工资]"},
		"space between":   {"恒兴拖欠 工资", "欠工资", 40, "恒兴拖[欠 工资]"},
		"none":            {"恒兴拖欠工资", "没有", 40, ""},
		"two, in order":   {"恒兴拖欠工资", "工资 恒兴", 40, "[恒兴]拖欠[工资]"},
		"overlap":         {"拖欠工资", "拖欠工 欠工资", 40, "[拖欠工资]"},
		"again and again": {"欠薪欠薪", "欠薪", 40, "[欠薪][欠薪]"},
		"wide digits":     {"电话１３８－１２３４", "1381234", 40, "电话[１３８－１２３４]"},
		"window":          {long, "拖欠工资", 20, "…前前前前前[拖欠 工资]三个月，老板后后后后…"},
		"one of more":     {"Ⅳ级", "v", 40, "[Ⅳ]级"},
	} {
		var b strings.Builder
		for _, p := range Snippet(tc.text, Terms(tc.terms), tc.width) {
			if p.Hit {
				b.WriteString("[" + p.Text + "]")
			} else {
				b.WriteString(p.Text)
			}
		}
		if b.String() != tc.want {
			t.Errorf("%s: got %q, want %q", name, b.String(), tc.want)
		}
	}
	if !Contains("晋城(恒兴)建筑", Terms("恒興 建筑")) || Contains("晋城", Terms("晋城 恒兴")) {
		t.Error("Contains")
	}
}

func TestMasks(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		MaskName("张三丰"):                    "张*",
		MaskName(" 欧阳锋 "):                  "欧*",
		MaskName("𠮷野"):                     "𠮷*",
		MaskName(""):                       "",
		MaskPhone("13812341234"):           "138****1234",
		MaskPhone("2012345"):               "****",
		MaskPhone(" "):                     "",
		MaskID("140502199001011234"):       "140***1234",
		MaskID("1405"):                     "***",
		MaskAccount("6217997300012345671"): "****5671",
		MaskAddress("泽州县巴公镇黧黑巷七十三号"): "泽州县巴公镇***",
		MaskAddress("城区北街街道某小区三单元"):  "城区北街街道***",
		MaskAddress("阳城县某村"):         "阳城县***",
		MaskAddress("高平市米山镇"):        "高平市米山镇",
		MaskAddress("某村三组"):          "***",
		MaskAddress(Shredded):        Shredded,
		MaskAddress(""):              "",
		Veil("张三丰说张三欠他钱,电话138 1234 1234,共3000元", "张三", "张三丰", ""): "张*说张*欠他钱,电话138****1234,共3000元",
		Veil("〔已销毁〕", Shredded): Shredded,
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPinyin(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"单田芳": "shan tian fang", "解晓东": "xie xiao dong", "曾国藩": "zeng guo fan", "查良镛": "zha liang yong",
		"尉迟恭": "yu chi gong", "王长乐": "wang chang le", "𠮷田": "𠮷 tian", "Li Wei": "l i w e i", " ": "",
		"單田芳": "shan tian fang", "任盈盈": "ren ying ying",
	} {
		if got := NamePinyin(in); got != want {
			t.Errorf("NamePinyin(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"晋城市恒兴建筑有限公司": "jcshxjzyxgs", "重庆长江重工": "cqcjzg", "A1晋商银行": "a1jsyh", "𠮷野家": "yj", "": "",
	} {
		if got := Initials(in); got != want {
			t.Errorf("Initials(%q) = %q, want %q", in, got, want)
		}
	}
	if got := NameInitials("单田芳"); got != "stf" {
		t.Errorf("NameInitials: %q", got)
	}
	names := []string{"赵四", "王五", "曾六", "安七", "单八"}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(NamePinyin(a), NamePinyin(b)) })
	if diff := cmp.Diff([]string{"安七", "单八", "王五", "曾六", "赵四"}, names); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkGrams(b *testing.B) {
	s := strings.Repeat("晋城市恒兴建筑拖欠工资三个月共12万元", 15)
	for b.Loop() {
		Grams(Fold(s))
	}
}
