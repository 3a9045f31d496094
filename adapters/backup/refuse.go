package backup

import (
	"hearth/domain"
)

// The codes of refusals. Nothing was changed.
const (
	CodeDamaged   = "backup_damaged"    // a file is missing, surplus or not what it was
	CodeOtherLog  = "backup_other_log"  // the folder is the backup of another log
	CodeAhead     = "backup_ahead"      // the folder holds more than the log
	CodeDiffers   = "backup_differs"    // the log is not what was backed up, or not what was sealed
	CodeNewer     = "backup_newer"      // made by a later version of the program
	CodeNone      = "backup_none"       // there is no backup in the folder
	CodeInUse     = "backup_in_use"     // another backup is writing into the folder
	CodeNotEmpty  = "restore_not_empty" // the place to restore to holds something
	CodeTables    = "backup_tables"     // the database has a table that nobody decided about
	CodeOtherKey  = "backup_other_key"  // the signing key is not that of the log, or not the one kept
	CodeNotFolder = "backup_no_folder"  // the folder cannot be used
)

func damaged(name, format string, args ...any) error {
	args = append([]any{name}, args...)
	return domain.Reject(CodeDamaged, "备份已损坏:%s "+format+"。未作任何改动。请改用另一份备份,或备份到一个新的文件夹。", args...)
}

func newer(what string) error {
	return domain.Reject(CodeNewer, "这份备份由更新版本的程序制作(%s)。未作任何改动。请用制作它的版本或更新的版本。", what)
}
