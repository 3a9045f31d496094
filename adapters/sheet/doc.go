// Package sheet reads and writes the spreadsheets that offices send each other:
// .xlsx and .csv, as rows of cells with their place, so that every complaint
// about a cell can name row and column.
//
// It promises that nothing is lost silently: a file that is no spreadsheet, is
// encrypted, damaged or too large is rejected, a formula without a value or an
// error value is a problem of its cell and not an empty cell, and what Write
// writes opens in Excel as it was meant (dates as dates, ID numbers as text, no
// text that runs as a formula).
//
// Read Open first, then Cell. The container and the styles of .xlsx are read by
// excelize; the cells are read here, because excelize's row reader gives them
// without their type, takes a formula that was never calculated for an empty
// cell, and ends without an error where damaged XML ends.
package sheet
