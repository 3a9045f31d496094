package onservice

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"hearth/bench/scoreboard/rig"
)

// The names by which audit verify calls the copies.
const (
	inStream  = "事件流"
	inTiles   = "封存树"
	inArchive = "二份存档"
)

// OneByte flips one byte in a file of the stream, of the tiles or of the archive.
// It must be found and named, and repair must put it right.
func OneByte(ctx context.Context, env *rig.Env) (*rig.Result, error) {
	res := &rig.Result{}
	p, err := prepared(ctx, env)
	if err != nil {
		return res, err
	}
	kinds := p.spots()
	for res.Rounds < env.Rounds(6, 60) {
		kind := kinds[(env.Seed+uint64(res.Rounds))%uint64(len(kinds))]
		res.Rounds++
		if err := p.oneByte(ctx, kind, res); err != nil {
			return res, fmt.Errorf("round %d, seed %d, %s: %w", res.Rounds, env.Seed, kind.name, err)
		}
	}
	return res, nil
}

// spot is a kind of file in which a byte is flipped.
type spot struct {
	name  string
	files func(s *site) ([]string, error)
	// found says why what audit verify said does not tell of the byte, or nothing.
	found func(said rig.Said, file string, at int64) string
}

// spots are all kinds, the most precious first.
func (p *preparation) spots() []spot {
	all := []spot{
		{"block", globbed("nats/jetstream/*/streams/*/msgs/*.blk"), p.namedRecord},
		{"full tile", globbed("notary/tiles/tile/0/000"), namedLeaf},
		{"tile of the second level", globbed("notary/tiles/tile/1/*.p/*"), computedAnew},
		{"checkpoint", globbed("notary/tiles/checkpoint"), computedAnew},
		{"unfinished tile", globbed("notary/tiles/tile/0/*.p/*"), computedAnew},
		{"configuration of the stream", globbed("nats/jetstream/*/streams/*/meta.*"), configurationNamed},
		{"index of the stream", globbed("nats/jetstream/*/streams/*/msgs/index.db"), harmless},
	}
	for i, r := range p.archive {
		if at := slices.IndexFunc(all, func(s spot) bool { return s.name == r.Kind }); at >= 0 {
			continue
		}
		var same []relation
		for _, other := range p.archive[i:] {
			if other.Kind == r.Kind {
				same = append(same, other)
			}
		}
		all = append(all, archived(r.Kind, same))
	}
	return all
}

// archived is the files of one kind of relation of the archive.
func archived(kind string, relations []relation) spot {
	files := func(s *site) ([]string, error) {
		var all []string
		for _, r := range relations {
			all = append(all, filepath.Join(s.pgdata(), r.File))
		}
		return all, nil
	}
	found := func(said rig.Said, file string, at int64) string {
		named := faultsIn(said.Out)[inArchive]
		for _, r := range relations {
			if !strings.HasSuffix(file, r.File) {
				continue
			}
			for _, position := range r.Positions[at/pageSize] {
				if !contains(named, position) {
					return fmt.Sprintf("position %d is not named", position)
				}
			}
		}
		return anything(said, named)
	}
	return spot{kind, files, found}
}

// pageSize is that of PostgreSQL.
const pageSize = 8192

// globbed are the files of a pattern below the state folder.
func globbed(pattern string) func(*site) ([]string, error) {
	return func(s *site) ([]string, error) {
		files, err := filepath.Glob(filepath.Join(s.state, filepath.FromSlash(pattern)))
		if err == nil && len(files) == 0 {
			err = fmt.Errorf("no file %s", pattern)
		}
		return files, err
	}
}

// namedRecord demands that the message is named in whose record the byte is.
func (p *preparation) namedRecord(said rig.Said, file string, at int64) string {
	position := uint64(0)
	for _, r := range p.records {
		if r.File == filepath.Base(file) && r.Offset <= at {
			position = r.Position
		}
	}
	named := faultsIn(said.Out)[inStream]
	if !contains(named, int64(position)) {
		return fmt.Sprintf("position %d is not named", position)
	}
	return anything(said, named)
}

// namedLeaf demands that the leaf is named in which the byte is.
func namedLeaf(said rig.Said, _ string, at int64) string {
	named := faultsIn(said.Out)[inTiles]
	if position := at/tlog.HashSize + 1; len(named) != 1 || named[0] != (stretch{position, position}) {
		return fmt.Sprintf("position %d is not named, or not alone", position)
	}
	return anything(said, named)
}

// configurationNamed is for what holds no messages.
func configurationNamed(said rig.Said, _ string, _ int64) string {
	if said.Code == 0 || !strings.Contains(said.Out, "事件流的配置") {
		return "the configuration is not named"
	}
	return ""
}

// computedAnew demands that hearth tells that what is signed is not what the
// tiles give, and has computed them anew from the stream: the root of unfinished
// tiles is compared at every start. Which byte of them it was nobody can tell.
func computedAnew(said rig.Said, _ string, _ int64) string {
	if said.Code != 0 || !strings.Contains(said.Err, "tiles are damaged and computed anew") {
		return "nothing was computed anew"
	}
	return ""
}

// harmless is for what the server can do without.
func harmless(said rig.Said, _ string, _ int64) string {
	if said.Code != 0 {
		return "it did harm"
	}
	return ""
}

// anything demands that audit verify has failed and has named something.
func anything(said rig.Said, named []stretch) string {
	if said.Code == 0 || len(named) == 0 {
		return "nothing is named"
	}
	return ""
}

func contains(named []stretch, position int64) bool {
	return slices.ContainsFunc(named, func(s stretch) bool { return s.from <= position && position <= s.to })
}

// oneByte flips one byte in a file of a kind.
func (p *preparation) oneByte(ctx context.Context, kind spot, res *rig.Result) error {
	var file string
	var at int64
	harm := func(s *site) error {
		files, err := kind.files(s)
		if err != nil {
			return err
		}
		r := s.env.Random(res.Rounds)
		file = files[r.IntN(len(files))]
		at, err = flipByte(r, file)
		return err
	}
	return p.damaged(ctx, harm, func(s *site, all *tellers) error {
		below, err := filepath.Rel(s.state, file)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("round %d, seed %d, byte %d of %s (%s)", res.Rounds, s.env.Seed, at, below, kind.name)
		said, err := s.auditVerify(ctx)
		if err != nil {
			return err
		}
		if why := kind.found(said, file, at); why != "" {
			res.Problem("%s: %s: audit verify ends with %d: %.600s%.600s", what, why, said.Code, said.Out, said.Err)
		} else {
			res.Add(kind.name, 1)
		}
		_, err = s.repaired(ctx, all, res, what)
		return err
	})
}

// flipByte changes one byte of a file into another one and says which.
func flipByte(r *rand.Rand, file string) (at int64, err error) {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	at = r.Int64N(info.Size())
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		return at, err
	}
	b[0] ^= byte(1 + r.IntN(255))
	_, err = f.WriteAt(b[:], at)
	return at, err
}
