package web

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/google/uuid"

	accesslog "hearth/adapters/access"
	"hearth/domain"
	"hearth/domain/access"
	"hearth/eventstore"
)

// errNoAccess says that nobody writes down who looks at what: then nothing leaves
// in the clear.
var errNoAccess = domain.Reject("not_recorded", "系统没有启用查阅记录,不能显示个人信息,也不能导出。请告诉系统管理员。")

// Viewed notes that the page which is about to be sent shows a thing to somebody
// in a role; the empty Thing is a list. It costs no write: see adapters/access.
//
// A list that refreshes itself because some case moved is not looked at anew;
// a case that does is.
func (q *Request) Viewed(as domain.Actor, on access.Thing, screen access.Screen) {
	if q.shell.cfg.Access == nil || as.ID == "" || background(q.Request) && on.ID == "" {
		return
	}
	q.shell.cfg.Access.Viewed(who(as), on, screen, q.Seen())
}

// Searched notes that somebody looked for a text, which is stored sealed.
func (q *Request) Searched(as domain.Actor, kind access.Lookup, text string, hits int) {
	if q.shell.cfg.Access == nil || as.ID == "" || text == "" {
		return
	}
	q.shell.cfg.Access.Searched(who(as), access.Searched{Kind: kind, Text: text, Hits: hits, Seen: q.Seen()})
}

// Printed notes that somebody prints a screen.
func (q *Request) Printed(as domain.Actor, on access.Thing, screen access.Screen) {
	if q.shell.cfg.Access != nil && as.ID != "" {
		q.shell.cfg.Access.Printed(who(as), on, screen, q.Seen())
	}
}

// Reveal stores that personal fields of a case are about to be shown. Only when it
// returns nil may they be.
func (q *Request) Reveal(as domain.Actor, command uuid.UUID, digest string, cmd access.Reveal) error {
	if q.shell.cfg.Access == nil {
		return errNoAccess
	}
	cmd.Seen = q.Seen()
	return q.shell.cfg.Access.Reveal(q.Context(), accesslog.Request{Who: who(as), CommandID: command, Case: cmd.On.ID, Digest: digest}, cmd)
}

// RevealLimits are how much a user may reveal.
func (q *Request) RevealLimits() access.Limits {
	if q.shell.cfg.Access == nil {
		return access.Limits{}
	}
	return q.shell.cfg.Access.Limits()
}

// Export answers with a file to be saved, once it is stored who takes it, and what
// its digest is.
func (q *Request) Export(as domain.Actor, command uuid.UUID, digest, name, contentType string, body []byte, file access.Exported) error {
	if q.shell.cfg.Access == nil {
		return errNoAccess
	}
	sum := sha256.Sum256(body)
	file.SHA256, file.Seen = hex.EncodeToString(sum[:]), q.Seen()
	err := q.shell.cfg.Access.Export(q.Context(), accesslog.Request{Who: who(as), CommandID: command, Case: file.On.ID, Digest: digest}, file)
	if err != nil {
		return err
	}
	return q.Attachment(name, contentType, body)
}

// NewCommand draws a command id for what comes without a form, such as a download.
func (q *Request) NewCommand() uuid.UUID { return newCommand() }

// Seen is the read model of the page and how far it was known to have come before
// the page read it: what is shown is at least so new.
func (q *Request) Seen() access.Seen { return q.seen }

func (s *Shell) seen(models []string) access.Seen {
	if len(models) == 0 || s.cfg.Models == nil {
		return access.Seen{}
	}
	return access.Seen{Model: models[0], Position: uint64(s.cfg.Models.Position(models[0]))}
}

// positions is what Models tell of themselves without a question to the database.
type positions interface {
	// Position is how far this process knows a read model to have come.
	Position(model string) eventstore.Position
}

func who(a domain.Actor) accesslog.Who { return accesslog.Who{Actor: a, Channel: "web"} }
