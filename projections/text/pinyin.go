package text

import (
	"strings"

	"github.com/mozillazg/go-pinyin"
)

// NamePinyin is the key that puts names of persons in the order of a Chinese
// register: syllable by syllable, surnames with their own readings (单 is shan,
// 解 is xie). What has no reading follows behind as it is.
func NamePinyin(name string) string { return strings.Join(nameSyllables(name), " ") }

// NameInitials are the first letters of the syllables of a person's name: 单田芳
// is stf.
func NameInitials(name string) string { return initials(nameSyllables(name)) }

func nameSyllables(name string) []string {
	runes := []rune(Fold(name))
	for _, n := range []int{2, 1} {
		if len(runes) < n {
			continue
		}
		if reading, ok := surnames[string(runes[:n])]; ok {
			return append(strings.Fields(reading), syllables(string(runes[n:]))...)
		}
	}
	return syllables(string(runes))
}

// Initials are the first letters of the syllables of a name: 恒兴建筑 is hxjz.
// Latin letters and digits stay.
func Initials(name string) string { return initials(syllables(name)) }

func initials(syllables []string) string {
	var b strings.Builder
	for _, s := range syllables {
		if s[0] < 0x80 {
			b.WriteByte(s[0])
		}
	}
	return b.String()
}

// syllables reads a text; latin letters and digits are syllables of their own,
// and so is a character without a reading.
func syllables(s string) []string {
	runes := []rune(Fold(s))
	out := make([]string, 0, len(runes))
	args := pinyin.NewArgs()
	for i := 0; i < len(runes); i++ {
		if i+1 < len(runes) {
			if reading, ok := words[string(runes[i:i+2])]; ok {
				out = append(out, strings.Fields(reading)...)
				i++
				continue
			}
		}
		r := runes[i]
		if own, ok := characters[r]; ok {
			out = append(out, own)
		} else if read := pinyin.SinglePinyin(r, args); r >= 0x80 && len(read) > 0 {
			out = append(out, read[0])
		} else {
			out = append(out, string(r))
		}
	}
	return out
}

// surnames have a reading of their own at the head of a name.
var surnames = map[string]string{
	"单": "shan", "解": "xie", "曾": "zeng", "查": "zha", "仇": "qiu", "朴": "piao", "区": "ou", "盖": "ge", "翟": "zhai",
	"缪": "miao", "员": "yun", "召": "shao", "种": "chong", "折": "she", "秘": "bi", "覃": "qin", "繁": "po", "黑": "he",
	"洗": "xian", "葛": "ge", "祭": "zhai", "郇": "xun", "郗": "chi", "乐": "yue", "都": "du", "车": "che", "宓": "fu",
	"哈": "ha", "那": "na", "任": "ren", "华": "hua", "宁": "ning", "燕": "yan", "纪": "ji", "曲": "qu", "柏": "bai",
	"尉迟": "yu chi", "万俟": "mo qi", "长孙": "zhang sun", "单于": "chan yu", "澹台": "tan tai", "令狐": "ling hu",
}

// characters are read otherwise in names than the table of readings has it first.
var characters = map[rune]string{
	'长': "chang", '厦': "xia", '佛': "fo", '都': "du", '晟': "sheng", '翟': "zhai", '行': "hang", '覃': "qin", '朴': "pu",
	'莘': "xin", '藏': "zang", '沈': "shen", '泊': "bo", '薄': "bo", '校': "xiao", '塞': "sai",
}

// words of two characters are read otherwise than these alone.
var words = map[string]string{
	"重庆": "chong qing", "音乐": "yin yue", "空调": "kong tiao", "成长": "cheng zhang", "收藏": "shou cang",
	"旅行": "lv xing", "行政": "xing zheng", "行业": "hang ye", "电台": "dian tai",
}
