// Package importer brings complaints and claimant ledgers in from spreadsheets.
//
// A clerk sees what will become of each row before anything is stored; rows that
// cannot be read are named by row and column and go into a file that can be
// corrected and imported again; good rows are stored once however often the file
// is imported, by whomever, and whatever was killed in between.
//
// Open finds the header and guesses the mapping, Preview is the dry run, Run
// stores. Classify says what a message is about and on which words that rests.
// OpenRoster does the same for the claimants of one case.
package importer
