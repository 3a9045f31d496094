package main

import (
	"context"

	"hearth/bench/scoreboard/onservice"
	"hearth/bench/scoreboard/onstore"
	"hearth/bench/scoreboard/rig"
)

// lines are all lines of the scoreboard, in the order of the table.
func lines() []rig.Line {
	return []rig.Line{
		line("power-cut", "acknowledged appends survive a power cut", onstore.PowerCut),
		line("power-cut-bad", "known-bad build: a server that does not sync is caught by power-cut", onstore.PowerCutUnsynced),
		line("kill-store", "acknowledged appends survive kill -9 of the event store", onstore.Kill),
		line("damage-read", "readers stop at damaged block files", onstore.DamageSeen),
		line("damage-read-bad", "known-bad build: a reader without contiguity check is caught by damage-read", onstore.DamageUnchecked),
		line("disk-full", "acknowledged appends survive a full disk", onstore.DiskFull),
		line("leader-kill", "acknowledged appends survive kill -9 of the leader of three servers", onstore.LeaderKill),
		line("linearizable", "appends with expected versions and reads are linearizable over links that are cut", onstore.Linearizable),
		line("linearizable-bad", "known-bad store: one that ignores the expected version is caught by linearizable", onstore.LinearizableCareless),
		line("kill-service", "answers stay true after kill -9 of the service; tables equal a rebuild", onservice.KillService),
		line("kill-postmaster", "the same after kill -9 of the first process of PostgreSQL", onservice.KillPostmaster),
		line("kill-backend", "the same after kill -9 of a process of PostgreSQL that serves a connection", onservice.KillBackend),
		line("kill-all", "the same after kill -9 of all processes at once", onservice.KillAll),
		line("power-cut-service", "the same after a power cut under the whole state", onservice.PowerCut),
		line("checkpoints", "every checkpoint that was printed before or after a fault is of a beginning of the log", onservice.Checkpoints),
		line("clock-bad", "known-bad build: a read model that reads the clock is caught by the comparison with a rebuild", onservice.ClockModel),
		line("link-nats", "answers stay true over a slow, narrow, reset, silent or cut link to NATS, and readyz tells", onservice.SlowNATS),
		line("link-postgres", "the same over such a link to PostgreSQL", onservice.SlowDatabase),
		line("damage-serve", "damaged block files are found before a write is accepted, and reading goes on", onservice.Damage),
		line("damage-serve-bad", "known-bad build: a hearth that neither scans its files nor compares them with what was sealed is caught by damage-serve", onservice.DamageUnguarded),
		line("damage-audit", "hearth audit verify agrees with a whole log, and finds and names every damage", onservice.Audit),
		line("damage-repair", "after hearth repair all that was acknowledged is there, and tables equal a rebuild", onservice.Repair),
		line("one-byte", "One byte flipped anywhere in the stream's files, the tiles or the archive is found, named and repaired", onservice.OneByte),
	}
}

func line(name, invariant string, run func(context.Context, *rig.Env) (*rig.Result, error)) rig.Line {
	return rig.Line{Name: name, Invariant: invariant, Run: run}
}
