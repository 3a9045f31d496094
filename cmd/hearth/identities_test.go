package main

import (
	"errors"
	"testing"

	"hearth/domain"
)

func TestIdentitiesFromEnv(t *testing.T) {
	for base, code := range map[string]string{
		"": "", "https://zgzj.example.gov.cn": "", "http://127.0.0.1:8020/": "",
		"zgzj.example.gov.cn": "bad_base_url", "ftp://zgzj.example.gov.cn": "bad_base_url", "https://zgzj.example.gov.cn/hearth": "bad_base_url", "https://x/?a=b": "bad_base_url",
	} {
		t.Setenv("HEARTH_BASE_URL", base)
		i, err := identitiesFromEnv()
		r, _ := errors.AsType[*domain.Rejection](err)
		if (r == nil) != (code == "") || r != nil && r.Code != code {
			t.Errorf("%q: %v; want %q", base, err, code)
		}
		if i.provider != nil || i.name() != "" {
			t.Errorf("%q: a provider that nobody has set", base)
		}
	}
	t.Setenv("HEARTH_BASE_URL", "")
	t.Setenv("HEARTH_OIDC_ISSUER", "https://sso.example.gov.cn")
	if _, err := identitiesFromEnv(); err == nil {
		t.Error("half of the settings are taken")
	}
}
