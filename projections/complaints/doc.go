// Package complaints is the read model of complaints (投诉): one row for each case
// and the lines below it. It stands behind the hotline desk, the inbox, the list
// of cases, the head of the case page, the claimants' ledger, the time limits,
// the hints of duplicates and the leaders' board.
//
// Rows hold only what the events say: no query result depends on when it was
// built. What depends on the present moment is asked with that moment.
//
// Every question comes from a Viewer. A restricted case (domain.md C10) is not
// there for who may not see it: not in lists, not in counts, not in figures.
//
// Read rows.go first, then evolve.go; each question has its own file. The
// board's figures and the rows behind them come from one list, indicators.go.
package complaints
