package localpg

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// socketName is what postgres calls its socket.
const socketName = ".s.PGSQL." + port

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
	if id.private(folder) {
		return folder, nil
	}
	// Missing; or from a time when postgres ran as another user; or put there by
	// somebody who would like to stand in for the database. What we make anew is
	// ours, and what cannot be removed is refused.
	socket := filepath.Join(folder, socketName)
	for _, path := range []string{socket, socket + ".lock", folder} {
		_ = os.Remove(path) // Mkdir tells whether it worked
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", fmt.Errorf("%w:%s 不是只属于本用户的空文件夹,请删除它后再试(%w)", ErrPermission, folder, err)
	}
	return folder, nil
}

func fits(folder string) bool {
	return len(filepath.Join(folder, socketName)) <= longestSocket
}

// private says whether folder is there, and nobody but us and our postgres can
// use it.
func (id identity) private(folder string) bool {
	info, err := os.Lstat(folder)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && (int(st.Uid) == os.Geteuid() || int(st.Uid) == id.uid)
}
