package main

import "maps"

// jobs is every command that touches data, by name.
func jobs() map[string]job {
	all := map[string]job{
		"import":   asJob(importComplaints),
		"rebuild":  asJob(rebuild),
		"doctor":   asJob(examine),
		"calendar": asJob(publishCalendar),
		"backup":   asJob(makeBackup),
	}
	maps.Copy(all, userJobs())
	maps.Copy(all, tokenJobs())
	maps.Copy(all, auditJobs())
	maps.Copy(all, vaultJobs())
	return all
}
