package person

import (
	"strings"
	"time"
	"unicode"

	"hearth/domain"
)

// ParseIDNo reads a resident identity number (居民身份证号, GB 11643-1999) of 18 or,
// from before 1999, 15 digits, in any width and with spaces, verifies its date
// of birth and check digit, and gives the 18-character form. Errors never repeat
// the number.
func ParseIDNo(s string) (string, error) {
	id := strings.ToUpper(strings.Map(alnum, s))
	switch len(id) {
	case 15:
		id = id[:6] + "19" + id[6:]
		if !digits(id) {
			return "", domain.Reject("bad_id_no", "15位身份证号只能是数字,请核对。")
		}
		id += string(idCheck(id))
	case 18:
		if !digits(id[:17]) || (id[17] != 'X' && !digits(id[17:])) {
			return "", domain.Reject("bad_id_no", "身份证号前17位应为数字,末位为数字或X,请核对。")
		}
		if idCheck(id[:17]) != id[17] {
			return "", domain.Reject("bad_id_no", "身份证号的校验位不对,请核对是否抄错。")
		}
	default:
		return "", domain.Reject("bad_id_no", "身份证号应为18位(旧号15位),请核对。")
	}
	if _, err := time.Parse("20060102", id[6:14]); err != nil || id[6:8] < "18" {
		return "", domain.Reject("bad_id_no", "身份证号中的出生日期不对,请核对。")
	}
	return id, nil
}

// idCheck is the check character of the first 17 digits (ISO 7064, MOD 11-2).
func idCheck(id string) byte {
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += int(id[i]-'0') * w
	}
	return "10X98765432"[sum%11]
}

// ParsePhone reads a Chinese mobile or fixed-line number as people write it and
// gives its digits; +86 is dropped.
func ParsePhone(s string) (string, error) {
	bad := domain.Reject("bad_phone", "电话号码不对:手机为11位、以1开头,固定电话须带区号,请核对。")
	p := strings.Map(func(r rune) rune {
		if strings.ContainsRune("-－—()() .·", r) || unicode.IsSpace(r) {
			return -1
		}
		return narrow(r)
	}, s)
	for _, prefix := range []string{"+86", "0086"} {
		p = strings.TrimPrefix(p, prefix)
	}
	if len(p) == 13 && strings.HasPrefix(p, "861") {
		p = p[2:]
	}
	switch {
	case !digits(p):
		return "", bad
	case len(p) == 11 && p[0] == '1' && p[1] >= '3':
		return p, nil
	case len(p) >= 10 && len(p) <= 12 && p[0] == '0' && p[1] != '0':
		return p, nil
	case len(p) >= 5 && len(p) <= 8 && p[0] != '0': // short and local numbers
		return p, nil
	}
	return "", bad
}

// ParseAccount reads a bank account number: 8 to 30 digits.
func ParseAccount(s string) (string, error) {
	a := strings.Map(alnum, s)
	if !digits(a) || len(a) < 8 || len(a) > 30 {
		return "", domain.Reject("bad_account", "银行账号应为8至30位数字,请核对。")
	}
	return a, nil
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// narrow turns full-width letters and digits into plain ones.
func narrow(r rune) rune {
	if r >= '！' && r <= '～' {
		return r - ('！' - '!')
	}
	return r
}

// alnum keeps plain letters and digits, of any width, and drops white space and
// dashes; what else there is stays, to be found wrong.
func alnum(r rune) rune {
	if r = narrow(r); unicode.IsSpace(r) || r == '-' {
		return -1
	}
	return r
}
