package main

import (
	"hearth/bench/scoreboard/onstore"
	"hearth/bench/scoreboard/rig"
)

// lines are all lines of the scoreboard, in the order of the table.
func lines() []rig.Line {
	return []rig.Line{
		{"power-cut", "acknowledged appends survive a power cut", onstore.PowerCut},
		{"power-cut-bad", "known-bad build: a server that does not sync is caught by power-cut", onstore.PowerCutUnsynced},
		{"kill-store", "acknowledged appends survive kill -9 of the event store", onstore.Kill},
		{"damage-read", "readers stop at damaged block files", onstore.DamageSeen},
		{"damage-read-bad", "known-bad build: a reader without contiguity check is caught by damage-read", onstore.DamageUnchecked},
		{"disk-full", "acknowledged appends survive a full disk", onstore.DiskFull},
		{"leader-kill", "acknowledged appends survive kill -9 of the leader of three servers", onstore.LeaderKill},
	}
}
