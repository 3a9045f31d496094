// Package backup copies the event log and the tables that cannot be rebuilt from
// it into a folder, while the service writes, and makes a working system of that
// folder again.
//
// It promises that a backup is exactly what was stored or is refused: every file
// is hashed, every message counts in the root of the Merkle tree over the log,
// new files are read back from the disk before they count, and the manifest is
// switched last. A crash leaves the backup before it valid. A folder that is
// damaged, of another log, or further than the log is refused with the reason,
// and nothing is changed.
//
// The folder:
//
//	BACKUP.json                          the manifest: what belongs to the backup
//	segments/<first>-<last>.seg.zst      messages in order; never changed
//	tables/<run>/<table>.copy            rows as COPY text, of one snapshot
//	notary.key                           the signing key, only when asked for
//	UNFINISHED                           only while a backup is being made
//
// Files are readable by their owner alone and not encrypted: whoever copies the
// folder elsewhere does that. Read run.go first, then verify.go and restore.go.
package backup
