package archive

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/mod/sumdb/tlog"

	"hearth/eventstore"
	"hearth/eventstore/notary"
)

// leavesPage is how many positions one query asks for: a read of 10 MB.
const leavesPage = 4096

const leavesSQL = `
select position, subject, leaf, body from archive.message
 where position between $1 and $2 order by position`

// Leaves calls visit with the leaf hashes of the positions behind after up to
// to, in order and in pieces that are only valid during the call. Each is
// computed anew from the stored bytes. The zero hash stands for a position that
// is missing, that cannot be read, or whose stored leaf is not that of its bytes.
//
// An index by which messages are found is part of the archive too. What it
// cannot find is missing; when the index of subjects is damaged, the first
// position of its partition stands for it.
//
// The bodies are hashed here and not by sha256() in the server. Both cost the
// same (5.7 and 5.9 µs a message of 2.6 KB, both processes together; 160,000 to
// 230,000 a second), and this way the hash is of the bytes that a reader gets.
func (r *Reader) Leaves(ctx context.Context, after, to int64, visit func(first int64, leaves []tlog.Hash) error) error {
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("read the archive: %w", err)
	}
	defer conn.Release()
	o, err := readOrigin(ctx, conn)
	if err != nil {
		return err
	}
	if o.Size == 0 {
		o.Size = to + 1 // it has not begun: every position is missing
	}
	piece := make([]tlog.Hash, leavesPage)
	for from := after + 1; from <= to; {
		n := o.partition(from)
		first, last := o.bounds(n)
		suspect := false
		if from == first {
			if suspect, err = subjectsDamaged(ctx, conn.Conn(), n, first, min(last, to)); err != nil {
				return err
			}
		}
		until := min(last, to, from+leavesPage-1)
		leaves := piece[:until-from+1]
		if err := readLeaves(ctx, conn.Conn(), from, leaves); err != nil {
			return err
		}
		if suspect {
			leaves[0] = tlog.Hash{}
		}
		if err := visit(from, leaves); err != nil {
			return err
		}
		from = until + 1
	}
	return nil
}

// readLeaves fills in the leaves from a position on. What cannot be read is found
// by smaller and smaller ranges.
func readLeaves(ctx context.Context, conn *pgx.Conn, from int64, leaves []tlog.Hash) error {
	clear(leaves)
	err := queryLeaves(ctx, conn, from, leaves)
	if err = damage(err); !errors.Is(err, ErrDamaged) {
		if err != nil {
			return fmt.Errorf("read the archive at %d: %w", from, err)
		}
		return nil
	}
	if len(leaves) == 1 {
		clear(leaves)
		return nil
	}
	half := len(leaves) / 2
	if err := readLeaves(ctx, conn, from, leaves[:half]); err != nil {
		return err
	}
	return readLeaves(ctx, conn, from+int64(half), leaves[half:])
}

func queryLeaves(ctx context.Context, conn *pgx.Conn, from int64, leaves []tlog.Hash) error {
	rows, err := conn.Query(ctx, leavesSQL, pgx.QueryExecModeCacheDescribe, from, from+int64(len(leaves))-1)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		raw := rows.RawValues() // in binary; not kept beyond this row
		pos := int64(binary.BigEndian.Uint64(raw[0]))
		i := pos - from
		if i < 0 || i >= int64(len(leaves)) {
			continue // an index that points elsewhere: what was asked for stays missing
		}
		l := notary.Leaf{Position: eventstore.Position(pos), Subject: string(raw[1]), BodyHash: sha256.Sum256(raw[3])}
		if h := l.Hash(); string(h[:]) == string(raw[2]) {
			leaves[i] = h
		}
	}
	return rows.Err()
}

// indexSQL counts what an index has of a range of positions, read in its order.
const indexSQL = `
select count(*), coalesce(sum(position), 0)::bigint
  from (select position from archive.message_%d where position between $1 and $2 order by %s offset 0) entries`

// subjectsDamaged reports that the index of subjects of a partition cannot be
// read, or has other rows than the primary key.
func subjectsDamaged(ctx context.Context, conn *pgx.Conn, n, first, last int64) (damaged bool, err error) {
	count := func(order string) (rows, sum int64, err error) {
		err = inIndexOrder(ctx, conn, func(tx pgx.Tx) error {
			return tx.QueryRow(ctx, fmt.Sprintf(indexSQL, n, order), first, last).Scan(&rows, &sum)
		})
		return rows, sum, damage(err)
	}
	rows, sum, err := count("subject, position")
	unreadable := errors.Is(err, ErrDamaged)
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == "42P01": // there is no such partition yet
		return false, nil
	case err != nil && !unreadable:
		return false, fmt.Errorf("read the index of partition %d: %w", n, err)
	case rows == last-first+1 && sum == (first+last)*rows/2: // every position once
		return false, nil
	}
	// Both indexes look at the rows where those are new. What makes both fail, or
	// both lack a row, is not in the index of subjects, and is named by itself.
	byKey, sumByKey, err := count("position")
	if errors.Is(err, ErrDamaged) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the index of partition %d: %w", n, err)
	}
	return unreadable || rows != byKey || sum != sumByKey, nil
}

// inIndexOrder runs queries that read an index from its beginning to its end
// rather than the table.
func inIndexOrder(ctx context.Context, conn *pgx.Conn, f func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
set local statement_timeout = 0;
set local enable_seqscan = off;
set local enable_bitmapscan = off;
set local enable_sort = off;`)
		if err != nil {
			return err
		}
		return f(tx)
	})
}
