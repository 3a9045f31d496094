package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nkeys"
	"github.com/spf13/cobra"

	"hearth/adapters/natsserver/rights"
	"hearth/domain"
)

// clusterOptions is what is chosen about servers of NATS that are not ours.
type clusterOptions struct {
	listen, monitor, store, name string
	cluster, clusterListen       string
	routes                       []string
	cert, key, ca                string // as the NATS servers see them
}

func natsConfigCommand() *cobra.Command {
	var o clusterOptions
	cmd := &cobra.Command{
		Use: "nats-config 文件夹", Short: "为外部 NATS 生成配置 nats.conf 和三个用户的密钥;已有的文件不覆盖", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			said, err := writeNATSConfig(args[0], o)
			if err == nil {
				_, err = fmt.Fprint(cmd.OutOrStdout(), said)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "client-listen", "0.0.0.0:4222", "客户端端口")
	f.StringVar(&o.monitor, "monitor-listen", "0.0.0.0:8222", "监测端口,hearth 由此查落盘设置")
	f.StringVar(&o.store, "store", "/data", "NATS 服务器上存放事件的文件夹")
	f.StringVar(&o.name, "server-name", "$HOSTNAME", "服务器名称,每台必须不同;$ 开头的取环境变量")
	f.StringVar(&o.cluster, "cluster", "hearth", "集群名称")
	f.StringVar(&o.clusterListen, "cluster-listen", "0.0.0.0:6222", "集群内部端口")
	f.StringSliceVar(&o.routes, "route", nil, "集群各服务器的内部地址,如 nats1:6222,nats2:6222,nats3:6222;单台则不写")
	f.StringVar(&o.cert, "tls-cert", "", "NATS 服务器的证书文件;写了就只接受 TLS 连接")
	f.StringVar(&o.key, "tls-key", "", "证书的私钥文件")
	f.StringVar(&o.ca, "tls-ca", "", "签发证书的 CA 文件;写了就要求客户端也出示证书")
	return cmd
}

// purposes is what a seed is for, in the words of the one who has to hand it out.
var purposes = map[rights.User]string{
	rights.Provisioner: "只能建立事件流;hearth provision 用(HEARTH_NATS_PROVISIONER_NKEY),建好后离线保管",
	rights.Service:     "写入和读取事件;hearth serve 用(HEARTH_NATS_NKEY)",
	rights.Reader:      "只读事件;备份、核验等只读作业用",
}

// writeNATSConfig writes the seeds and the configuration that names their public
// halves, and returns what to tell. Seeds that are there are used again: whoever
// has them goes on. The configuration comes last: without it the command can be
// repeated.
func writeNATSConfig(dir string, o clusterOptions) (string, error) {
	if (o.cert == "") != (o.key == "") || o.ca != "" && o.cert == "" {
		return "", domain.Reject("bad_tls", "--tls-cert 和 --tls-key 要一起写;--tls-ca 只能与它们同用。")
	}
	path := filepath.Join(dir, "nats.conf")
	if _, err := os.Lstat(path); err == nil {
		return "", domain.Reject("file_exists", "%s 已存在,不覆盖。确要重新生成,请先把它移走;密钥文件保留不动,会继续使用。", path)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", badFolder(dir, err)
	}
	var said strings.Builder
	keys := map[rights.User]string{}
	for _, user := range rights.Users() {
		file := filepath.Join(dir, string(user)+".nk")
		public, fresh, err := seed(file)
		if err != nil {
			return "", err
		}
		keys[user] = public
		state := "沿用"
		if fresh {
			state = "新建"
		}
		fmt.Fprintf(&said, "%s  %s:%s\n", state, file, purposes[user])
	}
	if err := writeNew(path, o.conf(keys)); err != nil {
		return "", err
	}
	fmt.Fprintf(&said, "新建  %s:每台 NATS 服务器都用这一份(nats-server -c)\n", path)
	said.WriteString("这些文件相当于钥匙:只给用得着的程序,不要放进版本库。NATS 启动后,请先运行一次 hearth provision。\n")
	return said.String(), nil
}

func badFolder(dir string, err error) error {
	return domain.Reject("bad_folder", "不能写入 %s(%v)。请检查权限,或换一个文件夹。", dir, err)
}

// seed reads the seed of a user, or draws one.
func seed(file string) (public string, fresh bool, err error) {
	text, err := os.ReadFile(file)
	if err == nil {
		pair, err := nkeys.ParseDecoratedUserNKey(text)
		if err != nil {
			return "", false, domain.Reject("bad_seed", "%s 里不是 NATS 用户密钥(%v)。请把它移走,再运行一次。", file, err)
		}
		public, err = pair.PublicKey()
		return public, false, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", false, badFolder(file, err)
	}
	pair, err := nkeys.CreateUser()
	if err != nil {
		return "", false, err
	}
	if text, err = pair.Seed(); err != nil {
		return "", false, err
	}
	if public, err = pair.PublicKey(); err != nil {
		return "", false, err
	}
	return public, true, writeNew(file, string(text)+"\n")
}

// writeNew writes a file for its owner alone, and never over another.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return badFolder(path, err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(badFolder(path, err), os.Remove(path))
	}
	return nil
}

// conf is the text of nats.conf.
func (o clusterOptions) conf(keys map[rights.User]string) string {
	var b strings.Builder
	b.WriteString("# 由 hearth nats-config 生成。系统帐户中的 mappings 关闭了一切改动、清空、删除事件流的接口;\n")
	b.WriteString("# 确需改动事件流设置时,由管理员临时去掉相应一行并重新加载,改完立即恢复。\n")
	fmt.Fprintf(&b, "listen: %q\nhttp: %q\nserver_name: %s\n", o.listen, o.monitor, o.quotedName())
	b.WriteString(o.tls(""))
	fmt.Fprintf(&b, "jetstream {\n  store_dir: %q\n  sync_interval: always\n}\n", o.store)
	if len(o.routes) > 0 {
		// Whoever gets into the cluster is trusted with everything: a server must
		// know the password, which only this file has.
		password := rand.Text()
		fmt.Fprintf(&b, "cluster {\n  name: %q\n  listen: %q\n  authorization {user: hearth, password: %q}\n%s  routes: [\n", o.cluster, o.clusterListen, password, o.tls("  "))
		for _, route := range o.routes {
			fmt.Fprintf(&b, "    %q\n", (&url.URL{Scheme: "nats", User: url.UserPassword("hearth", password), Host: route}).String())
		}
		b.WriteString("  ]\n}\n")
	}
	b.WriteString(rights.Config{Keys: keys}.String())
	return b.String()
}

// quotedName leaves a name from the environment to the server.
func (o clusterOptions) quotedName() string {
	if strings.HasPrefix(o.name, "$") {
		return o.name
	}
	return fmt.Sprintf("%q", o.name)
}

func (o clusterOptions) tls(indent string) string {
	if o.cert == "" {
		return ""
	}
	lines := []string{"tls {", fmt.Sprintf("  cert_file: %q", o.cert), fmt.Sprintf("  key_file: %q", o.key)}
	if o.ca != "" {
		lines = append(lines, fmt.Sprintf("  ca_file: %q", o.ca), "  verify: true")
	}
	return indent + strings.Join(append(lines, "}"), "\n"+indent) + "\n"
}
