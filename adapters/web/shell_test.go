package web_test

import (
	"testing"

	"hearth/adapters/web/webtest"
	"hearth/domain"
)

func TestSmoke(t *testing.T) {
	s := webtest.New(t, nil)
	c := s.SignIn(t, domain.RoleSystemAdmin)
	a := c.Get("/")
	t.Log(a.Status, a.Path, a.Body)
}
