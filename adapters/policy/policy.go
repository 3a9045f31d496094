// Package policy decides who may issue which command on a case, and who may see
// it (domain.md 4.8). The rules are Cedar policies in policies/*.cedar, one file
// per subject, written so that somebody who doesn't program can read them; a
// forbid overrides every permit. testdata/matrix.txt is what they come to, cell
// by cell.
//
// A policy says who may; what is possible in a case's present state, and that
// different people handle, verify, call back and approve it, are rules of the
// deciders, which no policy switches off. Commands are asked about in casework,
// the only way to them; lists take their scope from Sight, which asks the same
// policies. Read Set.Check.
package policy

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"slices"

	cedar "github.com/cedar-policy/cedar-go"

	"hearth/domain"
	"hearth/domain/orgunit"
)

//go:embed policies/*.cedar
var files embed.FS

// See is the action of looking at a case. Uses are what may be done besides that
// is no command: it changes nothing in the case, and is kept by domain/access.
const (
	See         = "complaint:see"
	Reveal      = "complaint:reveal"       // 显示个人信息
	ExportClear = "complaint:export_clear" // 导出不遮挡的台账
	SeeAccess   = "complaint:see_access"   // 看查阅记录
)

// Uses are the actions on a case that are no commands, with their labels.
func Uses() [][2]string {
	return [][2]string{{See, "查看"}, {Reveal, "显示个人信息"}, {ExportClear, "导出不遮挡的台账"}, {SeeAccess, "看查阅记录"}}
}

// Set is the policies in force. It never changes; safe for concurrent use.
type Set struct {
	digest string
	rules  map[cedar.PolicyID]rule
	always applying            // those that speak of every action
	by     map[string]applying // those that speak of an action, and always
}

// rule is what people read of a policy.
type rule struct {
	text    string
	forbids bool
	actions []string // none: all
	policy  *cedar.Policy
}

// applying is the policies that an authorisation goes through.
type applying []applied

type applied struct {
	id     cedar.PolicyID
	policy *cedar.Policy
}

// All yields the policies, as Cedar wants them.
func (a applying) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, p := range a {
			if !yield(p.id, p.policy) {
				return
			}
		}
	}
}

// InForce is the policies that the program brings along.
func InForce() *Set {
	s, err := Load(files)
	if err != nil {
		panic(err) // they are embedded, and a test loads them
	}
	return s
}

// Load reads the policies of a file system, policies/*.cedar, in the order of
// their names.
func Load(from fs.FS) (*Set, error) {
	names, err := fs.Glob(from, "policies/*.cedar")
	if err != nil {
		return nil, fmt.Errorf("list policies: %w", err)
	}
	s := &Set{rules: map[cedar.PolicyID]rule{}, by: map[string]applying{}}
	sum := sha256.New()
	for _, name := range names {
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, fmt.Errorf("read policies: %w", err)
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
		policies, err := cedar.NewPolicyListFromBytes(name, text)
		if err != nil {
			return nil, fmt.Errorf("read policies: %w", err)
		}
		for _, p := range policies {
			if err := s.add(name, p); err != nil {
				return nil, err
			}
		}
	}
	s.digest = hex.EncodeToString(sum.Sum(nil))[:16]
	s.sort()
	return s, nil
}

func (s *Set) add(file string, p *cedar.Policy) error {
	notes := p.Annotations()
	id := cedar.PolicyID(notes["id"])
	if _, taken := s.rules[id]; id == "" || taken || notes["text"] == "" {
		return fmt.Errorf("%s: policy %q needs an @id of its own and a @text", file, id)
	}
	actions, err := scope(p)
	if err != nil {
		return fmt.Errorf("%s: policy %q: %w", file, id, err)
	}
	s.rules[id] = rule{text: string(notes["text"]), forbids: p.Effect() == cedar.Forbid, actions: actions, policy: p}
	return nil
}

// scope is the actions that a policy names, none when it speaks of all.
func scope(p *cedar.Policy) ([]string, error) {
	text, err := p.MarshalJSON()
	if err != nil {
		return nil, err
	}
	type entity struct {
		ID string `json:"id"`
	}
	var head struct {
		Action struct {
			Op       string   `json:"op"`
			Entity   entity   `json:"entity"`
			Entities []entity `json:"entities"`
		} `json:"action"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, err
	}
	switch a := head.Action; {
	case a.Op == "All":
		return nil, nil
	case a.Op == "==":
		return []string{a.Entity.ID}, nil
	case a.Op == "in" && len(a.Entities) > 0:
		ids := make([]string, len(a.Entities))
		for i, e := range a.Entities {
			ids[i] = e.ID
		}
		return ids, nil
	}
	return nil, fmt.Errorf("its actions are neither all, one nor a list")
}

// sort puts the policies under the actions that they speak of, so that a
// decision asks some eight of them and not all.
func (s *Set) sort() {
	for id, r := range s.rules {
		for _, action := range r.actions {
			s.by[action] = append(s.by[action], applied{id, r.policy})
		}
		if len(r.actions) == 0 {
			s.always = append(s.always, applied{id, r.policy})
		}
	}
	for action := range s.by {
		s.by[action] = append(s.by[action], s.always...)
	}
}

// Digest is the SHA-256 of the policies, in short; it goes into every event.
func (s *Set) Digest() string { return s.digest }

// Actions are the actions that a permit names, in order.
func (s *Set) Actions() []string {
	var actions []string
	for _, r := range s.rules {
		if !r.forbids {
			actions = append(actions, r.actions...)
		}
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

// Request is who wishes to do what on what. For is the user whose office the
// actor holds for a time (代), empty for their own. Units is the tree by which
// units lie below one another on the date.
type Request struct {
	Actor  domain.Actor
	For    string
	Action string // family:command, or one of Uses
	Label  string // Chinese, for the answer
	On     Resource
	Units  orgunit.Tree
	Date   domain.Date
}

// May reports whether the request is allowed.
func (s *Set) May(r Request) bool {
	ok, _ := s.ask(r)
	return ok
}

// Check is nil when the request is allowed, else a rejection that says why.
func (s *Set) Check(r Request) error {
	ok, reasons := s.ask(r)
	if ok {
		return nil
	}
	if see := r; r.On.kind == kindComplaint && r.Action != See {
		if see.Action = See; !s.May(see) && r.Action != "complaint:register" {
			return NotVisible()
		}
	}
	for _, id := range reasons {
		return domain.Reject("not_permitted", "您不能办理“%s”。%s", r.Label, s.rules[id].text)
	}
	return domain.Reject("not_permitted", "您的岗位和单位不能办理“%s”,请转给有权办理的人,或联系带班。", r.Label)
}

// NotVisible is the answer to whoever may not know whether there is a case.
func NotVisible() error {
	return domain.Reject("not_visible", "没有可以办理的案件:案件不存在,或者您的岗位无权查看。如有疑问请联系带班。")
}

// ask goes through the policies. The ids are those of the forbids that hold.
func (s *Set) ask(r Request) (bool, []cedar.PolicyID) {
	if r.Actor.ID == "" {
		return false, nil
	}
	policies, known := s.by[r.Action]
	if !known {
		return false, nil
	}
	w := newWorld(r)
	decision, found := cedar.Authorize(policies, w, cedar.Request{
		Principal: w.principal.UID, Action: cedar.NewEntityUID("Action", cedar.String(r.Action)), Resource: w.resource.UID,
	})
	// A policy that can't be evaluated decides nothing; a forbid among them must
	// not be lost, so nothing is allowed.
	if decision != cedar.Allow || len(found.Errors) > 0 {
		var reasons []cedar.PolicyID
		for _, reason := range found.Reasons {
			if s.rules[reason.PolicyID].forbids {
				reasons = append(reasons, reason.PolicyID)
			}
		}
		slices.Sort(reasons)
		return false, reasons
	}
	return true, nil
}
