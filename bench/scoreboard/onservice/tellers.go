package onservice

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hearth/bench/scoreboard/rig"
)

// tellers register complaints at once, each with one key after the other, and
// come back with the same key until they have an answer.
type tellers struct {
	site   *site
	before int // cases that were there before
	mu     sync.Mutex
	// all below are guarded by mu
	base     string
	answered map[string]answer // by key
	none     map[int]int       // tries without one, by status; 0: no answer at all
	wrong    []string
	round    int
}

func number(digits string) int64 {
	n, _ := strconv.ParseInt(digits, 10, 64) // they are digits
	return n
}

// answer is what the API says of a case, or why not.
type answer struct {
	ID     string `json:"id"`
	No     string `json:"no"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
}

func newTellers(s *site) *tellers {
	return &tellers{site: s, answered: map[string]answer{}, none: map[int]int{}}
}

// run starts n of them. The returned function tells them to begin no more, and
// waits until each has the answer to its last key.
func (t *tellers) run(ctx context.Context, n int) (end func()) {
	t.mu.Lock()
	t.round++
	round := t.round
	t.base = t.site.base
	t.mu.Unlock()
	working, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	for i := range n {
		done.Go(func() {
			for k := 0; working.Err() == nil; k++ {
				t.until(ctx, fmt.Sprintf("teller-%d-%d-%d", round, i, k))
			}
		})
	}
	return func() { stop(); done.Wait() }
}

// moved tells them that the service has another address.
func (t *tellers) moved() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.base = t.site.base
}

// until registers with one key until there is an answer.
func (t *tellers) until(ctx context.Context, key string) {
	limit := time.After(2 * rig.Patience)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		t.mu.Lock()
		base := t.base
		t.mu.Unlock()
		status, a := t.site.register(ctx, base, key)
		if ctx.Err() != nil {
			return
		}
		if t.note(key, status, a) {
			return
		}
		select {
		case <-again.C:
		case <-limit:
			t.note(key, -1, answer{Detail: "no answer in time"})
			return
		case <-ctx.Done():
			return
		}
	}
}

// note remembers an answer and says whether the key is done with.
func (t *tellers) note(key string, status int, a answer) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case status == http.StatusCreated:
		t.answered[key] = a
		return true
	case status == 0, status == http.StatusServiceUnavailable && strings.Contains(a.Detail, "不会重复"):
		t.none[status]++
		return false
	}
	t.wrong = append(t.wrong, fmt.Sprintf("%s: neither done nor told to come back: %d %s", key, status, a.Detail))
	return true
}

func (t *tellers) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.answered)
}

// more waits until so many more have been registered.
func (t *tellers) more(ctx context.Context, n int) error {
	from := t.count()
	return rig.Until(ctx, fmt.Sprintf("%d more are registered", n), func() bool { return t.count() >= from+n })
}

// register registers a complaint; status 0 says that there was no answer.
func (s *site) register(ctx context.Context, base, key string) (int, answer) {
	var a answer
	status, err := s.ask(ctx, http.MethodPost, base+"/api/v1/complaints", key, map[string]any{
		"complaint": map[string]any{
			"category": "wage_arrears", "channel": "hotline", "area": "jc-zz", "reporter": map[string]any{},
			"employer": map[string]any{"text": "宏达建筑"}, "summary": "拖欠三个月工资 " + key,
			"claim": map[string]any{"persons": 3, "owed_fen": 3000000}, "consent": map[string]any{"basis": "legal_duty"},
		},
		"person": map[string]any{"identity": map[string]any{"name": "张三丰"}, "contact": map[string]any{"phone": "13800001234"}},
	}, &a)
	if err != nil {
		return 0, answer{Detail: err.Error()}
	}
	return status, a
}

func (s *site) ask(ctx context.Context, method, address, key string, body, into any) (int, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
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

// page is a list of cases.
type page struct {
	Rows  []answer `json:"rows"`
	Next  string   `json:"next"`
	Total int      `json:"total"`
}

// list is all cases that the service shows.
func (s *site) list(ctx context.Context) (page, error) {
	var all page
	for {
		var next page
		status, err := s.ask(ctx, http.MethodGet, s.base+"/api/v1/complaints?limit=500&cursor="+url.QueryEscape(all.Next), "", nil, &next)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("status %d", status)
		}
		if err != nil {
			return all, fmt.Errorf("list the cases: %w", err)
		}
		all = page{append(all.Rows, next.Rows...), next.Next, next.Total}
		if next.Next == "" {
			return all, nil
		}
	}
}

var numberOf = regexp.MustCompile(`〕(\d+)号$`)

// judge compares what the tellers were told with what the service has, when they
// have all their answers: each case once, numbers without a gap.
func (t *tellers) judge(ctx context.Context, res *rig.Result) error {
	n := t.before + t.count()
	var found page
	var err error
	waitErr := rig.Until(ctx, "all cases are in the tables", func() bool {
		found, err = t.site.list(ctx)
		return err == nil && found.Total >= n
	})
	if waitErr != nil && err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	res.AtLeast("acknowledged", n)
	numbers := map[string]string{}
	var sequence []int
	for _, c := range found.Rows {
		numbers[c.ID] = c.No
		if m := numberOf.FindStringSubmatch(c.No); m != nil {
			i, _ := strconv.Atoi(m[1])
			sequence = append(sequence, i)
		}
	}
	lost := 0
	for key, a := range t.answered {
		if numbers[a.ID] != a.No {
			lost++
			res.Problem("round %d: %s was told %s, the table has %q", res.Rounds, key, a.No, numbers[a.ID])
		}
	}
	gaps := 0
	slices.Sort(sequence)
	for i, number := range sequence {
		if number != i+1 {
			gaps++
		}
	}
	res.Add("lost", lost)
	res.Add("twice", max(0, found.Total-n))
	res.Add("gaps in the numbers", gaps)
	res.Add("told wrong", len(t.wrong))
	if found.Total != n || gaps > 0 {
		res.Problem("round %d: %d cases, want %d, %d gaps", res.Rounds, found.Total, n, gaps)
	}
	for _, w := range t.wrong {
		res.Problem("round %d: %s", res.Rounds, w)
	}
	t.wrong = nil
	return nil
}

// tries counts the tries that were not answered.
func (t *tellers) tries(res *rig.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	res.Add("tries without an answer", t.none[0])
	res.Add("told to come back", t.none[http.StatusServiceUnavailable])
}
