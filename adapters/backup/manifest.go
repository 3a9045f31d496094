package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"hearth/domain"
	"hearth/eventstore"
	"hearth/eventstore/notary"
)

const (
	manifestFile   = "BACKUP.json"
	unfinishedFile = "UNFINISHED"
	keyFile        = "notary.key"
	segmentsFolder = "segments"
	tablesFolder   = "tables"

	formatVersion = 1
)

// Manifest says what belongs to a backup. It is written last.
type Manifest struct {
	Format int                 `json:"format"`
	Log    eventstore.Identity `json:"log"`
	// Size is the position of the last message, Root the root of the Merkle tree
	// over all of them, Tree what notary.Tree needs to go on.
	Size int64     `json:"size"`
	Root tlog.Hash `json:"root"`
	Tree []byte    `json:"tree"`
	// Checkpoint is the last one that the log signed by then, VerifierKey the
	// key to check it; both empty when the log is not sealed.
	Checkpoint  string `json:"checkpoint,omitempty"`
	VerifierKey string `json:"verifier_key,omitempty"`

	Run       int       `json:"run"` // counts the backups in this folder, from 1
	MadeAt    time.Time `json:"made_at"`
	Hearth    string    `json:"hearth"`    // version of the program
	Migration int64     `json:"migration"` // version of the tables

	Segments []Segment `json:"segments"`
	Tables   []Table   `json:"tables"`
	// Key is the file with the signing key, when it was asked for. It may be
	// missing from the folder: it is to be kept apart.
	Key *File `json:"key,omitempty"`

	// Digest is the SHA-256 of this text without it.
	Digest string `json:"digest"`
}

// Segment is a file of messages.
type Segment struct {
	File
	First eventstore.Position `json:"first"`
	Last  eventstore.Position `json:"last"`
}

// Table is a file of rows.
type Table struct {
	File
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
	Rows    int64    `json:"rows"`
}

// files are all that must be in the folder besides the manifest.
func (m *Manifest) files() []File {
	var files []File
	for _, s := range m.Segments {
		files = append(files, s.File)
	}
	for _, t := range m.Tables {
		files = append(files, t.File)
	}
	return files
}

// Bytes is the size of all files.
func (m *Manifest) Bytes() int64 {
	var n int64
	for _, f := range m.files() {
		n += f.Bytes
	}
	return n
}

// encode writes the manifest with its digest.
func (m *Manifest) encode() ([]byte, error) {
	m.Digest = ""
	plain, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(plain)
	m.Digest = hex.EncodeToString(sum[:])
	text, err := json.MarshalIndent(m, "", "\t")
	return append(text, '\n'), err
}

// ReadManifest reads the manifest of a folder and checks it by itself. See
// Verify for the files.
func ReadManifest(dir string) (*Manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, domain.Reject(CodeNone, "%s 里没有备份(缺少 %s)。请核对文件夹。", dir, manifestFile)
	}
	if err != nil {
		return nil, domain.Reject(CodeNotFolder, "读不了 %s(%v)。请核对文件夹和权限。", dir, err)
	}
	var format struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &format); err != nil {
		return nil, damaged(manifestFile, "读不懂(%v)", err)
	}
	if format.Format > formatVersion {
		return nil, newer(fmt.Sprintf("%s 的格式是第 %d 版,本程序只懂到第 %d 版", manifestFile, format.Format, formatVersion))
	}
	m := &Manifest{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, damaged(manifestFile, "读不懂(%v)", err)
	}
	again, err := m.encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, text) {
		return nil, damaged(manifestFile, "的内容已改变")
	}
	return m, m.check()
}

// check compares what the manifest says with itself, so that nothing after it
// needs to be careful.
func (m *Manifest) check() error {
	if m.Format != formatVersion || m.Size < 0 || m.Run < 1 {
		return damaged(manifestFile, "前后不一致")
	}
	next := eventstore.Position(1)
	for _, s := range m.Segments {
		if s.First != next || s.Last < s.First || s.Name != segmentName(s.First, s.Last) {
			return damaged(manifestFile, "的分段 %s 不连续", s.Name)
		}
		next = s.Last + 1
	}
	for _, t := range m.Tables {
		if find(t.Table) == nil || t.Name != tableName(m.Run, t.Table) {
			return damaged(manifestFile, "有不认识的表 %s", t.Name)
		}
	}
	tree, err := m.tree()
	if err != nil || tree.Size() != m.Size || next != eventstore.Position(m.Size)+1 || tree.Root() != m.Root || m.Key != nil && m.Key.Name != keyFile {
		return damaged(manifestFile, "前后不一致")
	}
	c, err := m.checkpoint()
	if err != nil || c.Size > m.Size {
		return damaged(manifestFile, "的检查点不是这个日志签发的")
	}
	return nil
}

func (m *Manifest) tree() (*notary.Tree, error) {
	t := &notary.Tree{}
	return t, t.UnmarshalBinary(m.Tree)
}

// checkpoint is the signed checkpoint, zero when there is none.
func (m *Manifest) checkpoint() (notary.Checkpoint, error) {
	if m.Checkpoint == "" && m.VerifierKey == "" {
		return notary.Checkpoint{}, nil
	}
	return openCheckpoint(m.Log, []byte(m.Checkpoint), m.VerifierKey)
}

// openCheckpoint reads a checkpoint of a log.
func openCheckpoint(log eventstore.Identity, signed []byte, key string) (notary.Checkpoint, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return notary.Checkpoint{}, fmt.Errorf("verifier key: %w", err)
	}
	if verifier.Name() != notary.Origin(log) {
		return notary.Checkpoint{}, fmt.Errorf("%w: the key is of %s", notary.ErrCheckpoint, verifier.Name())
	}
	return notary.OpenCheckpoint(signed, verifier)
}

// strangers lists what is in the folder and does not belong to the backup.
// Without a manifest everything is a stranger.
func strangers(dir string, m *Manifest) (names []string, unfinished bool, err error) {
	known := map[string]bool{".": true, manifestFile: m != nil, segmentsFolder: m != nil, tablesFolder: m != nil}
	if m != nil {
		for _, f := range m.files() {
			known[f.Name] = true
			known[filepath.ToSlash(filepath.Dir(f.Name))] = true
		}
		known[keyFile] = m.Key != nil
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		switch {
		case name == unfinishedFile:
			unfinished = true
		case !known[name]:
			names = append(names, name)
			if d.IsDir() {
				return fs.SkipDir
			}
		}
		return nil
	})
	slices.Sort(names)
	return names, unfinished, err
}

// leftover reports that a file may be what a backup left that did not finish.
func leftover(name string) bool {
	switch name {
	case manifestFile + tmpSuffix, keyFile, keyFile + tmpSuffix, segmentsFolder, tablesFolder:
		return true
	}
	dir, base := filepath.Split(name)
	return dir == segmentsFolder+"/" && segmentNames.MatchString(base) || dir == tablesFolder+"/" && runNames.MatchString(base)
}
