package complaints

import (
	"slices"

	"hearth/adapters/web"
	"hearth/domain/complaint"
)

// limits are the settings of the rules that bear on a command, by their keys.
var limits = map[string][]string{
	"accept":                {"accept", "handle_consultation", "handle_general", "handle_difficult", "handle_complex", "sign"},
	"refuse":                {"accept"},
	"transfer_out":          {"accept"},
	"request_supplement":    {"accept"},
	"reclassify":            {"handle_consultation", "handle_general", "handle_difficult", "handle_complex"},
	"dispatch":              {"sign", "returns_to_ruling"},
	"sign":                  {"sign"},
	"return":                {"sign", "returns_to_ruling"},
	"rule":                  {"returns_to_ruling"},
	"log_contact":           {"first_contact", "first_contact_off_duty"},
	"notify_leader":         {"red_notice", "collective_persons"},
	"raise_risk":            {"many_persons", "collective_persons", "red_notice"},
	"answer_crime_hint":     {"crime_one_months", "crime_one_fen", "crime_many", "crime_many_fen"},
	"elect_representatives": {"max_representatives"},
	"verify_claims":         {"second_verifier", "collective_persons"},
	"confirm_verification":  {"second_verifier", "collective_persons"},
	"record_payment":        {"cash_witnesses"},
	"issue_document":        {"reply_opinion", "reply_suggestion"},
	"pause_clock":           {"free_pauses"},
	"callback":              {"callback", "callback_all", "callback_percent", "callback_attempts", "callback_days"},
	"propose_closure":       {"callback", "closure_review", "callback_all", "callback_percent"},
	"approve_closure":       {"closure_review", "vice_chair_above", "collective_persons"},
	"return_closure":        {"closure_review"},
	"reopen":                {"reopen_free_days"},
}

// limitsOf is the limits that bear on a command, each with its basis.
func limitsOf(command string, s complaint.State, r complaint.Rules) []web.Fact {
	keys := limits[command]
	if command == "extend_clock" {
		keys = []string{"handle_" + string(s.TimeClass), "extension_" + string(s.TimeClass)}
	}
	var facts []web.Fact
	for _, set := range r.Settings() {
		if slices.Contains(keys, set.Key) && set.Value != "" {
			facts = append(facts, web.Fact{Key: set.Label, Value: set.Value, Note: set.Basis.String()})
		}
	}
	return facts
}

// basisOf is what the limit of a clock rests on.
func basisOf(k complaint.ClockKind, class complaint.TimeClass, r complaint.Rules) string {
	key := string(k)
	if k == complaint.ClockHandle {
		key = "handle_" + string(class)
	}
	for _, set := range r.Settings() {
		if set.Key == key {
			return set.Value + "," + set.Basis.String()
		}
	}
	return ""
}
