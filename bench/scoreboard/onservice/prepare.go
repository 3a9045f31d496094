package onservice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/localpg"
	"hearth/adapters/natsserver/blocks"
	"hearth/adapters/postgres"
	"hearth/bench/scoreboard/onstore"
	"hearth/bench/scoreboard/rig"
)

// preparation is a stopped site with several block files and tiles, what was told
// of its cases, and what is needed to damage copies of it.
type preparation struct {
	site    *site
	all     *tellers
	older   string           // a copy of its messages from before the last of them
	records []blocks.Message // where each lies, without bodies
	archive []relation
}

// relation is a table or an index of the archive.
type relation struct {
	Kind string
	File string // below the folder of the database
	// Positions are the archived ones on each page of a table of messages.
	Positions map[int64][]int64
}

// prepared is the one site of which all lines damage copies.
func prepared(ctx context.Context, env *rig.Env) (*preparation, error) {
	return rig.Shared(env, "site to be damaged", func() (*preparation, error) { return prepare(ctx, env) })
}

func prepare(ctx context.Context, env *rig.Env) (*preparation, error) {
	s, err := fresh(ctx, env)
	if err != nil {
		return nil, err
	}
	p := &preparation{site: s, all: newTellers(s), older: s.state + "-older"}
	if p.all.before, err = s.importCases(ctx, p.bulk()); err != nil {
		return nil, err
	}
	for run := range 2 {
		if err := p.fill(ctx); err != nil {
			return nil, err
		}
		if run > 0 {
			continue
		}
		msgs, err := onstore.Messages(s.events())
		if err == nil {
			err = os.CopyFS(p.older, os.DirFS(msgs))
		}
		if err != nil {
			return nil, err
		}
	}
	said, err := s.auditVerify(ctx)
	if err == nil && said.Code != 0 {
		err = fmt.Errorf("the log is damaged before it was touched: %s%s", said.Out, said.Err)
	}
	if err == nil {
		err = errors.Join(p.findRecords(ctx), p.findArchive(ctx))
	}
	if blocks := p.records[len(p.records)-1].File; err == nil && env.Pace != rig.Once && blocks == "1.blk" {
		err = errors.New("the log is too short for a second block file")
	}
	return p, err
}

// bulk is how many cases are imported: enough for tiles of two levels, and of
// the usual pace for more than one block file.
func (p *preparation) bulk() int {
	if p.site.env.Pace == rig.Once {
		return 300
	}
	return 1000
}

// letters are few, so that an index of words costs little, and so many that a
// text does not become short when it is compressed.
const letters = 40

// importCases imports a table of cases with long texts.
func (s *site) importCases(ctx context.Context, n int) (int, error) {
	r := rand.New(rand.NewPCG(1, 1))
	var csv strings.Builder
	csv.WriteString("编号,内容,县区\n")
	for i := range n {
		fmt.Fprintf(&csv, "%d,第%d个工地拖欠三个月工资", i+1, i+1)
		for range 1900 {
			csv.WriteRune(rune('一' + r.IntN(letters)))
		}
		csv.WriteString(",泽州\n")
	}
	file := s.state + ".csv"
	if err := os.WriteFile(file, []byte(csv.String()), 0o600); err != nil {
		return 0, err
	}
	_, err := s.env.Must(ctx, "", s.program, "import", "complaints", file, "--state", s.state)
	return n, err
}

// fill registers some cases in one run of the service.
func (p *preparation) fill(ctx context.Context) error {
	s := p.site
	if err := s.start(ctx); err != nil {
		return err
	}
	defer s.killEverything()
	err := s.untilReady(ctx)
	end := p.all.run(ctx, clerks)
	err = errors.Join(err, p.all.more(ctx, 30))
	end()
	res := &rig.Result{}
	if err := errors.Join(err, p.all.judge(ctx, res), s.settled(ctx), s.stop()); err != nil {
		return err
	}
	if len(res.Problems) > 0 {
		return fmt.Errorf("before anything was damaged: %s", res.Problems[0])
	}
	return nil
}

// findRecords notes where each message lies in the block files.
func (p *preparation) findRecords(ctx context.Context) error {
	msgs, err := onstore.Messages(p.site.events())
	if err != nil {
		return err
	}
	_, err = blocks.Scan(ctx, filepath.Dir(msgs), blocks.Options{Visit: func(m blocks.Message) error {
		p.records = append(p.records, blocks.Message{Position: m.Position, File: m.File, Offset: m.Offset})
		return nil
	}})
	return err
}

// relationsSQL lists the partitions of the archive with all that belongs to them.
const relationsSQL = `
with part as (select c.oid, c.reltoastrelid from pg_class c
               where c.relnamespace = 'archive'::regnamespace and c.relkind = 'r' and c.relname ~ '^message_[0-9]+$'),
     all_of as (select 'table of the archive' kind, oid from part
      union all select 'long bodies of the archive', reltoastrelid from part
      union all select 'index of the archive', indexrelid from pg_index join part on indrelid = part.oid
      union all select 'index of long bodies', indexrelid from pg_index join part on indrelid = part.reltoastrelid)
select kind, pg_relation_filepath(oid) file from all_of where pg_relation_size(oid) > 0 order by 2`

// findArchive notes in which files of the stopped database the archive is.
func (p *preparation) findArchive(ctx context.Context) error {
	return p.site.inDatabase(ctx, func(pool *pgxpool.Pool) error {
		rows, err := pool.Query(ctx, relationsSQL)
		if err == nil {
			p.archive, err = pgx.CollectRows(rows, pgx.RowToStructByNameLax[relation])
		}
		if err != nil {
			return fmt.Errorf("files of the archive: %w", err)
		}
		for i, r := range p.archive {
			if r.Kind != "table of the archive" {
				continue
			}
			p.archive[i].Positions = map[int64][]int64{}
			rows, err := pool.Query(ctx, `select (ctid::text::point)[0]::bigint, position from archive.message where pg_relation_filepath(tableoid) = $1`, r.File)
			if err != nil {
				return err
			}
			var page, position int64
			if _, err := pgx.ForEachRow(rows, []any{&page, &position}, func() error {
				p.archive[i].Positions[page] = append(p.archive[i].Positions[page], position)
				return nil
			}); err != nil {
				return fmt.Errorf("pages of the archive: %w", err)
			}
		}
		return nil
	})
}

// inDatabase starts the database of a stopped site.
func (s *site) inDatabase(ctx context.Context, do func(*pgxpool.Pool) error) error {
	db, err := localpg.Start(ctx, localpg.Config{Dir: filepath.Join(s.state, "postgres"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	pool, err := postgres.Open(ctx, db.DSN(), postgres.Options{MaxConns: 1})
	if err == nil {
		err = do(pool)
		pool.Close()
	}
	return errors.Join(err, db.Stop(context.WithoutCancel(ctx)))
}

// events is the folder of the embedded server.
func (s *site) events() string { return filepath.Join(s.state, "nats") }

// damaged hands over a copy of the site on which harm was done.
func (p *preparation) damaged(ctx context.Context, harm func(*site) error, try func(*site, *tellers) error) error {
	dir, err := p.site.env.NewDir("damaged")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := *p.site
	s.state = filepath.Join(dir, "state")
	if _, err := s.env.Must(ctx, "", "cp", "-a", "--reflink=auto", p.site.state, s.state); err != nil {
		return err
	}
	if err := harm(&s); err != nil {
		return err
	}
	t := newTellers(&s)
	t.answered, t.before, t.round = maps.Clone(p.all.answered), p.all.before, p.all.round
	return try(&s, t)
}
