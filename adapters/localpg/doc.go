// Package localpg keeps a private PostgreSQL cluster under a state folder, for
// an installation that has no database server of its own.
//
// Start makes the cluster when it is missing, clears up what a killed process
// left behind, and returns when it takes connections. It promises:
//
//   - Nothing listens on the network: one Unix socket, one role that is not a
//     superuser, one password in a file that only its owner reads. The
//     superuser cannot log in at all.
//   - When this process ends, however it ends, postgres shuts down cleanly.
//     When postgres dies, it is started again.
//   - Two processes never work on one folder, and a folder made by another
//     major version is refused and left as it is.
//
// It needs Linux. What lies in the folder:
//
//	pgdata          the cluster
//	pgsock          its socket, unless the path is too long for one
//	postgres.json   role, database and password, and what was set up
//	postgres.log    what postgres says; no statements and no values
//	postgres.lock   held while a process uses the folder
//
// Read Start first: it goes from top to bottom.
package localpg
