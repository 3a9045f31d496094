package localpg

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// longestSocket is the longest path of a socket that Linux takes.
const longestSocket = 107

// socketFolder makes the folder for the socket: in the state folder, or, when
// that path is too long, a folder for temporary files whose name follows from
// it, so that nothing piles up there.
func (id identity) socketFolder(dir string) (string, error) {
	folder := filepath.Join(dir, "pgsock")
	if !fits(folder) {
		sum := sha256.Sum256([]byte(dir))
		name := fmt.Sprintf("hearth-pg-%d-%s", os.Geteuid(), hex.EncodeToString(sum[:6]))
		folder = filepath.Join(os.TempDir(), name)
		if !fits(folder) {
			folder = filepath.Join("/tmp", name)
		}
	}
	if err := os.Mkdir(folder, 0o700); err != nil && !os.IsExist(err) {
		return "", fmt.Errorf("make the socket's folder: %w", err)
	}
	return folder, id.private(folder)
}

func fits(folder string) bool {
	return len(filepath.Join(folder, ".s.PGSQL."+port)) <= longestSocket
}

// private refuses a folder that somebody else could have put there: whoever
// owns it could stand in for the database.
func (id identity) private(folder string) error {
	info, err := os.Lstat(folder)
	if err != nil {
		return fmt.Errorf("socket folder: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	ours := ok && (int(st.Uid) == os.Geteuid() || int(st.Uid) == id.uid)
	if !info.IsDir() || !ours || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%w:%s 不是只属于本用户的文件夹,请删除它后再试", ErrPermission, folder)
	}
	return nil
}
