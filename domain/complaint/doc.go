// Package complaint decides about complaints (投诉), above all about unpaid wages
// (欠薪): one stream per case, a ledger with a line for every claimant, clocks
// with a basis in law, and no way to close a case over somebody's head.
//
// The life of a case; everything finer runs on parallel tracks (Tracks):
//
//	 Register          Accept              Assign             ProposeClosure
//	──────────▶ 已登记 ────────▶ 已受理 ───────────▶ 办理中 ◀──────────────▶ 待结案审批
//	             ▲ │          Dispatch, Sign,        ▲    ReturnClosure        │ Callback,
//	ReceiveSup-  │ │ Request  Return, Rule           │                         │ ApproveClosure
//	plement      │ ▼ Supplement                      │ Reopen                  ▼
//	            待补正                               └──────────────────────  已办结 ──Archive──▶ 已归档
//
//	from 已登记, 待补正:                 Refuse ▶ 不予受理
//	from 已登记, 待补正, 已受理:         TransferOut ▶ 已转出
//	from 已登记 … 办理中:                Withdraw ▶ 已撤回, Merge ▶ 已并案 (read-only)
//
// The invariants, with the code that keeps them: C1 a respondent before
// acceptance (guardRespondent); C2 an outcome for every claimant, and paid means
// paid in full (guardOutcomes, setOutcome); C3 nothing pending, lateness
// explained (guardNothingPending, guardClocks); C4 call-backs by sample
// (CallbackSample, guardCallbacks); C5 collective cases (Collective, crowd); C6
// handler, second verifier, caller and approver are different people
// (guardSecond, guardCaller, guardReviewer); C7 a merged case is read-only
// (Phases in the table, TakeOver); C8 a withdrawal is of free will
// (guardWithdraw); C9 signs of a crime are answered (CrimeHint); C10 restricted
// cases are hidden from the accused unit (Restriction).
//
// Read commands_table.go first: every command with its roles, phases and guard.
// Then events.go, decide.go and evolve.go, which split by subject: each command
// has a method decide, each event a method apply. A command is
// decided in two steps: its guards look at the case and the actor (Available
// shows the same answer before anybody fills in a form), then its fields are
// looked at. Limits are in rules.go, code lists in codes*.go.
//
// Within a case, claimants, payments, contacts, procedures and promises have
// numbers 1, 2, 3 … that Decide gives; they are never used again.
//
// Numbers of cases (文号) come from the family "series" (stream SeriesCase of the
// year): a caller stages series.Take and Register in one atomic append. The
// halves of a merger, Merge and TakeOver, go in one atomic append too.
package complaint

import "strconv"

// Family is 事件族: the first part of the stream ids and of the wire names.
const Family = "complaint"

// SeriesCase is 文号序列: the stream of the family "series" that numbers the
// complaints of a year.
func SeriesCase(year int) string { return "complaint-" + strconv.Itoa(year) }
