// Package archive keeps the second copy of every stored message: its exact
// bytes, subject and position, in PostgreSQL tables that only grow.
//
// It promises:
//
//   - What is archived is what the log holds, byte by byte, whether or not a
//     program understands it. It is on disk when the transaction returns.
//   - The application can add rows. It cannot change or remove one, nor the
//     tables: they belong to a role that nobody logs in as (setup.sql).
//   - Nothing is deleted, also not by mending: what is damaged is set aside.
//   - Any number of instances may run it; one of them writes, and another takes
//     over when that one is gone.
//
// It is no projections.Projection: those can be dropped and built again from the
// log, and this is what is left when the log is not.
//
// Read setup.sql first, then Reader (what is in the archive), Archive (how it
// follows the log) and Reader.Mend.
package archive
