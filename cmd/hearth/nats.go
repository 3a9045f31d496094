package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"hearth/adapters/natsserver"
	"hearth/adapters/natsserver/rights"
	"hearth/domain"
	"hearth/eventstore/natsstore"
)

// natsFiles are the files by which an external cluster knows us, and we it.
type natsFiles struct {
	Creds       string // HEARTH_NATS_CREDS: credentials file of the service, on a cluster with accounts of its own
	Service     string // HEARTH_NATS_NKEY: seed file of the service (hearth nats-config)
	Provisioner string // HEARTH_NATS_PROVISIONER_NKEY: seed file of the provisioner; when set, the stream is made at the start
	CA          string // HEARTH_NATS_CA: who vouches for the servers
	Cert, Key   string // HEARTH_NATS_CERT, HEARTH_NATS_KEY: our own certificate
}

func natsFilesFromEnv() natsFiles {
	return natsFiles{
		Creds: os.Getenv("HEARTH_NATS_CREDS"), Service: os.Getenv("HEARTH_NATS_NKEY"), Provisioner: os.Getenv("HEARTH_NATS_PROVISIONER_NKEY"),
		CA: os.Getenv("HEARTH_NATS_CA"), Cert: os.Getenv("HEARTH_NATS_CERT"), Key: os.Getenv("HEARTH_NATS_KEY"),
	}
}

// options are those of a connection as a user.
func (f natsFiles) options(user rights.User) ([]nats.Option, error) {
	var options []nats.Option
	seed := f.Service
	if user == rights.Provisioner && f.Provisioner != "" {
		seed = f.Provisioner
	}
	switch {
	case seed != "":
		key, err := nats.NkeyOptionFromSeed(seed)
		if err != nil {
			return nil, domain.Reject("bad_seed", "不能使用 NATS 密钥文件 %s(%v)。请核对 HEARTH_NATS_NKEY、HEARTH_NATS_PROVISIONER_NKEY;文件由 hearth nats-config 生成。", seed, err)
		}
		options = append(options, key, nats.CustomInboxPrefix(user.Inbox()))
	case f.Creds != "":
		options = append(options, nats.UserCredentials(f.Creds))
	}
	if f.CA != "" {
		options = append(options, nats.RootCAs(f.CA))
	}
	if f.Cert != "" || f.Key != "" {
		options = append(options, nats.ClientCert(f.Cert, f.Key))
	}
	return options, nil
}

// dialNATS connects to the external cluster as a user.
func dialNATS(cfg config, user rights.User, options ...nats.Option) (*nats.Conn, error) {
	own, err := cfg.NATS.options(user)
	if err != nil {
		return nil, err
	}
	nc, err := nats.Connect(cfg.NATSURL, append(own, options...)...)
	switch {
	case errors.Is(err, nats.ErrAuthorization):
		return nil, domain.Reject("nats_refused", "NATS 拒绝了连接:密钥不对,或没有配置密钥。请核对 HEARTH_NATS_NKEY(或 HEARTH_NATS_CREDS)与 NATS 的配置是否同一次生成。")
	case err != nil:
		return nil, domain.Reject("nats_unreachable", "连不上 NATS(%v)。请核对 HEARTH_NATS_URL、HEARTH_NATS_NKEY(或 HEARTH_NATS_CREDS)、HEARTH_NATS_CA,并确认它已启动。", err)
	}
	return nc, nil
}

// provisionExternal makes the stream of the external cluster, or refuses one that
// is configured otherwise. It uses a connection of its own: the service must not
// be able to.
func provisionExternal(ctx context.Context, cfg config, log string) error {
	nc, err := dialNATS(cfg, rights.Provisioner, nats.Name("hearth provision"), nats.ErrorHandler(logNATS))
	if err != nil {
		return err
	}
	defer nc.Close()
	return provision(ctx, nc, cfg.Replicas, log)
}

// provisionEmbedded makes the stream of our own server.
func provisionEmbedded(ctx context.Context, srv *natsserver.Server, log string) error {
	nc, err := srv.Connect(rights.Provisioner, nats.ErrorHandler(logNATS))
	if err != nil {
		return err
	}
	defer nc.Close()
	return provision(ctx, nc, 1, log)
}

// provision makes the stream. log is the id of a log that is made anew, else empty.
func provision(ctx context.Context, nc *nats.Conn, replicas int, log string) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	err = natsstore.Provision(ctx, js, natsstore.Config{Replicas: replicas, Log: log})
	if errors.Is(err, natsstore.ErrForbidden) {
		return domain.Reject("nats_forbidden", "没有建立事件流的权限(%v)。请把 HEARTH_NATS_PROVISIONER_NKEY 设为 hearth nats-config 生成的 provisioner.nk。", err)
	}
	return err
}

// logNATS tells what the connection says of itself. A missing right is told here
// and to whoever asked.
func logNATS(_ *nats.Conn, _ *nats.Subscription, err error) {
	if errors.Is(err, nats.ErrPermissionViolation) {
		slog.Error("nats right missing", "err", err)
		return
	}
	slog.Error("nats", "err", err)
}

func provisionCommand(cfg *config) *cobra.Command {
	return &cobra.Command{
		Use: "provision", Short: "在外部 NATS 上建立事件流(或核对已有的),用 HEARTH_NATS_PROVISIONER_NKEY;内置的由程序自己建立", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cfg.NATSURL == "" {
				return domain.Reject("not_external", "没有设 HEARTH_NATS_URL:内置的 NATS 不需要这一步,hearth serve 会自己建立事件流。")
			}
			if err := acceptSync(cmd.Context(), *cfg); err != nil {
				return err
			}
			if err := provisionExternal(cmd.Context(), *cfg, ""); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "事件流 %s 已就绪,%d 份副本。\n", natsstore.StreamName, cfg.Replicas)
			return err
		},
	}
}
