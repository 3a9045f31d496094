package web

import (
	"errors"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/guard"
	"hearth/domain"
)

// Form is a form before it is sent, as it came, or as it is shown again with
// everything that was typed. Command is drawn when it is first shown and stays
// with it, so that sending it twice does a thing once.
type Form struct {
	Name    string
	Command uuid.UUID
	Back    string            // the page that shows it
	Values  url.Values        // what was typed
	Errors  map[string]string // by field
	Failed  bool              // it is shown again
	Files   map[string][]*multipart.FileHeader
}

// The hidden fields, see templates/parts/form.html.
const (
	fieldCommand = "_command"
	fieldForm    = "_form"
	fieldBack    = "_back"
)

// NewForm is the form of a name for a page to show: a fresh one, or the one that
// did not go through. Pairs of names and values fill a fresh one.
func (q *Request) NewForm(name string, pairs ...string) *Form {
	if q.kept != nil && q.kept.form.Name == name {
		return q.kept.form
	}
	f := &Form{Name: name, Command: newCommand(), Back: q.backAddress(), Values: url.Values{}, Errors: map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Values.Set(pairs[i], pairs[i+1])
	}
	return f
}

// newCommand draws a command id that sorts by time. It fails only when the
// system has no random numbers; then nothing here can go on.
func newCommand() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// backAddress is this page without what belongs to one visit only.
func (q *Request) backAddress() string {
	u := *q.URL
	v := u.Query()
	v.Del(atParam)
	u.RawQuery = v.Encode()
	return u.RequestURI()
}

// memoryForFiles is how much of uploaded files is kept in memory: all, for they
// hold names and numbers of people, which must not come into temporary files.
const memoryForFiles = 128 << 20

// Sent is the form that a POST carries. A body above the route's limit is
// rejected.
func (q *Request) Sent() (*Form, error) {
	if q.sent != nil {
		return q.sent, nil
	}
	// In this order: ParseMultipartForm alone forgets why a plain form cannot be read.
	err := q.ParseForm()
	if err == nil {
		err = q.ParseMultipartForm(memoryForFiles)
	}
	if errors.Is(err, http.ErrNotMultipart) {
		err = nil
	}
	if err := formError(err); err != nil {
		return nil, err
	}
	if err := guard.Taken(q.w); err != nil {
		return nil, err
	}
	f := &Form{
		Name: q.PostForm.Get(fieldForm), Back: q.PostForm.Get(fieldBack), Values: url.Values{}, Errors: map[string]string{},
	}
	if q.MultipartForm != nil {
		f.Files = q.MultipartForm.File
	}
	if q.MultipartForm != nil && len(q.MultipartForm.File)+len(q.PostForm) > mostFields || len(q.PostForm) > mostFields {
		return nil, errTooMany
	}
	for name, values := range q.PostForm {
		if strings.HasPrefix(name, "_") {
			continue
		}
		for _, v := range values {
			if !guard.Readable(v) {
				return nil, domain.Reject("bad_text", "提交的内容里有看不懂的字符,请重新输入后再提交。")
			}
			f.Values.Add(name, strings.ReplaceAll(v, "\r\n", "\n"))
		}
	}
	if f.Command, err = uuid.Parse(q.PostForm.Get(fieldCommand)); err != nil {
		f.Command = newCommand()
	}
	q.sent = f
	return f, nil
}

// mostFields is how many fields a form may have. The longest of ours has some
// forty; ten times a roster's page is a mistake or an attack.
const mostFields = 2000

// formError is why a form cannot be read, in words.
func formError(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return domain.Reject("too_large", "提交的内容超过了 %d MB,请减少内容或把文件分成几份再提交。", max(1, tooLarge.Limit>>20))
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, multipart.ErrMessageTooLarge):
		return errTooMany
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSlow
	}
	return domain.Reject("bad_form", "提交的内容不完整,可能是网络中断,请返回后再提交一次。")
}

// Text is a field without the white space around it.
func (f *Form) Text(name string) string { return strings.TrimSpace(f.Values.Get(name)) }

// All is every value of a field that may be chosen several times.
func (f *Form) All(name string) []string {
	return slices.DeleteFunc(slices.Clone(f.Values[name]), func(v string) bool { return strings.TrimSpace(v) == "" })
}

// Checked reports whether a box is ticked.
func (f *Form) Checked(name string) bool { return f.Text(name) != "" }

// Fail says what is wrong with a field; the first word on it stays.
func (f *Form) Fail(name, text string) {
	if f.Errors[name] == "" {
		f.Errors[name] = text
	}
}

// Require is Text that must not be empty; label is what the page calls it.
func (f *Form) Require(name, label string) string {
	v := f.Text(name)
	if v == "" {
		f.Fail(name, "请填写"+label+"。")
	}
	return v
}

// Date reads a date; empty is the zero Date.
func (f *Form) Date(name string) domain.Date {
	d, err := domain.ParseDate(f.Text(name))
	f.note(name, err)
	return d
}

// Time reads a date and time of day in Shanghai; empty is the zero Time.
func (f *Form) Time(name string) time.Time {
	v := f.Text(name)
	if v == "" {
		return time.Time{}
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, v, domain.Shanghai); err == nil {
			return t.UTC()
		}
	}
	f.Fail(name, "时间看不懂,请写成如 2026-11-23 09:30。")
	return time.Time{}
}

// Money reads an amount in yuan; empty is nothing.
func (f *Form) Money(name string) domain.Fen {
	v := f.Text(name)
	if v == "" {
		return 0
	}
	fen, err := domain.ParseYuan(v)
	f.note(name, err)
	return fen
}

// Int reads a whole number, full-width digits included; empty is 0.
func (f *Form) Int(name string) int {
	v := narrowDigits(f.Text(name))
	if v == "" {
		return 0
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > 1_000_000_000 {
		f.Fail(name, "请填写整数,例如 12。")
		return 0
	}
	return n
}

// Phone reads a phone number: digits, with a + in front or an extension behind;
// spaces, lines and full-width digits are put right.
func (f *Form) Phone(name string) string {
	v := strings.NewReplacer("-", "", "—", "", "－", "", " ", "", "\u3000", "", "(", "", ")", "", "（", "", "）", "").Replace(narrowDigits(f.Text(name)))
	if v == "" {
		return ""
	}
	digits := strings.TrimPrefix(v, "+")
	if len(digits) < 5 || len(digits) > 20 || strings.Trim(digits, "0123456789") != "" {
		f.Fail(name, "电话号码看不懂,请只填数字,固定电话带区号。")
	}
	return v
}

func (f *Form) note(name string, err error) {
	if r, ok := errors.AsType[*domain.Rejection](err); ok {
		f.Fail(name, r.Text)
	}
}

// Err is the rejection when any field is wrong.
func (f *Form) Err() error {
	if len(f.Errors) == 0 {
		return nil
	}
	return domain.Reject("form", "有 %d 处需要改正,见标红的栏目。其余内容已保留。", len(f.Errors))
}

func narrowDigits(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '＋':
			return '+'
		}
		return r
	}, s)
}
