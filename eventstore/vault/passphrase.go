package vault

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/crypto/argon2"

	"hearth/domain"
)

// Passphrase is a Root made of a passphrase in a file, by argon2id. While it is
// being changed (Vault.ChangePassphrase) the next one stands in a file beside it:
// what is wrapped is wrapped under the next one, and both open. Safe for
// concurrent use.
type Passphrase struct {
	path string

	mu   sync.Mutex
	last derived              // guarded by mu; so that one more with its passphrase costs nothing
	keys map[string][]derived // guarded by mu; by salt: what was opened once needs no file
}

// derived is a key with what it was made from.
type derived struct {
	text [sha256.Size]byte // digest of the passphrase
	salt []byte
	key  []byte
}

// nextFile is the end of the name of the file with the next passphrase.
const nextFile = ".next"

// NewPassphrase makes a Root of a file. It is read when it is needed.
func NewPassphrase(path string) *Passphrase {
	return &Passphrase{path: path, keys: map[string][]derived{}}
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
	made, err := writeNew(p.path, rand.Text()+"\n")
	if err != nil || !made {
		return kept, err
	}
	return func() error { return os.Remove(p.path) }, nil
}

// writeNew makes a file that only its owner reads, whole or not at all: written
// beside, then linked, which fails when another process was faster.
func writeNew(path, text string) (made bool, err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, err
	}
	f, err := os.CreateTemp(dir, ".passphrase-")
	if err != nil {
		return false, err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return false, err
	}
	if err := os.Link(f.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return false, nil
		}
		return false, err
	}
	return true, syncFolder(dir)
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// read is the passphrase of a file.
func (p *Passphrase) read(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, domain.Reject("vault_passphrase_missing", "找不到保险库口令文件 %s,已封存的个人信息打不开。请把该文件(在先启动的实例上,或单独保管处)放回原处,或用 HEARTH_VAULT_PASSPHRASE_FILE 指明,再重新启动。", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the passphrase: %w", err)
	}
	text = bytes.TrimSpace(text)
	if len([]rune(string(text))) < leastPassphrase {
		return nil, domain.Reject("vault_passphrase_short", "保险库口令文件 %s 里的口令不足%d个字符。请换一个更长的,最好删去该文件,由程序生成。", path, leastPassphrase)
	}
	return text, nil
}

// texts are the passphrases that count, the one that wraps first.
func (p *Passphrase) texts() ([][]byte, error) {
	// The present one is read first: between the two looks the next one may have
	// taken its place, and is then read as the present one by the next call.
	present, err := p.read(p.path)
	next, nextErr := p.read(p.path + nextFile)
	switch {
	case rejected(nextErr, "vault_passphrase_missing"):
		return [][]byte{present}, err
	case nextErr != nil || err != nil:
		return nil, errors.Join(err, nextErr)
	}
	return [][]byte{next, present}, nil
}

func rejected(err error, code string) bool {
	r, ok := errors.AsType[*domain.Rejection](err)
	return ok && r.Code == code
}

// key derives the key of a passphrase and a salt.
func (p *Passphrase) key(text, salt []byte) []byte {
	digest := sha256.Sum256(text)
	for _, d := range p.keys[string(salt)] {
		if d.text == digest {
			return d.key
		}
	}
	d := derived{digest, salt, argon2.IDKey(text, salt, argonTime, argonMemory, argonThreads, halfKey)}
	p.keys[string(salt)], p.last = append(p.keys[string(salt)], d), d
	return d.key
}

// Wrap implements Root.
func (p *Passphrase) Wrap(_ context.Context, key, bound []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	texts, err := p.texts()
	if err != nil {
		return nil, err
	}
	salt := p.last.salt
	if salt == nil || p.last.text != sha256.Sum256(texts[0]) {
		salt = make([]byte, saltSize)
		rand.Read(salt)
	}
	return wrap(append([]byte{passphraseVersion}, salt...), p.key(texts[0], salt), key, bound), nil
}

// Unwrap implements Root.
func (p *Passphrase) Unwrap(_ context.Context, wrapped, bound []byte) ([]byte, error) {
	if len(wrapped) < 1+saltSize || wrapped[0] != passphraseVersion {
		return nil, fmt.Errorf("%w: wrapped in no form that this program reads", ErrRoot)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	salt, inside := bytes.Clone(wrapped[1:1+saltSize]), wrapped[1+saltSize:]
	for _, d := range p.keys[string(salt)] {
		if key, err := unwrap(inside, d.key, bound); err == nil {
			return key, nil
		}
	}
	texts, err := p.texts()
	if err != nil {
		return nil, err
	}
	for _, text := range texts {
		if key, err := unwrap(inside, p.key(text, salt), bound); err == nil {
			return key, nil
		}
	}
	return nil, ErrRoot
}

// ChangePassphrase wraps everything under another passphrase and puts it in the
// file in place of the present one; without a text it makes one up. It begins a
// new epoch, so that the passphrase of before opens nothing that is in the
// database now. Called again after it was broken off it goes on, with the
// passphrase that was begun with.
//
// A crash leaves both passphrases beside each other, which open everything; only
// when the next one alone does, it takes the place of the other.
func (v *Vault) ChangePassphrase(ctx context.Context, p *Passphrase, text string, progress func(moved, total int64)) (Rotation, error) {
	if text = strings.TrimSpace(text); text != "" && len([]rune(text)) < leastPassphrase {
		return Rotation{}, domain.Reject("vault_passphrase_short", "新口令不足%d个字符。请换一个更长的,最好不填,由程序生成。", leastPassphrase)
	}
	if err := p.prepare(text); err != nil {
		return Rotation{}, err
	}
	s, err := v.Status(ctx)
	if err != nil {
		return Rotation{}, err
	}
	// A rotation that was broken off goes on to an epoch under who knows which
	// passphrase.
	if s.Epochs > 1 {
		if _, err := v.Rotate(ctx, progress); err != nil {
			return Rotation{}, err
		}
	}
	r, err := v.Rotate(ctx, progress)
	if err != nil {
		return r, err
	}
	next := New(v.db.pool, NewPassphrase(p.path+nextFile), v.opts)
	if err := next.Open(ctx); err != nil {
		return r, fmt.Errorf("prove the next passphrase: %w", err)
	}
	if err := os.Rename(p.path+nextFile, p.path); err != nil {
		return r, fmt.Errorf("put the next passphrase in its place: %w", err)
	}
	return r, syncFolder(filepath.Dir(p.path))
}

// prepare puts the next passphrase beside the present one.
func (p *Passphrase) prepare(text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	present, err := p.read(p.path)
	if err != nil {
		return err
	}
	if text == string(present) {
		return domain.Reject("vault_passphrase_same", "新口令与现在的相同,没有改动。请换一个。")
	}
	made, err := writeNew(p.path+nextFile, cmp.Or(text, rand.Text())+"\n")
	if err != nil {
		return fmt.Errorf("write the next passphrase: %w", err)
	}
	begun, err := p.read(p.path + nextFile)
	if err != nil {
		return err
	}
	if !made && text != "" && text != string(begun) {
		return domain.Reject("vault_passphrase_begun", "上次更换口令没有完成,文件 %s 里已有一个新口令。请不带新口令再运行一次,先完成上次的更换。", p.path+nextFile)
	}
	return nil
}
