package complaint

import (
	"errors"
	"time"

	"hearth/domain"
)

// Action is 可办事项: one command, and whether this actor may issue it on this
// case now; if not, why not.
type Action struct {
	Name    string `json:"name"`
	Label   string `json:"label"`
	Group   Group  `json:"group"`
	Allowed bool   `json:"allowed"`
	Code    string `json:"code,omitempty"`   // of the rejection
	Reason  string `json:"reason,omitempty"` // Chinese
}

// Available is every command with the answer of the guards that Decide would
// ask first. What a form then says can still be refused.
func Available(s State, actor domain.Actor, r Rules, now time.Time) []Action {
	actions := make([]Action, 0, len(table))
	for _, c := range table {
		a := Action{Name: c.Name, Label: c.Label, Group: c.Group, Allowed: true}
		var no *domain.Rejection
		if errors.As(c.allow(gate{s: s, r: r, actor: actor, now: now}), &no) {
			a.Allowed, a.Code, a.Reason = false, no.Code, no.Text
		}
		actions = append(actions, a)
	}
	return actions
}

// Refusal is why a command is not open to the actor on this case now; nil when the
// guards let it pass.
func Refusal(name string, s State, actor domain.Actor, r Rules, now time.Time) error {
	spec, _ := Spec(name)
	return spec.allow(gate{s: s, r: r, actor: actor, now: now})
}

// Obstacles is 结案障碍: everything that stands in the way of closing the case
// now, each as the rejection would say it. Available tells only the first.
func Obstacles(s State, r Rules, now time.Time) []string {
	var reasons []string
	for _, ask := range closable {
		var no *domain.Rejection
		if errors.As(ask(gate{s: s, r: r, now: now}), &no) {
			reasons = append(reasons, no.Text)
		}
	}
	return reasons
}
