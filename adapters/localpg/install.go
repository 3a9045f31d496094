package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// installation is one set of PostgreSQL programs.
type installation struct {
	bin     string // folder
	version string // "15.18"
	major   string // "15"
}

func (i installation) program(name string) string { return filepath.Join(i.bin, name) }

// findInstallation finds the programs for the cluster in data: of the version
// that made it, or the newest when there is no cluster yet.
func findInstallation(ctx context.Context, binDir, data string) (installation, error) {
	return findIn(ctx, candidates(binDir), data)
}

func findIn(ctx context.Context, bins []string, data string) (installation, error) {
	wanted, err := majorOf(data)
	if err != nil {
		return installation{}, err
	}
	var newest installation
	var found []string
	for _, bin := range bins {
		i, err := inspect(ctx, bin)
		if err != nil {
			continue // no programs there, or not for this machine
		}
		found = append(found, i.major)
		if i.major == wanted {
			return i, nil
		}
		if newest.bin == "" || number(i.major) > number(newest.major) {
			newest = i
		}
	}
	switch {
	case ctx.Err() != nil:
		return installation{}, context.Cause(ctx)
	case newest.bin == "":
		return installation{}, ErrNotInstalled
	case wanted != "":
		return installation{}, fmt.Errorf("%w:%s 需要 PostgreSQL %s,本机只有 %s。请安装 postgresql-%s,或把数据导出后换一个状态文件夹",
			ErrVersion, data, wanted, strings.Join(found, "、"), wanted)
	default:
		return newest, nil
	}
}

// majorOf is the major version that made the cluster in data; empty when there
// is no cluster.
func majorOf(data string) (string, error) {
	if _, err := os.Stat(data); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return "", fmt.Errorf("%w:%s 不是完整的 PostgreSQL 数据文件夹,请从备份恢复,或把它移走(%w)", ErrVersion, data, err)
	}
	return strings.TrimSpace(string(text)), nil
}

// candidates are the folders that may have the programs.
func candidates(binDir string) []string {
	if binDir != "" {
		return []string{binDir}
	}
	var dirs []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"} {
		matches, _ := filepath.Glob(pattern) // the patterns are well formed
		dirs = append(dirs, matches...)
	}
	// Programs find their libraries relative to themselves, so a link in PATH
	// is followed to where they are.
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	return dirs
}

// inspect asks the programs in bin for their version. Both are needed: Debian
// has packages with clients only.
func inspect(ctx context.Context, bin string) (installation, error) {
	i := installation{bin: bin}
	if _, err := os.Stat(i.program("initdb")); err != nil {
		return i, err
	}
	out, err := exec.CommandContext(ctx, i.program("postgres"), "--version").Output()
	if err != nil {
		return i, err
	}
	// postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
	fields := strings.Fields(string(out))
	if len(fields) < 3 {
		return i, fmt.Errorf("version of %s: %q", i.program("postgres"), out)
	}
	i.version = fields[2]
	i.major, _, _ = strings.Cut(i.version, ".")
	return i, nil
}

func number(major string) int {
	n, _ := strconv.Atoi(major) // a development version counts as the oldest
	return n
}

// Installed is the version of the newest PostgreSQL on this machine, or
// ErrNotInstalled. An empty binDir looks everywhere.
func Installed(ctx context.Context, binDir string) (string, error) {
	i, err := findInstallation(ctx, binDir, "")
	return i.version, err
}
