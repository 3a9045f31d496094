// Package e2e holds the end-to-end tests: one per user story, in a real browser
// against the real program with its own event store and database, as an officer
// would do it: clicking, typing and reading what the page says.
//
// The binary is built once and serves a demonstration that all tests share; each
// test works on cases of its own. With HEARTH_SCREENSHOTS set to a folder the
// pages are kept there as pictures. Read program_test.go first, then
// officer_test.go; each other file is a story.
package e2e
