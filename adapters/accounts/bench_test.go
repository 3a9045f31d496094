package accounts_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"hearth/adapters/accounts"
	"hearth/domain"
	"hearth/domain/user"
)

// BenchmarkGet is what every request of somebody who is signed in costs.
func BenchmarkGet(b *testing.B) {
	s := setup(b)
	u := s.create("zhangsan", domain.RoleHandler, domain.RoleInspector)
	for b.Loop() {
		if _, err := s.Get(b.Context(), u.ID); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkList is the list of a hundred users, for choosing one.
func BenchmarkList(b *testing.B) {
	s := setup(b)
	for i := range 100 {
		_, err := s.Create(b.Context(), accounts.NewUser{Login: fmt.Sprint("user", i), Name: "张三", Org: "jc", Roles: []domain.Role{domain.RoleHandler}}, accounts.Console())
		if err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if all, err := s.List(b.Context()); err != nil || len(all) != 100 {
			b.Fatal(len(all), err)
		}
	}
}

// BenchmarkCommand is a command on an account without the time of JetStream: the
// decision, the event in memory, and the row.
func BenchmarkCommand(b *testing.B) {
	s := setup(b)
	u, admin := s.create("zhangsan", domain.RoleHandler), s.create("admin", domain.RoleSystemAdmin)
	names := []string{"李四", "王五"}
	for i := 0; b.Loop(); i++ {
		r := accounts.Request{CommandID: uuid.New(), Actor: admin.Actor(), Channel: "web"}
		if _, err := s.Do(b.Context(), u.ID, &user.Rename{Name: names[i%2]}, r); err != nil {
			b.Fatal(err)
		}
	}
}
