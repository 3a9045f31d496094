package natsstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// streamInfo is the part of the server's answer about a stream that is used. The
// configuration stays as it is told: a field that nats.go does not know must be
// seen too.
type streamInfo struct {
	Config map[string]any `json:"config"`
	State  struct {
		LastSeq uint64 `json:"last_seq"`
	} `json:"state"`
}

const streamNotFound = 10059

// missingStream makes the answer that there is no stream an ErrConfiguration.
func missingStream(name string, err error) error {
	var no *refusal
	if errors.As(err, &no) && no.ErrCode == streamNotFound {
		return fmt.Errorf("%w: there is no stream %s", ErrConfiguration, name)
	}
	return err
}

// readInfo reads the server's answer to STREAM.INFO.
func readInfo(name string, body []byte) (*streamInfo, error) {
	if err := decode(body, &struct{}{}); err != nil {
		return nil, missingStream(name, err)
	}
	info := &streamInfo{}
	numbers := json.NewDecoder(bytes.NewReader(body))
	numbers.UseNumber() // a float64 would make large limits equal
	if err := numbers.Decode(info); err != nil {
		return nil, fmt.Errorf("stream info of %s: %w", name, err)
	}
	return info, nil
}

// logID is the id of the log, empty when the stream has none.
func (i *streamInfo) logID() string {
	metadata, _ := i.Config["metadata"].(map[string]any)
	id, _ := metadata[logKey].(string)
	return id
}

func (i *streamInfo) replicas() int {
	number, _ := i.Config["num_replicas"].(json.Number)
	n, _ := number.Int64()
	return int(n)
}

// check compares the stream with the decided configuration. The error names
// every field that differs.
func (i *streamInfo) check(cfg Config) error {
	diff, err := differences(cfg, i.Config)
	if err != nil {
		return err
	}
	if i.logID() == "" {
		diff = append(diff, "metadata has no "+logKey)
	}
	if len(diff) > 0 {
		return fmt.Errorf("%w: %s", ErrConfiguration, strings.Join(diff, "; "))
	}
	return nil
}

// differences lists the fields in which got is not what was decided. A field
// that only the server knows must be absent or zero: persist_mode, for one,
// switches the syncing of this stream off.
func differences(cfg Config, got map[string]any) ([]string, error) {
	raw, err := json.Marshal(decided(cfg))
	if err != nil {
		return nil, err
	}
	var want map[string]any
	numbers := json.NewDecoder(bytes.NewReader(raw))
	numbers.UseNumber()
	if err := numbers.Decode(&want); err != nil {
		return nil, err
	}
	all := maps.Clone(want)
	maps.Copy(all, got)
	var diff []string
	for _, field := range slices.Sorted(maps.Keys(all)) {
		w, g := want[field], got[field]
		if field == "metadata" {
			g = foreign(g)
		}
		if !slices.Contains(harmless, field) && !reflect.DeepEqual(w, g) && !(zero(w) && zero(g)) {
			diff = append(diff, fmt.Sprintf("%s is %v, want %v", field, g, w))
		}
	}
	return diff, nil
}

// harmless are the fields that change nothing about the safety of events: notes,
// and where replicas are placed.
var harmless = []string{"description", "placement"}

// foreign are the metadata that neither the server nor Provision has written.
func foreign(metadata any) any {
	all, _ := metadata.(map[string]any)
	rest := maps.Clone(all)
	maps.DeleteFunc(rest, func(key string, _ any) bool { return key == logKey || strings.HasPrefix(key, "_nats.") })
	return rest
}

// zero reports that a value says no more than its absence. Servers leave out
// fields that others write.
func zero(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case json.Number:
		return v == "0"
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// CheckConfiguration asks the server how the stream is configured now.
// ErrConfiguration names all that is not as decided; any other error means that
// the server could not be asked.
func (s *Store) CheckConfiguration(ctx context.Context) error {
	info, err := s.info(ctx)
	if err == nil {
		err = info.check(Config{Stream: s.name, Replicas: s.replicas})
	}
	if err != nil {
		return fmt.Errorf("check configuration: %w", err)
	}
	return nil
}
