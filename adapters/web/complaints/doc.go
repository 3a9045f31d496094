// Package complaints is the pages of the complaint family: hotline desk, inbox,
// case, ledger, deadlines, board, import. Read New first, then commandform.go:
// the forms of all commands follow from their structs.
package complaints
