package search_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hearth/adapters/localpg/pgtest"
	"hearth/domain"
	"hearth/domain/complaint"
	"hearth/domain/enterprise"
	"hearth/domain/person"
	"hearth/eventstore"
	"hearth/eventstore/vault"
	"hearth/projections"
	"hearth/projections/search"
)

// corpus makes documents out of words and characters that come as often as a
// draw decides: 6 complaints, 2 enterprises and 2 persons in 10.
type corpus struct {
	r     *rand.Rand
	chars []rune
	n     int
}

func newCorpus() *corpus {
	c := &corpus{r: rand.New(rand.NewPCG(7, 7))}
	for r := rune(0x4e00); r < 0x4e00+3500; r++ {
		c.chars = append(c.chars, r)
	}
	return c
}

var words = strings.Fields(`拖欠 工资 老板 工地 建筑 公司 农民工 加班 没有 合同 社保 项目 包工头 晋城 泽州 高平 阳城 陵川 沁水 煤矿 物业 餐饮
	保安 三个月 半年 一直 电话 不接 多次 讨要 无果 请求 领导 帮助 解决 孩子 上学 老人 看病 过年 回家 劳动 仲裁 监察 派出所 签字 欠条 微信 转账`)

// text is n pieces, half of them common words, half rare characters.
func (c *corpus) text(n int) string {
	var b strings.Builder
	for range n {
		if c.r.IntN(2) == 0 {
			b.WriteString(words[min(c.r.IntN(len(words)), c.r.IntN(len(words)))])
			continue
		}
		for range 2 {
			b.WriteRune(c.chars[min(c.r.IntN(len(c.chars)), c.r.IntN(len(c.chars)))])
		}
	}
	return b.String()
}

func (c *corpus) next() eventstore.Recorded {
	n := c.n
	c.n++
	r := eventstore.Recorded{Version: 1, Position: eventstore.Position(n + 1)}
	r.Meta.By = domain.By{Actor: handler, At: start.Add(time.Duration(n) * time.Second)}
	kind := search.Complaint
	switch n % 10 {
	case 1, 5:
		kind = search.Enterprise
		r.Event = enterprise.Registered{Name: "晋城市" + c.text(2) + "有限公司", USCC: fmt.Sprintf("91140500%010d", n)}
	case 2, 6:
		kind = search.Person
		r.Event = person.Registered{
			Identity: person.Identity{Name: string([]rune{c.chars[n%200], c.chars[c.r.IntN(3000)], c.chars[c.r.IntN(3000)]})},
			Contact:  person.Contact{Phone: fmt.Sprintf("138%08d", n*7919%100_000_000)},
		}
	default:
		r.Event = registered(fmt.Sprintf("晋工诉〔2026〕%d号", n), c.text(3), c.text(60), (n/10*10)+2)
	}
	r.Stream = eventstore.StreamID{Family: string(kind), Case: id(kind, n).String()}
	return r
}

func (c *corpus) batch(n int) []eventstore.Recorded {
	batch := make([]eventstore.Recorded, n)
	for i := range batch {
		batch[i] = c.next()
	}
	return batch
}

func apply(b *testing.B, pool *pgxpool.Pool, model *search.Model, batch []eventstore.Recorded) {
	b.Helper()
	err := pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
		if err := projections.UseSchema(b.Context(), tx, projections.Schema(model)); err != nil {
			return err
		}
		return model.Apply(b.Context(), tx, batch)
	})
	if err != nil {
		b.Fatal(err)
	}
}

func inSchema(b *testing.B, pool *pgxpool.Pool, model *search.Model, do func(context.Context, pgx.Tx, projections.Projection, string) error) {
	b.Helper()
	err := pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(b.Context(), "set local statement_timeout = 0"); err != nil {
			return err
		}
		return do(b.Context(), tx, model, projections.Schema(model))
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkFind asks among 100,000 documents.
func BenchmarkFind(b *testing.B) {
	v := vault.NewMemory()
	pool, model, docs := pgtest.Pool(b), search.New(v), newCorpus()
	inSchema(b, pool, model, projections.MakeTables)
	for range 100 {
		apply(b, pool, model, docs.batch(1000))
	}
	inSchema(b, pool, model, projections.MakeIndexes)
	q := search.NewQueries(pool, v)
	summary := []rune(newCorpus().batch(1)[0].Event.(complaint.Registered).Summary)
	rare := string(summary[len(summary)-2:])
	for _, ask := range []struct{ name, text string }{
		{"number", "晋工诉〔2026〕77777号"},
		{"phone", fmt.Sprintf("138%08d", 77776*7919%100_000_000)},
		{"phone_begins", "1384321"},
		{"two_characters", rare},
		{"name", string(docs.chars[70])},
		{"two_words", "讨要 " + rare},
		{"long_word", "拖欠工资"},
		{"broad", "工资"},
		{"broad_name", "晋城市"},
		{"nothing", "龘龘龘"},
	} {
		b.Run(ask.name, func(b *testing.B) {
			hits := 0
			for b.Loop() {
				found, err := q.Find(b.Context(), reviewer, sight(reviewer), search.Question{Text: ask.text})
				if err != nil {
					b.Fatal(err)
				}
				hits = len(found.Hits)
				for _, n := range found.Counts {
					hits = max(hits, n)
				}
			}
			b.ReportMetric(float64(hits), "hits")
		})
	}
}

// BenchmarkApply takes over batches of 1,000 events: without indexes, as a
// rebuild does, and with them, as when the service runs.
func BenchmarkApply(b *testing.B) {
	for _, indexed := range []bool{false, true} {
		b.Run(fmt.Sprintf("indexed=%v", indexed), func(b *testing.B) {
			v := vault.NewMemory()
			pool, model, docs := pgtest.Pool(b), search.New(v), newCorpus()
			inSchema(b, pool, model, projections.MakeTables)
			if indexed {
				inSchema(b, pool, model, projections.MakeIndexes)
			}
			for b.Loop() {
				apply(b, pool, model, docs.batch(1000))
			}
			b.ReportMetric(float64(docs.n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
