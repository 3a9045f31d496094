// Package blocks reads the files in which nats-server keeps a file-backed
// stream, without a server.
//
// nats-server starts without an error on damaged files: it cuts the block at
// the first record that does not hold, leaves out what is missing, and gives
// the positions lost at the end of the log to the next messages. Scan finds the
// damage while the files are still as they were; SetAside and SetAsideAll keep
// them before anything may change them. Nothing here writes into the folder of
// a stream, and no server may run on it meanwhile.
//
// The format is that of nats-server 2.15.2, without encryption and compression.
// A stream is a folder with meta.inf (its configuration, JSON), meta.sum (the
// checksum of meta.inf, in hexadecimal) and msgs, which holds the blocks
// 1.blk, 2.blk … and index.db, a summary that the server makes again when it is
// lost. A block is records without space between them, little endian:
//
//	size of the record 4 (highest bit: has a header) | position 8 | time 8 |
//	length of the subject 2 | subject | [length of the header 4 | header] |
//	body | checksum 8
//
// The two highest bits of the position mark erased messages and tombstones. The
// checksum is HighwayHash-64 under a key made of the stream's name and the
// number of the block. It covers position, time, subject, header and body, but
// not the three lengths. A wrong size is found because the checksum is then
// looked for in the wrong place, and a wrong length of subject or header because
// the header does not begin or end where it says. In a message without a header
// nothing marks where the subject ends: Options.Check can say what its subject
// and body must look like. All messages of the event store have headers.
//
// The tests whose names begin with TestFact pin this against the real server.
package blocks
