package rights

import (
	"fmt"
	"slices"
	"strings"
)

// Config writes the rights as configuration of a NATS server.
type Config struct {
	// Keys are the public nkeys of all users.
	Keys map[User]string
	// Unlimited is the public nkey of one more user, who may do everything in the
	// account of the stream, and whom nothing is closed to. Only tests have one.
	Unlimited string
}

// account is where a user belongs. The server answers in the name of nobody: an
// answer goes to whatever subject the request names, whether its user may
// publish there or not. A reader would only have to ask for the answer to a read
// to be sent to ev.x.y, and the log had one more message. Between accounts the
// server writes a subject of its own into the request, and the answer comes back
// to the account of the one who asked, where nothing listens but he. The service
// needs no account of its own: it may publish events as it is, and pays nothing
// for the way between accounts.
func (u User) account() string {
	if u == Service {
		return Account
	}
	return Account + "_" + strings.ToUpper(string(u))
}

// closed is the part of JetStream's interface that nobody may use, whoever he
// is: all that changes a stream or removes anything. It is closed in the system
// account, which every request passes. Permissions of users would not do: by
// asking for the answer to a read to be sent to STREAM.DELETE, the service could
// remove the stream without a right to. (META, SERVER and ACCOUNT are heard from
// the system account only, which has no users.)
func closed() []string {
	return []string{
		"STREAM.UPDATE.*", "STREAM.DELETE.*", "STREAM.PURGE.*", "STREAM.MSG.DELETE.*",
		"STREAM.SNAPSHOT.*", "STREAM.RESTORE.*",
		"STREAM.PEER.*.*", "STREAM.LEADER.*.*", "STREAM.CANCEL_MOVE.*",
		"CONSUMER.DURABLE.CREATE.*.*", "CONSUMER.PAUSE.*.*", "CONSUMER.RESET.*.*", "CONSUMER.UNPIN.*.*",
		"CONSUMER.PEER.*.*.*", "CONSUMER.LEADER.*.*.*",
	}
}

// nowhere is where closed requests go: nobody listens there.
const nowhere = "hearth.closed"

// String is the configuration: system_account and accounts.
func (c Config) String() string {
	var b strings.Builder
	b.WriteString("system_account: SYS\naccounts {\n  SYS {\n    mappings {\n")
	if c.Unlimited == "" {
		for _, subject := range closed() {
			fmt.Fprintf(&b, "      %q: %q\n", api+subject, nowhere)
		}
	}
	b.WriteString("    }\n  }\n")
	for _, user := range Users() {
		fmt.Fprintf(&b, "  %s {\n", user.account())
		if user == Service {
			c.stream(&b)
		} else {
			c.imports(&b, user)
		}
		c.users(&b, user)
		b.WriteString("  }\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// imports writes what the user of another account may ask of that of the stream.
// The first line makes nothing of a subject that nobody asks for: without it the
// server adds the whole interface of JetStream to the account, as an answer that
// there is none, and that would be heard first.
func (c Config) imports(b *strings.Builder, user User) {
	imported := func(from, to string) string {
		return fmt.Sprintf("{service: {account: %s, subject: %q}, to: %q}", Account, from, to)
	}
	list(b, "imports", append([]string{api + "INFO"}, user.Publish()...), func(subject string) string {
		if subject == api+"INFO" {
			return imported(nowhere, subject)
		}
		return imported(subject, subject)
	})
}

// stream writes what makes the account that of the stream: there is room for one
// only, and others may ask for what they have a right to.
func (c Config) stream(b *strings.Builder) {
	if c.Unlimited != "" {
		b.WriteString("    jetstream: enabled\n")
	} else {
		b.WriteString("    jetstream {max_streams: 1}\n")
	}
	subjects := []string{nowhere}
	for _, user := range Users() {
		if user != Service {
			subjects = append(subjects, user.Publish()...)
		}
	}
	slices.Sort(subjects)
	list(b, "exports", slices.Compact(subjects), func(subject string) string {
		var accounts []string
		for _, user := range Users() {
			if user != Service && (subject == nowhere || slices.Contains(user.Publish(), subject)) {
				accounts = append(accounts, user.account())
			}
		}
		return fmt.Sprintf("{service: %q, accounts: [%s]%s}", subject, strings.Join(accounts, ", "), response(subject))
	})
}

// response says that a request has more than one answer.
func response(subject string) string {
	if strings.Contains(subject, ".DIRECT.GET.") || strings.Contains(subject, ".MSG.NEXT.") {
		return ", response: stream"
	}
	return ""
}

// users writes the user of an account. As soon as there is one, the server
// refuses whoever comes without a key.
func (c Config) users(b *strings.Builder, user User) {
	quoted := func(subject string) string { return fmt.Sprintf("%q", subject) }
	fmt.Fprintf(b, "    users: [\n      {\n        nkey: %s # %s\n        permissions {\n", c.Keys[user], user)
	list(b, "      publish", user.Publish(), quoted)
	list(b, "      subscribe", user.Subscribe(), quoted)
	b.WriteString("        }\n      }\n")
	if user == Service && c.Unlimited != "" {
		fmt.Fprintf(b, "      {nkey: %s}\n", c.Unlimited)
	}
	b.WriteString("    ]\n")
}

func list(b *strings.Builder, name string, subjects []string, entry func(string) string) {
	fmt.Fprintf(b, "    %s: [\n", name)
	for _, subject := range subjects {
		fmt.Fprintf(b, "      %s\n", entry(subject))
	}
	b.WriteString("    ]\n")
}
