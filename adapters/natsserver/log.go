package natsserver

import (
	"fmt"
	"log/slog"
	"sync/atomic"
)

// logBridge hands the server's log lines to slog. A line is data, so it is an
// attribute and the message stays constant.
type logBridge struct {
	log   *slog.Logger
	fatal atomic.Value // string: the last line of level fatal
}

func newBridge(log *slog.Logger) *logBridge { return &logBridge{log: log} }

// lastFatal is what the server said when it gave up; empty when it did not. In
// a program of its own that line is followed by its exit.
func (b *logBridge) lastFatal() string {
	text, _ := b.fatal.Load().(string) // nothing is stored before the first
	return text
}

// entry is the message of every line in the log.
const entry = "nats server"

// The server's notices are chatter to an operator of Hearth: debug.

func (b *logBridge) Noticef(format string, v ...any) {
	b.log.Debug(entry, "line", fmt.Sprintf(format, v...))
}

func (b *logBridge) Warnf(format string, v ...any) {
	b.log.Warn(entry, "line", fmt.Sprintf(format, v...))
}

func (b *logBridge) Errorf(format string, v ...any) {
	b.log.Error(entry, "line", fmt.Sprintf(format, v...))
}

func (b *logBridge) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	b.fatal.Store(text)
	b.log.Error(entry, "line", text)
}

func (b *logBridge) Debugf(format string, v ...any) {
	b.log.Debug(entry, "line", fmt.Sprintf(format, v...))
}

func (b *logBridge) Tracef(format string, v ...any) {
	b.log.Debug(entry, "line", fmt.Sprintf(format, v...))
}
