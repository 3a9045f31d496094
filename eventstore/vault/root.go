package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/crypto/argon2"

	"hearth/domain"
)

// ErrRoot says that a root key does not open what was wrapped.
var ErrRoot = errors.New("vault: the root key is another one")

// Root is the key above all others. It wraps epoch keys, and is neither in the
// database nor in a backup of it. An HSM or a key server fits behind it as well.
type Root interface {
	// Wrap encrypts an epoch key. bound is what Unwrap must be told again.
	Wrap(ctx context.Context, key, bound []byte) ([]byte, error)
	// Unwrap gives back the key, or ErrRoot.
	Unwrap(ctx context.Context, wrapped, bound []byte) ([]byte, error)
	// Begin makes the root key for a vault without any keys, when there is none
	// yet. undo takes it back, for when another instance was faster.
	Begin(ctx context.Context) (undo func() error, err error)
}

// Passphrase is a Root made of a passphrase in a file, by argon2id. Safe for
// concurrent use.
type Passphrase struct {
	path string

	mu   sync.Mutex
	salt []byte            // guarded by mu; of the last key, so that one more costs nothing
	keys map[string][]byte // guarded by mu; by salt
}

// NewPassphrase makes a Root of a file. It is read when it is needed.
func NewPassphrase(path string) *Passphrase {
	return &Passphrase{path: path, keys: map[string][]byte{}}
}

// The parameters are the second choice of RFC 9106. A wrapped key begins with the
// version that stands for them.
const (
	passphraseVersion = 1
	argonTime         = 3
	argonMemory       = 64 << 10 // KiB
	argonThreads      = 4
	saltSize          = 16
	leastPassphrase   = 16 // characters, for one that somebody thought up
)

// Begin implements Root. A crash behind it leaves a passphrase that nothing was
// wrapped under yet; the next start uses it.
func (p *Passphrase) Begin(context.Context) (undo func() error, err error) {
	kept := func() error { return nil }
	if _, err := os.Stat(p.path); !errors.Is(err, fs.ErrNotExist) {
		return kept, err
	}
	if err := os.MkdirAll(filepath.Dir(p.path), 0o700); err != nil {
		return kept, err
	}
	// Whole or not there: written beside, then linked, which fails when another
	// process was faster.
	f, err := os.CreateTemp(filepath.Dir(p.path), ".passphrase-")
	if err != nil {
		return kept, err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(rand.Text() + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return kept, err
	}
	if err := os.Link(f.Name(), p.path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return kept, nil
		}
		return kept, err
	}
	if err := syncFolder(filepath.Dir(p.path)); err != nil {
		return kept, err
	}
	return func() error { return os.Remove(p.path) }, nil
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// key derives the key of a salt.
func (p *Passphrase) key(salt []byte) ([]byte, error) {
	if k, ok := p.keys[string(salt)]; ok {
		return k, nil
	}
	text, err := os.ReadFile(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, domain.Reject("vault_passphrase_missing", "找不到保险库口令文件 %s,已封存的个人信息打不开。请把该文件(在先启动的实例上,或单独保管处)放回原处,或用 HEARTH_VAULT_PASSPHRASE_FILE 指明,再重新启动。", p.path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the passphrase: %w", err)
	}
	text = bytes.TrimSpace(text)
	if len([]rune(string(text))) < leastPassphrase {
		return nil, domain.Reject("vault_passphrase_short", "保险库口令文件 %s 里的口令不足%d个字符。请换一个更长的,最好删去该文件,由程序生成。", p.path, leastPassphrase)
	}
	k := argon2.IDKey(text, salt, argonTime, argonMemory, argonThreads, halfKey)
	p.keys[string(salt)], p.salt = k, salt
	return k, nil
}

// Wrap implements Root.
func (p *Passphrase) Wrap(_ context.Context, key, bound []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	salt := p.salt
	if salt == nil {
		salt = make([]byte, saltSize)
		rand.Read(salt)
	}
	k, err := p.key(salt)
	if err != nil {
		return nil, err
	}
	return wrap(append([]byte{passphraseVersion}, salt...), k, key, bound), nil
}

// Unwrap implements Root.
func (p *Passphrase) Unwrap(_ context.Context, wrapped, bound []byte) ([]byte, error) {
	if len(wrapped) < 1+saltSize || wrapped[0] != passphraseVersion {
		return nil, fmt.Errorf("%w: wrapped in no form that this program reads", ErrRoot)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	k, err := p.key(bytes.Clone(wrapped[1 : 1+saltSize]))
	if err != nil {
		return nil, err
	}
	key, err := unwrap(wrapped[1+saltSize:], k, bound)
	if err != nil {
		return nil, ErrRoot
	}
	return key, nil
}

// wrap appends nonce and ciphertext of a key. Nonces are random: a key above
// others wraps far fewer than would make one come twice.
func wrap(b, above, key, bound []byte) []byte {
	nonce := make([]byte, nonceSize)
	rand.Read(nonce)
	return gcm(above).Seal(append(b, nonce...), nonce, key, bound)
}

func unwrap(wrapped, above, bound []byte) ([]byte, error) {
	if len(wrapped) < nonceSize {
		return nil, errDamaged
	}
	return gcm(above).Open(nil, wrapped[:nonceSize], wrapped[nonceSize:], bound)
}
