package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"hearth/domain"
)

// program is a program that uses the API of a service with somebody's token.
type program struct {
	t    testing.TB
	base string
	role domain.Role
}

func caller(t testing.TB, s *service) program { return program{t, s.base, domain.RoleOperator} }

func (p program) as(role domain.Role) program { p.role = role; return p }

// answer is what the API said: a registered case, or why not.
type answer struct {
	status  int
	ID      string `json:"id"`
	No      string `json:"no"`
	Existed bool   `json:"existed"`
	Visible bool   `json:"visible"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// page is a list of cases.
type page struct {
	Rows  []answer `json:"rows"`
	Next  string   `json:"next"`
	Total int      `json:"total"`
}

func (p page) numbers() []string {
	var numbers []string
	for _, c := range p.Rows {
		numbers = append(numbers, c.No)
	}
	return numbers
}

// ask sends a request; the error says that there was no answer.
func (p program) ask(method, path, key string, body any, into any) (int, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.base+"/api/v1"+path, bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+template.keys[p.role])
	req.Header.Set("Idempotency-Key", key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if text, err = io.ReadAll(resp.Body); err != nil {
		return 0, err
	}
	return resp.StatusCode, json.Unmarshal(text, into)
}

// reporter is the name of who complains, which no log may hold.
const reporter = "张三丰"

// try registers a complaint; the error says that there was no answer.
func (p program) try(key string) (a answer, err error) {
	a.status, err = p.ask("POST", "/complaints", key, map[string]any{
		"complaint": map[string]any{
			"category": "wage_arrears", "channel": "hotline", "area": "jc-zz", "reporter": map[string]any{},
			"employer": map[string]any{"text": "宏达建筑"}, "summary": "拖欠三个月工资 " + key,
			"claim": map[string]any{"persons": 3, "owed_fen": 3000000}, "consent": map[string]any{"basis": "legal_duty"},
		},
		"person": map[string]any{"identity": map[string]any{"name": reporter}, "contact": map[string]any{"phone": "13800001234"}},
	}, &a)
	return a, err
}

func (p program) register(key string) answer {
	p.t.Helper()
	a, err := p.try(key)
	if err != nil || a.status != http.StatusCreated {
		p.t.Fatalf("register %s: %v %+v", key, err, a)
	}
	return a
}

// command issues a command on a case.
func (p program) command(id, name, key string, body any) answer {
	p.t.Helper()
	var a answer
	var err error
	if a.status, err = p.ask("POST", "/complaints/"+id+"/commands/"+name, key, body, &a); err != nil {
		p.t.Errorf("%s: %v", name, err)
	}
	return a
}

// list is all cases that the program may see.
func (p program) list(filter string) page {
	p.t.Helper()
	var all page
	for {
		var next page
		status, err := p.ask("GET", "/complaints?limit=500"+filter+"&cursor="+url.QueryEscape(all.Next), "", nil, &next)
		if err != nil || status != http.StatusOK {
			p.t.Fatalf("list: %d %v", status, err)
		}
		all = page{append(all.Rows, next.Rows...), next.Next, next.Total}
		if next.Next == "" {
			return all
		}
	}
}

// listed is how many cases there are for the program.
func (p program) listed() int {
	p.t.Helper()
	var first page
	if status, err := p.ask("GET", "/complaints?limit=1", "", nil, &first); err != nil || status != http.StatusOK {
		p.t.Fatalf("list: %d %v", status, err)
	}
	return first.Total
}

var numberOf = regexp.MustCompile(`〕(\d+)号$`)

// gapFree fails unless the numbers are those from 1 to n, each once.
func gapFree(t testing.TB, numbers []string, n int) {
	t.Helper()
	var got, want []int
	for _, no := range numbers {
		found := numberOf.FindStringSubmatch(no)
		if found == nil {
			t.Fatalf("%q is no number of a case", no)
		}
		i, err := strconv.Atoi(found[1])
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, i)
	}
	slices.Sort(got)
	for i := range n {
		want = append(want, i+1)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d numbers, want 1 to %d without a gap: %s", len(got), n, fmt.Sprint(got))
	}
}
