package natsserver

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"hearth/adapters/natsserver/rights"
)

// ErrTwoLogs says that the store folder holds the log of an earlier version
// beside a newer one.
var ErrTwoLogs = errors.New("事件库文件夹里有两份事件流,请先核实哪一份是真的,把另一份移到别处再启动")

// keys are the users' key pairs. They are drawn at each start and never leave
// the memory of the process: nobody else is meant to connect.
type keys map[rights.User]nkeys.KeyPair

func drawKeys() (keys, error) {
	drawn := keys{}
	for _, user := range rights.Users() {
		pair, err := nkeys.CreateUser()
		if err != nil {
			return nil, fmt.Errorf("draw the key of %s: %w", user, err)
		}
		drawn[user] = pair
	}
	return drawn, nil
}

// option answers the server's challenge as a user.
func (k keys) option(user rights.User) nats.Option {
	pair, ok := k[user]
	if !ok {
		return func(*nats.Options) error { return fmt.Errorf("there is no user %q", user) }
	}
	return func(o *nats.Options) error {
		public, err := pair.PublicKey()
		if err != nil {
			return err
		}
		return nats.Nkey(public, pair.Sign)(o)
	}
}

// public are the public halves.
func (k keys) public() (map[rights.User]string, error) {
	public := map[rights.User]string{}
	for user, pair := range k {
		key, err := pair.PublicKey()
		if err != nil {
			return nil, err
		}
		public[user] = key
	}
	return public, nil
}

// takeOver moves the streams that were kept before there was an account to
// where the server looks for those of the account. It is one rename: a crash
// leaves them at the one place or at the other. A folder with both holds two
// logs, and to go on with either would hide the other.
func takeOver(storeDir string, log *slog.Logger) error {
	before := filepath.Join(storeDir, server.JetStreamStoreDir, server.DEFAULT_GLOBAL_ACCOUNT)
	now := filepath.Join(storeDir, server.JetStreamStoreDir, rights.Account)
	if _, err := os.Stat(before); err != nil {
		return nil // nothing is there; what hinders more than this look hinders the server too
	}
	if _, err := os.Stat(now); err == nil {
		return fmt.Errorf("%w(%s 和 %s)", ErrTwoLogs, before, now)
	}
	if err := os.Rename(before, now); err != nil {
		return err
	}
	log.Info("the event log was moved to its account", "folder", now)
	return nil
}
