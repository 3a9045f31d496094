// Package rights says what each user of the event store may ask of NATS. Start
// with Publish; Config writes it as configuration, which the embedded server
// takes as it is, and hearth nats-config writes into the file of others.
//
// It promises that only the provisioner can make the stream, that nobody at all
// can change, empty or remove it while the server runs with this configuration,
// and that users do not hear each other's answers. Whoever has the key of the
// service can add events that are not true; no right can prevent that, and none
// lets him alter those that are stored.
package rights

const (
	// Account is the NATS account that holds the stream, and the service.
	Account = "HEARTH"
	// Stream is the stream that the rights are about.
	Stream = "HEARTH"
)

// User is one of those who may connect.
type User string

const (
	// Provisioner makes the stream, and is needed for nothing else.
	Provisioner User = "provisioner"
	// Service appends and reads events: hearth serve and its commands.
	Service User = "service"
	// Reader reads events and stores none.
	Reader User = "reader"
)

// Users are all users.
func Users() []User { return []User{Provisioner, Service, Reader} }

const api = "$JS.API."

// reading is what a store needs in order to read: the end of the log, the
// messages of a stream, and a consumer for each feed. The names of consumers
// are drawn by those who make them, and there is no right to list them: nobody
// can read or remove a consumer that is not his own. A filter on subjects would
// be a further token of the subject, which is not allowed either.
func reading() []string {
	return []string{
		api + "STREAM.INFO." + Stream,
		api + "DIRECT.GET." + Stream,
		api + "CONSUMER.CREATE." + Stream + ".*",
		api + "CONSUMER.INFO." + Stream + ".*",
		api + "CONSUMER.MSG.NEXT." + Stream + ".*",
		api + "CONSUMER.DELETE." + Stream + ".*",
	}
}

// Publish lists the subjects on which the user may publish; all others are
// forbidden.
func (u User) Publish() []string {
	switch u {
	case Provisioner:
		return []string{api + "STREAM.CREATE." + Stream, api + "STREAM.INFO." + Stream}
	case Service:
		// A family and a case: any other subject would be a message that no reader
		// gets past.
		return append([]string{"ev.*.*"}, reading()...)
	case Reader:
		return reading()
	}
	return nil
}

// Subscribe lists the subjects on which the user may listen: his own inbox.
func (u User) Subscribe() []string { return []string{u.Inbox() + ".>"} }

// Inbox is what the subjects of answers to the user begin with. Connections
// must be told it (nats.CustomInboxPrefix).
func (u User) Inbox() string { return "_INBOX." + string(u) }
