package localpg

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// identity says as whom postgres runs. Postgres refuses to be root, but a
// container and a small server often have nobody else.
type identity struct {
	uid, gid int                  // owner of the files, as we see them
	attr     *syscall.SysProcAttr // to be copied for each process
}

// chooseIdentity finds a way to run the programs in bin on the state folder
// dir. As an ordinary user there is nothing to do. As root the processes get a
// user namespace in which our own number is that of the user postgres: the
// files stay ours and no folder has to be opened for others. Where namespaces
// are forbidden, postgres runs as the user postgres.
func chooseIdentity(ctx context.Context, bin, dir string) (identity, error) {
	if os.Geteuid() != 0 {
		return plain(), nil
	}
	mapped, err := namespaced()
	if err != nil {
		return identity{}, err
	}
	probe := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version")
	probe.SysProcAttr = mapped.attr
	if err := probe.Run(); err == nil {
		return mapped, nil
	}
	return credentialed(dir)
}

func plain() identity {
	return identity{uid: os.Geteuid(), gid: os.Getegid(), attr: &syscall.SysProcAttr{}}
}

func namespaced() (identity, error) {
	uid, gid, err := lookupUser("postgres", "nobody")
	if err != nil {
		return identity{}, err
	}
	return identity{uid: 0, gid: 0, attr: &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: 0, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: gid, HostID: 0, Size: 1}},
	}}, nil
}

// credentialed runs postgres as the user postgres, who must be able to reach
// the state folder.
func credentialed(dir string) (identity, error) {
	uid, gid, err := lookupUser("postgres")
	if err != nil {
		return identity{}, err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return identity{}, fmt.Errorf("open the state folder for user postgres: %w", err)
	}
	for parent := dir; parent != "/"; parent = filepath.Dir(parent) {
		info, err := os.Stat(parent)
		if err != nil {
			return identity{}, fmt.Errorf("state folder: %w", err)
		}
		if info.Mode().Perm()&0o001 == 0 {
			return identity{}, fmt.Errorf("%w:系统不允许用户命名空间,而用户 postgres 进不了 %s。请把状态文件夹放到 /var/lib 等处,或不以 root 运行", ErrPermission, parent)
		}
	}
	return identity{uid: uid, gid: gid, attr: &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)},
	}}, nil
}

// lookupUser looks up the first of names that this machine knows.
func lookupUser(names ...string) (uid, gid int, err error) {
	for _, name := range names {
		u, lookup := user.Lookup(name)
		if lookup != nil {
			continue
		}
		if uid, err = strconv.Atoi(u.Uid); err != nil {
			return 0, 0, fmt.Errorf("user %s: %w", name, err)
		}
		if gid, err = strconv.Atoi(u.Gid); err != nil {
			return 0, 0, fmt.Errorf("user %s: %w", name, err)
		}
		return uid, gid, nil
	}
	return 0, 0, fmt.Errorf("%w:以 root 运行时需要系统用户 postgres,请安装 PostgreSQL 软件包,或不以 root 运行", ErrPermission)
}

// own gives the folders and what is in them to the identity. Only a change of
// the way postgres runs makes this more than a look at each folder.
func (id identity) own(folders ...string) error {
	for _, folder := range folders {
		info, err := os.Stat(folder)
		if err != nil {
			return fmt.Errorf("owner of %s: %w", folder, err)
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) == id.uid {
			continue
		}
		err = filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, id.uid, id.gid)
		})
		if err != nil {
			return fmt.Errorf("%w:%s 属于另一个用户(%w)", ErrPermission, folder, err)
		}
	}
	return nil
}

// command is one of PostgreSQL's programs, to be run as this identity. It gets
// no environment but what it needs: PGDATA, PGPORT and the like would disturb.
func (id identity) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	attr := *id.attr
	cmd.SysProcAttr = &attr
	return cmd
}
