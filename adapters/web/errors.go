package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"hearth/domain"
	"hearth/eventstore"
)

// The errors that a handler may return besides those of the domain and the
// event store.
var (
	// ErrNotFound says that there is no such thing, or none for this user.
	ErrNotFound = errors.New("web: not found")
	// ErrForbidden says that the user's roles do not allow it.
	ErrForbidden = errors.New("web: forbidden")

	errMethod    = errors.New("web: method not allowed")
	errCrossSite = errors.New("web: sent from another site")
	errSession   = errors.New("web: sessions cannot be reached")
	errEncoded   = errors.New("web: compressed body")
	errSlow      = errors.New("web: body too slow")

	errTooMany = domain.Reject("too_large", "提交的内容项数太多,请减少内容或分几次提交。")
)

// answer is what people are told about an error.
type answer struct {
	status int
	Problem
	again bool // sending the same form again is the right thing to do
	log   bool // it is a fault of ours
	wait  time.Duration
}

// Error turns an error into an answer; nothing else does. A form that did not
// go through is shown again with what was typed, on the page that it came from.
func (s *Shell) Error(q *Request, err error) {
	if gone(q, err) {
		s.cfg.Log.InfoContext(q.Context(), "browser went away", "request", q.id, "route", q.Pattern)
		_ = q.send(statusGone, nil)
		return
	}
	a := s.answerTo(q, err)
	if a.log {
		s.cfg.Log.ErrorContext(q.Context(), "request failed", "request", q.id, "route", q.Pattern, "err", err)
	}
	if a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable {
		q.w.Header().Set("Retry-After", strconv.Itoa(max(5, int(a.wait.Seconds()))))
	}
	// Who asks too often is not given the work of a whole page.
	if q.Method == http.MethodPost && a.wait == 0 && s.showAgain(q, a) {
		return
	}
	s.errorPage(q, a, err)
}

// statusGone stands in the log for a request whose browser did not wait.
const statusGone = 499

// gone reports whether a request failed because its browser no longer waits:
// somebody typed on, or left the page. What became of an append stays our
// concern.
func gone(q *Request, err error) bool {
	return errors.Is(q.Context().Err(), context.Canceled) && errors.Is(err, context.Canceled) && !errors.Is(err, eventstore.ErrUnknown)
}

func (s *Shell) answerTo(q *Request, err error) answer {
	if r, ok := errors.AsType[*domain.Rejection](err); ok {
		status := http.StatusUnprocessableEntity
		switch r.Code {
		case "too_many_tries":
			status = http.StatusTooManyRequests
		case "too_large":
			status = http.StatusRequestEntityTooLarge
		}
		return answer{status: status, Problem: Problem{Title: "没有办成", Text: r.Text}}
	}
	if r, ok := errors.AsType[*rebuilding](err); ok {
		return answer{status: http.StatusServiceUnavailable, Problem: Problem{
			Title: "正在准备数据",
			Text:  "“" + r.model.Title + "”正在重新整理,完成后本页会自动打开。已登记的内容都在,不会丢失。",
		}}
	}
	if r, ok := errors.AsType[*tooOften](err); ok {
		return answer{status: http.StatusTooManyRequests, again: true, wait: r.wait, Problem: Problem{
			Title: "操作太频繁",
			Text:  fmt.Sprintf("请等 %d 秒再试。填写的内容已保留;平常使用不会遇到,如果常常这样,请告诉系统管理员。", int(r.wait.Seconds())),
		}}
	}
	switch {
	case errors.Is(err, errEncoded):
		return answer{status: http.StatusUnsupportedMediaType, Problem: Problem{
			Title: "不接收压缩过的提交", Text: "请用浏览器打开本系统的页面,从页面上提交。",
		}}
	case errors.Is(err, errSlow):
		return answer{status: http.StatusRequestTimeout, Problem: Problem{
			Title: "没有在限定时间内传完", Text: "可能是网络太慢或中断了。请返回后再提交一次;文件太大时,请分成几份。",
		}}
	case errors.Is(err, eventstore.ErrConflict):
		return answer{status: http.StatusConflict, again: true, Problem: Problem{
			Title: "别人刚刚改了这件事",
			Text:  "您提交的内容没有保存。请先看看这件事现在的情况;如果仍然要办,请再提交一次,填写的内容已保留。",
		}}
	case errors.Is(err, eventstore.ErrUnknown):
		return answer{status: http.StatusServiceUnavailable, again: true, log: true, Problem: Problem{
			Title: "还不能确定是否已保存",
			Text:  "请用同一张表再提交一次,不会重复。如果一直这样,请记下编号 " + q.id + " 告诉系统管理员。",
		}}
	case errors.Is(err, eventstore.ErrReadOnly):
		return answer{status: http.StatusServiceUnavailable, again: true, log: true, Problem: Problem{
			Title: "事件日志告警,暂停登记",
			Text:  "您提交的内容没有保存。请先记在纸上,恢复后用同一张表再提交一次;填写的内容已保留。系统管理员请看“运行状况”。编号 " + q.id + "。",
		}}
	case errors.Is(err, ErrNotFound):
		return answer{status: http.StatusNotFound, Problem: Problem{
			Title: "没有这个页面",
			Text:  "地址可能写错了,或者这件事不在您的工作范围内。请从导航重新进入。",
		}}
	case errors.Is(err, ErrForbidden):
		return answer{status: http.StatusForbidden, Problem: Problem{
			Title: "您的岗位不能打开这里",
			Text:  "如果工作需要,请找系统管理员增加岗位角色。",
		}}
	case errors.Is(err, errMethod):
		return answer{status: http.StatusMethodNotAllowed, Problem: Problem{
			Title: "这个地址不能这样打开",
			Text:  "请从页面上的按钮操作,不要直接输入地址。",
		}}
	case errors.Is(err, errCrossSite):
		return answer{status: http.StatusForbidden, Problem: Problem{
			Title: "提交被拦下了",
			Text:  "这次提交来自别的网站。请在本系统的页面上重新操作。",
		}}
	case errors.Is(err, errSession):
		return answer{status: http.StatusServiceUnavailable, again: true, log: true, Problem: Problem{
			Title: "系统暂时连不上数据库",
			Text:  "请过一会儿刷新本页。提交过的表可以用同一张再提交一次,不会重复。编号 " + q.id + "。",
		}}
	case errors.Is(err, context.DeadlineExceeded):
		return answer{status: http.StatusServiceUnavailable, again: true, log: true, Problem: Problem{
			Title: "系统太忙,没有及时答复",
			Text:  "请稍等片刻再试。提交过的表可以用同一张再提交一次,不会重复。编号 " + q.id + "。",
		}}
	}
	return answer{status: http.StatusInternalServerError, again: true, log: true, Problem: Problem{
		Title: "系统错误,编号 " + q.id,
		Text:  "已记入日志。请稍后再试;如果还是这样,请把编号告诉系统管理员。填写的内容已保留。",
	}}
}

// showAgain shows the page that a form came from, with the form as it was sent.
// The page is built like any other, for the same user, by its own handler.
func (s *Shell) showAgain(q *Request, a answer) bool {
	f := q.sent
	if f == nil || !local(f.Back) {
		return false
	}
	f.Failed = true
	for name := range f.Files {
		a.Problem.Files = a.Problem.Files || len(f.Files[name]) > 0
	}
	return s.showForm(q, &kept{form: f, problem: a.Problem, status: a.status})
}

func (s *Shell) showForm(q *Request, k *kept) bool {
	back, err := url.ParseRequestURI(k.form.Back)
	if err != nil {
		return false
	}
	get := &http.Request{Method: http.MethodGet, URL: back, Body: http.NoBody}
	if _, pattern := s.mux.Handler(get); pattern == "" || pattern == "GET /events" {
		return false
	}
	// The time for the POST may have run out; showing its form has its own.
	r := q.Request.Clone(context.WithoutCancel(q.Context()))
	r.Method, r.URL, r.RequestURI, r.Body = http.MethodGet, back, back.RequestURI(), http.NoBody
	r.Form, r.PostForm, r.MultipartForm = nil, nil, nil
	s.mux.ServeHTTP(q.w, withValue(r, keptKey, k))
	return true
}

type errorPage struct {
	Page
	Status   int
	Fields   [][2]string // what was sent, to be sent again
	Again    bool
	Action   string
	Building *modelView
}

// errorPage is the answer that has a page of its own.
func (s *Shell) errorPage(q *Request, a answer, cause error) {
	p := &errorPage{Page: q.Page(a.Title), Status: a.status, Again: a.again, Action: q.URL.Path}
	p.Problem = a.Problem
	if r, ok := errors.AsType[*rebuilding](cause); ok {
		p.Building = &r.model
		q.w.Header().Set("Refresh", "3") // the page opens by itself, without script too
	}
	if q.sent != nil {
		p.Fields = q.sent.fields()
	}
	if err := q.RenderStatus(a.status, "shell/error", p); err != nil {
		s.cfg.Log.ErrorContext(q.Context(), "error page failed", "request", q.id, "err", err)
		http.Error(q.w, "系统错误,编号 "+q.id, http.StatusInternalServerError)
	}
}

// fields is all that was sent, in the order of the alphabet, for hidden inputs.
func (f *Form) fields() [][2]string {
	list := [][2]string{{fieldCommand, f.Command.String()}, {fieldForm, f.Name}, {fieldBack, f.Back}}
	for _, name := range sortedKeys(f.Values) {
		for _, v := range f.Values[name] {
			list = append(list, [2]string{name, v})
		}
	}
	return list
}

// newID draws the number under which a request is in the log, easy to read out
// over the phone.
func newID() string {
	const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	raw := make([]byte, 8)
	rand.Read(raw) // never fails
	var b strings.Builder
	for i, c := range raw {
		if i == 4 {
			b.WriteByte('-')
		}
		b.WriteByte(letters[int(c)%len(letters)])
	}
	return b.String()
}
