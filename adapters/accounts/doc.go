// Package accounts keeps who may use Hearth: users with their roles, the
// passwords they sign in with, sessions of pages, and tokens for programs. None
// of it can be rebuilt from the event log, so it lives in tables of its own
// (adapters/postgres/migrations/0002_accounts.sql).
//
// It promises that a password is stored only as an argon2id hash and a token
// only as a hash; that an unknown login costs the caller as long as a wrong
// password; that guessing slows down the guesser and nobody else; and that no
// account holds roles that exclude one another. Read Accounts first.
package accounts
