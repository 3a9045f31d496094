// Package accounts is who may use Hearth: users with their grants, the passwords
// and second factors that they sign in with, sessions of pages, and tokens for
// programs.
//
// What happens to an account is events (domain/user), issued here and nowhere
// else; who may do it is asked of the policies, as casework does. The tables
// (adapters/postgres/migrations/0007_users.sql) keep what cannot be in the log:
// hashes, sealed secrets, sessions. A secret is stored first, under a random id,
// and an event that names the id makes it count; so a crash between the two
// leaves a row that opens nothing.
//
// Each account has a row with its last known state. It is brought up to its stream
// behind every command, at start, and by Run, which follows the log; from it
// people sign in and read while the log is damaged or out of reach. Commands are
// refused then.
//
// The package promises that a password is stored only as an argon2id hash and a
// token only as a hash; that an unknown login costs the caller as long as a wrong
// password; that guessing slows down the guesser, and never a browser from which
// the owner has signed in before; that a session is worth nothing once it was
// ended, its user disabled or the password changed; and that no account has
// grants that exclude one another. Read Accounts first, then row.go and signin.go.
package accounts
