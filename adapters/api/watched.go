package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"hearth/adapters/guard"
)

const (
	mostBody = 1 << 20
	mostTime = 20 * time.Second
)

type numberKey struct{}

// numberOf is the number under which the log knows a request.
func numberOf(ctx context.Context) string {
	n, _ := ctx.Value(numberKey{}).(string)
	return n
}

// begun remembers whether an answer was begun.
type begun struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (w *begun) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write goes on with the answer.
func (w *begun) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *begun) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// watched bounds what a request may send and how long it may take, writes one
// line about it, without what was asked for or who asked, and turns a panic into
// an answer.
func (s *server) watched(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, number := time.Now(), uuid.NewString()
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), numberKey{}, number), mostTime)
		defer cancel()
		r = r.WithContext(ctx)
		r.RemoteAddr = s.Origin.Address(r)
		out := &begun{ResponseWriter: w}
		err := s.Times.Allow(w, r, s.Times.Body, mostTime)
		r.Body = http.MaxBytesReader(w, r.Body, mostBody)
		w.Header().Set("X-Request-Id", number)
		defer func() {
			if p := recover(); p != nil {
				s.recovered(out, r, p)
			}
			_, pattern := mux.Handler(r)
			s.Log.DebugContext(ctx, "api request", "request", number, "method", r.Method, "route", pattern, "status", out.status, "ms", time.Since(start).Milliseconds())
		}()
		if err != nil {
			panic(err) // the connection is no connection
		}
		if guard.Encoded(r) {
			writeProblem(out, http.StatusUnsupportedMediaType, "请求正文不能压缩(Content-Encoding),请直接发送 JSON。")
			return
		}
		if !guard.ReadableURL(r.URL) {
			writeProblem(out, http.StatusBadRequest, "地址里有看不懂的字符,请改正后再试。")
			return
		}
		mux.ServeHTTP(out, r)
	})
}

func (s *server) recovered(w *begun, r *http.Request, p any) {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	number := numberOf(r.Context())
	s.Log.ErrorContext(r.Context(), "panic", "request", number, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler) // half an answer is worse than none
	}
	writeProblem(w, http.StatusInternalServerError, "系统错误,已记入日志,编号 "+number+"。")
}
