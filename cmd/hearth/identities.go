package main

import (
	"context"
	"log/slog"
	"net/url"
	"os"

	"hearth/adapters/oidc"
	"hearth/adapters/web"
	"hearth/domain"
)

// identities is how people sign in besides by password.
type identities struct {
	provider *oidc.Provider // nil: by password alone
	base     string         // where browsers find us, empty: where they say
}

// identitiesFromEnv reads HEARTH_BASE_URL and the settings of the provider of
// identities. It does not look for it: one that is down must not stop us.
func identitiesFromEnv() (identities, error) {
	i := identities{base: os.Getenv("HEARTH_BASE_URL")}
	if u, err := url.Parse(i.base); i.base != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/") {
		return i, domain.Reject("bad_base_url", "HEARTH_BASE_URL 看不懂,请写成浏览器访问本系统的地址,如 https://zgzj.example.gov.cn 。")
	}
	cfg, err := oidc.FromEnv()
	if err != nil || cfg.Issuer == "" {
		return i, err
	}
	i.provider, err = oidc.New(cfg)
	return i, err
}

// name is what pages call the provider, empty when there is none.
func (i identities) name() string {
	if i.provider == nil {
		return ""
	}
	return i.provider.Name()
}

// configure tells the pages.
func (i identities) configure(c *web.Config) {
	c.BaseURL = i.base
	if i.provider != nil {
		c.Provider = i.provider
	}
}

// run looks for the provider until ctx ends, and writes down when it goes and
// when it is back.
func (i identities) run(ctx context.Context) {
	if i.provider == nil {
		return
	}
	var down, told bool
	i.provider.Run(ctx, func(err error) {
		switch {
		case err != nil && (!down || !told):
			slog.WarnContext(ctx, "provider of identities is away: people sign in by password", "err", err)
		case err == nil && (down || !told):
			slog.InfoContext(ctx, "provider of identities found")
		}
		down, told = err != nil, true
	})
}
