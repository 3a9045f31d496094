package onservice

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"hearth/adapters/natsserver/blocks"
	"hearth/bench/scoreboard/rig"
	"hearth/eventstore"
	"hearth/eventstore/natsstore"
	"hearth/eventstore/notary"
)

// Checkpoints causes all faults in turn on one site. Every checkpoint that was
// printed before and after them must be of a beginning of the log in the end.
func Checkpoints(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	program, err := env.Hearth(ctx)
	if err != nil {
		return nil, err
	}
	disk, err := env.NewDisk(ctx, "site-checkpoints", 2048)
	if err != nil {
		return nil, err
	}
	defer disk.Close()
	s, err := newSite(ctx, env, program, filepath.Join(disk.Mount, "state"))
	if err != nil {
		return nil, err
	}
	return s.endure(ctx, env.Rounds(5, 25),
		powerCutOn(disk), (*site).killService, (*site).killDatabase, (*site).killBackend, (*site).killAll)
}

// print lets hearth write a checkpoint into a folder outside of its state.
func (s *site) print(ctx context.Context) error {
	entries, err := os.ReadDir(s.notes)
	if err != nil {
		return err
	}
	dir := filepath.Join(s.notes, fmt.Sprintf("%04d", len(entries)))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	said, err := s.env.Run(ctx, rig.Call{Dir: dir}, s.program, "audit", "checkpoint", "--state", s.state)
	if err == nil && said.Code != 0 {
		err = fmt.Errorf("exit code %d: %s", said.Code, said.Err)
	}
	if err != nil {
		return fmt.Errorf("print a checkpoint: %w", err)
	}
	return nil
}

// printed are the contents of all files that print has made, oldest first.
func (s *site) printed() ([][]byte, error) {
	files, err := filepath.Glob(filepath.Join(s.notes, "*", "*.txt"))
	if err != nil {
		return nil, err
	}
	dirs, err := os.ReadDir(s.notes)
	if err == nil && len(files) != len(dirs) {
		err = fmt.Errorf("%d checkpoints were printed, %d files are there", len(dirs), len(files))
	}
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, file := range files { // sorted by Glob
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// agrees demands that hearth itself finds the three copies, what was signed and
// every checkpoint that it has handed out to agree.
func (s *site) agrees(ctx context.Context, res *rig.Result) error {
	_, err := s.audited(ctx, res)
	return err
}

// audited is agrees, and what was said.
func (s *site) audited(ctx context.Context, res *rig.Result) (string, error) {
	said, err := s.auditVerify(ctx)
	if err != nil {
		return "", err
	}
	res.Add("audits", 1)
	res.Add("audits that failed", 0)
	if said.Code != 0 {
		res.Add("audits that failed", 1)
		res.Problem("round %d: audit verify: %.600s%.300s", res.Rounds, said.Out, said.Err)
	}
	return said.Out, nil
}

// printedHold lets hearth audit itself, and compares every printed checkpoint with the messages in the files of
// the stopped stream. It shares the tree with hearth, and nothing else.
func (s *site) printedHold(ctx context.Context, res *rig.Result) error {
	key, err := s.env.Must(ctx, "", s.program, "audit", "key", "--state", s.state)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil {
		return fmt.Errorf("public key of the log: %w", err)
	}
	printed, err := s.printed()
	if err != nil {
		return err
	}
	roots, err := s.roots(ctx)
	if err != nil {
		return err
	}
	wrong := beginnings(printed, verifier, roots)
	res.AtLeast("checkpoints printed", len(printed))
	res.Add("not of the log", len(wrong))
	for _, w := range wrong {
		res.Problem("round %d: %s", res.Rounds, w)
	}
	said, err := s.audited(ctx, res)
	if err != nil {
		return err
	}
	return onRecord(said, res, printed)
}

// roots are the roots of the log at every size, by size.
func (s *site) roots(ctx context.Context) ([]tlog.Hash, error) {
	dirs, err := blocks.Find(s.events(), natsstore.StreamName)
	if err == nil && len(dirs) != 1 {
		err = fmt.Errorf("%d folders of the stream", len(dirs))
	}
	if err != nil {
		return nil, err
	}
	var tree notary.Tree
	roots := []tlog.Hash{tree.Root()}
	_, err = blocks.Scan(ctx, dirs[0], blocks.Options{Visit: func(m blocks.Message) error {
		if int64(m.Position) != tree.Size()+1 {
			return fmt.Errorf("position %d comes behind %d", m.Position, tree.Size())
		}
		tree.Add(notary.HashOf(eventstore.Message{Position: eventstore.Position(m.Position), Subject: m.Subject, Body: m.Body}))
		roots = append(roots, tree.Root())
		return nil
	}})
	return roots, err
}

// beginnings says which checkpoints are not of a beginning of the log with these
// roots, or do not prove that they continue the one that was printed before.
func beginnings(printed [][]byte, log note.Verifier, roots []tlog.Hash) (wrong []string) {
	var before notary.Checkpoint
	for i, data := range printed {
		g, err := notary.OpenGrowth(data, log)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("checkpoint %d: %v", i, err))
			continue
		}
		c := g.Checkpoint
		if c.Size >= int64(len(roots)) {
			wrong = append(wrong, fmt.Sprintf("checkpoint %d is of %d messages, the log has %d", i, c.Size, len(roots)-1))
		} else if roots[c.Size] != c.Root {
			wrong = append(wrong, fmt.Sprintf("checkpoint %d: at size %d the log has another root", i, c.Size))
		}
		if before.Size > 0 {
			if err := g.Extends(before); err != nil {
				wrong = append(wrong, fmt.Sprintf("checkpoint %d: %v", i, err))
			}
		}
		before = c
	}
	return wrong
}

// onRecord demands that an audit knew of every checkpoint that was handed out.
func onRecord(said string, res *rig.Result, printed [][]byte) error {
	var sizes []int64
	for _, data := range printed {
		_, signed, _ := strings.Cut(string(data), "\n\n")
		c, err := notary.ParseCheckpoint([]byte(signed))
		if err != nil {
			return err
		}
		sizes = append(sizes, c.Size)
	}
	slices.Sort(sizes)
	if want := "发出过的检查点 " + strconv.Itoa(len(slices.Compact(sizes))) + " 个"; !strings.Contains(said, want) {
		res.Problem("round %d: audit verify does not tell of %q: %.300s", res.Rounds, want, said)
	}
	return nil
}
