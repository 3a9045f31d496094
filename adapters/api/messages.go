package api

import (
	"errors"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
)

// useOurMessages makes huma's own errors ours: Chinese, with a code, and without
// the values that were sent, which may be personal. The library keeps these as
// variables of its packages, so they are set once for the process.
var useOurMessages = sync.OnceFunc(func() {
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		p := &problem{Status: status, Title: http.StatusText(status), Detail: details[status], Code: codes[status]}
		if p.Detail == "" {
			p.Detail = "请求没有办成,请对照接口说明。"
		}
		for _, err := range errs {
			d, ok := errors.AsType[*huma.ErrorDetail](err)
			if !ok {
				continue // its text may repeat what was sent
			}
			p.Errors = append(p.Errors, fault{Location: d.Location, Message: d.Message})
		}
		return p
	}
	validation.MsgUnexpectedProperty = "没有这个字段"
	validation.MsgExpectedRFC3339DateTime = "应为 RFC 3339 时间"
	validation.MsgExpectedRFC3339Date = "应为 YYYY-MM-DD 日期"
	validation.MsgExpectedRFC4122UUID = "应为 UUID"
	validation.MsgExpectedBoolean = "应为 true 或 false"
	validation.MsgExpectedNumber = "应为数字"
	validation.MsgExpectedInteger = "应为整数"
	validation.MsgExpectedString = "应为文字"
	validation.MsgExpectedArray = "应为列表"
	validation.MsgExpectedObject = "应为对象"
	validation.MsgExpectedOneOf = "应为其中之一:%s"
	validation.MsgExpectedMinimumNumber = "不能小于 %v"
	validation.MsgExpectedMaximumNumber = "不能大于 %v"
	validation.MsgExpectedMinLength = "不能少于 %d 个字符"
	validation.MsgExpectedMaxLength = "不能多于 %d 个字符"
	validation.MsgExpectedMatchPattern = "格式应为 %s"
	validation.MsgExpectedRequiredProperty = "缺少字段 %s"
})

var details = map[int]string{
	http.StatusBadRequest:            "请求的格式不对,请对照接口说明。",
	http.StatusUnprocessableEntity:   "请求的内容有误,见 errors。",
	http.StatusRequestEntityTooLarge: "请求正文过大。",
	http.StatusUnsupportedMediaType:  "请求正文应为 application/json。",
	http.StatusNotAcceptable:         "只提供 application/json。",
	http.StatusRequestTimeout:        "请求没有在限定时间内发完,请再发一次。",
}

var codes = map[int]string{
	http.StatusUnprocessableEntity: "invalid", http.StatusBadRequest: "bad_request", http.StatusTooManyRequests: "too_many_requests",
	http.StatusUnauthorized: "unauthorized", http.StatusRequestEntityTooLarge: "too_large", http.StatusRequestTimeout: "too_slow",
}
