package natsstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

const apiPrefix = "$JS.API."

func infoSubject(stream string) string { return apiPrefix + "STREAM.INFO." + stream }

// ErrForbidden says that the connection's user has not the right to ask what was
// asked; nothing was done.
var ErrForbidden = errors.New("natsstore: the NATS user has no right to")

// publishRefused finds the subject in what the server says about a message that
// the user may not publish.
var publishRefused = regexp.MustCompile(`Permissions Violation for Publish to "([^"]+)"`)

// hearRefusals ends what is asked without a right. The server says so only once
// for the whole connection, not to the one who asks, who would wait in vain. The
// handler that the connection has is called as before.
func (s *Store) hearRefusals() {
	before := s.nc.ErrorHandler()
	s.nc.SetErrorHandler(func(nc *nats.Conn, sub *nats.Subscription, err error) {
		if found := publishRefused.FindStringSubmatch(err.Error()); found != nil && errors.Is(err, nats.ErrPermissionViolation) {
			s.replies.deny(found[1], fmt.Errorf("%w publish on %s", ErrForbidden, found[1]))
		}
		if before != nil {
			before(nc, sub, err)
		}
	})
}

// forbidden tells a missing right from a server that is silent, where nobody
// hears the refusal itself: by what the connection was told last.
func forbidden(nc *nats.Conn, subject string, err error) error {
	if last := nc.LastError(); errors.Is(last, nats.ErrPermissionViolation) && strings.Contains(last.Error(), `"`+subject) {
		return fmt.Errorf("%w use %s: %w", ErrForbidden, subject, err)
	}
	return err
}

// silent is why a consumer delivers nothing, not even heart-beats.
func (s *Store) silent(consumer string) error {
	return forbidden(s.nc, s.nextSubject(consumer), errSilent)
}

// ask sends a request to JetStream and decodes what it answers. An answer that
// says no is a *refusal.
func (s *Store) ask(ctx context.Context, subject string, request []byte, answer any) error {
	c := s.replies.begin(func(*nats.Msg) bool { return true }, subject)
	if err := s.nc.PublishRequest(subject, c.reply, request); err != nil {
		s.replies.forget(c)
		return err
	}
	msgs, err := s.replies.wait(ctx, c)
	if err != nil {
		return err
	}
	return decode(msgs[0].Data, answer)
}

func decode(body []byte, answer any) error {
	var no struct {
		Error *refusal `json:"error"`
	}
	if err := json.Unmarshal(body, &no); err != nil {
		return fmt.Errorf("answer of JetStream: %w", err)
	}
	if no.Error != nil {
		return no.Error
	}
	return json.Unmarshal(body, answer)
}

// info asks for the stream's configuration and state.
func (s *Store) info(ctx context.Context) (*streamInfo, error) {
	var raw json.RawMessage
	err := s.ask(ctx, infoSubject(s.name), nil, &raw)
	if err != nil {
		return nil, fmt.Errorf("stream info of %s: %w", s.name, missingStream(s.name, err))
	}
	return readInfo(s.name, raw)
}

func (s *Store) nextSubject(consumer string) string {
	return apiPrefix + "CONSUMER.MSG.NEXT." + s.name + "." + consumer
}

// createConsumer makes the consumer of a feed, in the memory of the server. Who
// makes it draws its name.
func (s *Store) createConsumer(ctx context.Context, name string, from uint64) error {
	request := fmt.Appendf(nil, `{"stream_name":%q,"config":{"name":%q,"deliver_policy":"by_start_sequence","opt_start_seq":%d,`+
		`"ack_policy":"none","replay_policy":"instant","num_replicas":1,"mem_storage":true,"inactive_threshold":%d},"action":"create"}`,
		s.name, name, from, consumerForgotten)
	return s.ask(ctx, apiPrefix+"CONSUMER.CREATE."+s.name+"."+name, request, &struct{}{})
}

// consumerForgotten is when the server removes a consumer that nobody reads, if
// Close never comes.
const consumerForgotten = time.Minute

// pending is how many messages the server counts behind the last that a consumer
// has delivered.
func (s *Store) pending(ctx context.Context, consumer string) (uint64, error) {
	var info struct {
		Pending uint64 `json:"num_pending"`
	}
	err := s.ask(ctx, apiPrefix+"CONSUMER.INFO."+s.name+"."+consumer, nil, &info)
	return info.Pending, err
}
