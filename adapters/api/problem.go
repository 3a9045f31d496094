package api

import (
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// problem is an error as application/problem+json (RFC 9457) with our stable code.
type problem struct {
	Title  string  `json:"title" doc:"简短说明"`
	Status int     `json:"status"`
	Detail string  `json:"detail" doc:"怎么办"`
	Code   string  `json:"code,omitempty" doc:"供程序判断的稳定代码"`
	Errors []fault `json:"errors,omitempty"`
}

// fault is one thing that is wrong with a request; never with its value.
type fault struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

// Error is the detail.
func (p *problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *problem) GetStatus() int { return p.Status }

// ContentType is that of a problem.
func (p *problem) ContentType(string) string { return "application/problem+json" }

var _ huma.StatusError = (*problem)(nil)

func writeProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	// The client may be gone; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(&problem{Title: http.StatusText(status), Status: status, Detail: detail})
}
