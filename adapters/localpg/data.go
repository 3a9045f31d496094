package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// accessRules is the whole of pg_hba.conf: the superuser has no way in.
const accessRules = `# Written by hearth. One role, by socket, with its password.
local  all  ` + role + `  scram-sha-256
`

// ensureData makes the cluster when there is none.
func (c *Cluster) ensureData(ctx context.Context) error {
	if _, err := os.Stat(c.data()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	begun := time.Now()
	fresh := c.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("remove a cluster that was not finished: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("make the cluster's folder: %w", err)
	}
	if err := c.user.own(fresh); err != nil {
		return err
	}
	if err := runToEnd(c.user.command(ctx, c.install.program("initdb"), c.initArguments(fresh)...)); err != nil {
		return err
	}
	rules := filepath.Join(fresh, "pg_hba.conf")
	if err := os.WriteFile(rules, []byte(accessRules), 0o600); err != nil {
		return fmt.Errorf("write the access rules: %w", err)
	}
	// Until here a crash leaves pgdata.new, which the next start throws away.
	// From here on pgdata is complete.
	if err := os.Rename(fresh, c.data()); err != nil {
		return fmt.Errorf("put the new cluster in its place: %w", err)
	}
	if err := syncFolder(c.cfg.Dir); err != nil {
		return err
	}
	c.log.InfoContext(ctx, "made a new cluster", "dir", c.data(), "version", c.install.version, "ms", time.Since(begun).Milliseconds())
	return nil
}

func (c *Cluster) initArguments(dir string) []string {
	args := []string{
		"--pgdata=" + dir, "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8",
		"--auth=reject", "--data-checksums", "--no-instructions",
	}
	if c.cfg.Params["fsync"] == "off" {
		args = append(args, "--no-sync")
	}
	return args
}

// syncFolder puts a rename in dir on disk.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	return nil
}
