package localpg

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
)

// account is what lets the application into its database. It is kept in
// postgres.json beside the cluster; when the file is lost, the next start makes
// a new password.
type account struct {
	Password string `json:"password"`
	Database string `json:"database"`
	CreateDB bool   `json:"create_db"`
	Setup    string `json:"setup,omitempty"` // hash of Config.Setup that has been run
}

func (a account) dsn(socket string) string {
	address := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(role, a.Password),
		Path:     "/" + a.Database,
		RawQuery: url.Values{"host": {socket}, "port": {port}}.Encode(),
	}
	return address.String()
}

// check proves that the application can get in.
func (a account) check(ctx context.Context, socket string) error {
	conn, err := pgx.Connect(ctx, a.dsn(socket))
	if err != nil {
		return fmt.Errorf("log in to the new cluster: %w", err)
	}
	return conn.Close(ctx)
}

// ensureAccount makes role and database as the configuration wants them, when
// they are not known to be so already.
//
// It speaks to postgres in single-user mode: that needs no password, so the
// superuser never gets one. All of it can be repeated. If we crash before the
// file is written, the next start does it again with a new password.
func (c *Cluster) ensureAccount(ctx context.Context) error {
	file := filepath.Join(c.cfg.Dir, "postgres.json")
	want := account{Database: c.cfg.Database, CreateDB: c.cfg.AllowCreateDB, Setup: hashOf(c.cfg.Setup)}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &c.account)
		want.Password = c.account.Password
	}
	if err == nil && want.Password != "" && c.account == want {
		return nil
	}
	if want.Password == "" {
		want.Password = rand.Text()
	}
	cmd := c.user.command(ctx, c.install.program("postgres"), c.singleUserArguments("postgres")...)
	cmd.Stdin = strings.NewReader(want.statements())
	if err := runToEnd(cmd); err != nil {
		return fmt.Errorf("make role and database: %w", err)
	}
	if err := c.runSetup(ctx); err != nil {
		return err
	}
	if err := want.save(file); err != nil {
		return err
	}
	c.account = want
	return nil
}

// runSetup runs Config.Setup in the application's database, as one command: all
// of it or nothing. The first error ends the session, and is then told.
func (c *Cluster) runSetup(ctx context.Context) error {
	if c.cfg.Setup == "" {
		return nil
	}
	args := c.singleUserArguments("-j", "-c", "exit_on_error=on", c.cfg.Database)
	cmd := c.user.command(ctx, c.install.program("postgres"), args...)
	cmd.Stdin = strings.NewReader(oneCommand(c.cfg.Setup))
	if err := runToEnd(cmd); err != nil {
		return fmt.Errorf("set up the database: %w", err)
	}
	return nil
}

// oneCommand is a text of SQL of which single-user mode under -j makes one
// command: such end with a semicolon and an empty line.
func oneCommand(sql string) string {
	sql = strings.TrimSpace(sql)
	for strings.Contains(sql, ";\n\n") {
		sql = strings.ReplaceAll(sql, ";\n\n", ";\n")
	}
	return sql + "\n\n"
}

// hashOf is empty for an empty text.
func hashOf(sql string) string {
	if sql == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(sql))
	return hex.EncodeToString(sum[:])
}

// singleUserArguments are those of a server that serves one session: this one.
func (c *Cluster) singleUserArguments(last ...string) []string {
	return append(append([]string{"--single"}, c.arguments()...), last...)
}

// statements ends each statement with the line, as single-user mode wants it.
// The last one complains when the database exists; whether all is well is
// proven by logging in.
func (a account) statements() string {
	may := "nocreatedb"
	if a.CreateDB {
		may = "createdb"
	}
	return fmt.Sprintf(`do $$ begin if not exists (select from pg_roles where rolname = '%[1]s') then create role %[1]s; end if; end $$
alter role %[1]s with login nosuperuser nocreaterole noreplication nobypassrls %[2]s password '%[3]s'
create database %[4]s owner %[1]s
`, role, may, a.Password, pgx.Identifier{a.Database}.Sanitize())
}

// save writes the file so that it is whole or not there.
func (a account) save(file string) error {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return fmt.Errorf("save the account: %w", err)
	}
	fresh, err := os.OpenFile(file+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("save the account: %w", err)
	}
	_, err = fresh.Write(text)
	if err := errors.Join(err, fresh.Sync(), fresh.Close()); err != nil {
		return fmt.Errorf("save the account: %w", err)
	}
	if err := os.Rename(fresh.Name(), file); err != nil {
		return fmt.Errorf("save the account: %w", err)
	}
	return syncFolder(filepath.Dir(file))
}
