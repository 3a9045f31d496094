package oidc

import (
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"hearth/domain"
)

// Config is which provider, and who we are there.
type Config struct {
	Issuer   string // its address, exactly as it calls itself
	ClientID string
	Secret   string
	Name     string           // what the button says, such as 政务统一身份认证
	Now      func() time.Time // nil: time.Now
}

// FromEnv reads HEARTH_OIDC_ISSUER, HEARTH_OIDC_CLIENT_ID,
// HEARTH_OIDC_CLIENT_SECRET_FILE and HEARTH_OIDC_NAME. The zero Config means
// that there is no provider.
func FromEnv() (Config, error) {
	c := Config{
		Issuer: os.Getenv("HEARTH_OIDC_ISSUER"), ClientID: os.Getenv("HEARTH_OIDC_CLIENT_ID"), Name: os.Getenv("HEARTH_OIDC_NAME"),
	}
	file := os.Getenv("HEARTH_OIDC_CLIENT_SECRET_FILE")
	if c.Issuer == "" && c.ClientID == "" && file == "" {
		return Config{}, nil
	}
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return Config{}, domain.Reject("oidc_settings", "读不到统一身份认证的密钥文件(%v)。请核对 HEARTH_OIDC_CLIENT_SECRET_FILE。", err)
		}
		c.Secret = strings.TrimSpace(string(text))
	}
	return c, c.check()
}

// check rejects settings with which nobody could sign in, at the start and not
// when somebody tries.
func (c Config) check() error {
	u, err := url.Parse(c.Issuer)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return domain.Reject("oidc_settings", "统一身份认证的地址看不懂。请把 HEARTH_OIDC_ISSUER 写成如 https://sso.example.gov.cn 。")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return domain.Reject("oidc_settings", "统一身份认证的地址须以 https:// 开头。请核对 HEARTH_OIDC_ISSUER。")
	case c.ClientID == "":
		return domain.Reject("oidc_settings", "设了统一身份认证的地址,还缺本系统在那里的编号。请设 HEARTH_OIDC_CLIENT_ID。")
	case c.Secret == "":
		return domain.Reject("oidc_settings", "缺少统一身份认证的密钥。请把密钥写入只有本服务能读的文件,用 HEARTH_OIDC_CLIENT_SECRET_FILE 指明。")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
