package enterprise

import (
	"strings"
	"unicode"

	"hearth/domain"
)

// usccAlphabet is the alphabet of the unified social credit code: digits and
// capital letters without I, O, S, V, Z (GB 32100-2015).
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// ParseUSCC reads a unified social credit code (统一社会信用代码), in any width and
// case, and verifies its check character (GB 32100-2015: weights are the powers
// of 3 modulo 31).
func ParseUSCC(s string) (string, error) {
	code := strings.ToUpper(strings.Map(plain, s))
	if len(code) != 18 {
		return "", domain.Reject("bad_uscc", "统一社会信用代码应为18位,请核对。")
	}
	sum, weight := 0, 1
	for i, c := range code {
		v := strings.IndexRune(usccAlphabet, c)
		if v < 0 {
			return "", domain.Reject("bad_uscc", "统一社会信用代码第%d位不对(不用字母I、O、S、V、Z),请核对。", i+1)
		}
		if i < 17 {
			sum += v * weight
			weight = weight * 3 % 31
		}
	}
	if check := (31 - sum%31) % 31; usccAlphabet[check] != code[17] {
		return "", domain.Reject("bad_uscc", "统一社会信用代码的校验位不对,请核对是否抄错。")
	}
	return code, nil
}

// forms are endings that say what kind of body it is, not which one.
var forms = []string{
	"股份有限公司", "有限责任公司", "集团有限公司", "有限公司", "集团公司", "股份公司", "总公司", "分公司", "公司", "集团", "个体工商户",
}

// NormalName is 单位简名 for matching: width and case folded, white space,
// brackets and punctuation dropped, the legal form at the end left out. What is
// nothing but a legal form stays as it is.
func NormalName(s string) string {
	name := strings.ToLower(strings.Map(plain, s))
	for _, form := range forms {
		short, cut := strings.CutSuffix(name, form)
		if cut && len([]rune(short)) >= 2 {
			return short
		}
		if cut {
			return name
		}
	}
	return name
}

// plain folds full-width letters and digits and drops everything that is neither
// letter nor digit.
func plain(r rune) rune {
	if r >= '！' && r <= '～' {
		r -= '！' - '!'
	}
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		return r
	}
	return -1
}
