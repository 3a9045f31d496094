// Command hearth is Hearth (职工之家): the service and its tools in one binary.
//
// Read serve.go first, then app.go (what a process needs to touch data),
// families.go (which kinds of case there are) and control.go (how a command
// reaches the data while the service runs).
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"hearth/adapters/accounts"
	"hearth/domain"
)

// version is set by the build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for a clean end
	err := rootCommand().ExecuteContext(ctx)
	stop()
	if err == nil {
		return
	}
	var no *domain.Rejection
	if errors.As(err, &no) {
		fmt.Fprintln(os.Stderr, no.Text)
	} else {
		fmt.Fprintln(os.Stderr, "hearth:", err)
	}
	os.Exit(1)
}

func rootCommand() *cobra.Command {
	cfg := configFromEnv()
	root := &cobra.Command{
		Use:           "hearth",
		Short:         "职工之家:工会欠薪投诉、帮扶救助、监督检查的办案与留痕系统",
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRun: func(*cobra.Command, []string) {
			slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: cfg.logLevel()})))
		},
	}
	root.PersistentFlags().StringVar(&cfg.State, "state", cfg.State, "状态文件夹(事件库、数据库)")
	root.PersistentFlags().BoolVar(&cfg.Verbose, "verbose", false, "输出详细日志")
	root.AddCommand(serveCommand(&cfg), importCommand(&cfg), rebuildCommand(&cfg), doctorCommand(&cfg),
		auditCommand(&cfg), repairCommand(&cfg), tokenCommand(&cfg), userCommand(&cfg), calendarCommand(&cfg), provisionCommand(&cfg), natsConfigCommand(),
		backupCommand(&cfg), restoreCommand(&cfg), databaseSQLCommand(), vaultCommand(&cfg), witnessCommand(), verifyCommand(), versionCommand())
	return root
}

// config is where the data are. It comes from the environment and from flags.
type config struct {
	State    string
	NATSURL  string // HEARTH_NATS_URL: an external NATS cluster
	NATS     natsFiles
	Monitor  string // HEARTH_NATS_MONITOR: monitoring addresses of its servers, to check how they sync
	Replicas int    // HEARTH_NATS_REPLICAS: 1 or 3
	Database string // DATABASE_URL: an external PostgreSQL
	Prefix   string // HEARTH_NO_PREFIX: what complaint numbers begin with
	Log      string // id of the log when its stream is made anew; set by restore alone
	// Passphrase is the file with the passphrase of the vault, empty for the one
	// in the state folder: HEARTH_VAULT_PASSPHRASE_FILE. All instances have the same.
	Passphrase string
	// SecondFactor is who must have a second factor: HEARTH_SECOND_FACTOR, off,
	// admins or all.
	SecondFactor accounts.Requirement
	Verbose      bool
	// AcceptUnsafeNATS runs on an external server that does not put every
	// acknowledged message on disk: HEARTH_ACCEPT_UNSAFE_NATS=yes.
	AcceptUnsafeNATS bool
}

func configFromEnv() config {
	cfg := config{
		State: "state/live", Replicas: 1, Prefix: "晋工诉",
		NATSURL: os.Getenv("HEARTH_NATS_URL"), NATS: natsFilesFromEnv(), Monitor: os.Getenv("HEARTH_NATS_MONITOR"), Database: os.Getenv("DATABASE_URL"),
		Passphrase:       os.Getenv("HEARTH_VAULT_PASSPHRASE_FILE"),
		AcceptUnsafeNATS: os.Getenv("HEARTH_ACCEPT_UNSAFE_NATS") == "yes",
	}
	if v := os.Getenv("HEARTH_STATE"); v != "" {
		cfg.State = v
	}
	if v := os.Getenv("HEARTH_NO_PREFIX"); v != "" {
		cfg.Prefix = v
	}
	cfg.SecondFactor = accounts.Requirement(cmp.Or(os.Getenv("HEARTH_SECOND_FACTOR"), string(accounts.RequireAdmins)))
	if os.Getenv("HEARTH_NATS_REPLICAS") == "3" {
		cfg.Replicas = 3
	}
	return cfg
}

// external reports that nothing of the data is in this process, so that any
// number of processes may work at once.
func (c config) external() bool { return c.NATSURL != "" && c.Database != "" }

func (c config) logLevel() slog.Level {
	if c.Verbose {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "版本",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			goVersion := ""
			if info, ok := debug.ReadBuildInfo(); ok {
				goVersion = info.GoVersion
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "hearth %s (%s)\n", version, goVersion)
			return err
		},
	}
}
