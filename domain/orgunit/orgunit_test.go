package orgunit

import "testing"

func TestUnits(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, u := range Jincheng() {
		if seen[u.Code] || u.Name == "" || u.Short == "" {
			t.Errorf("unit %+v: a code of its own and both names are needed", u)
		}
		seen[u.Code] = true
		if u.Code != City && !seen[u.Parent] {
			t.Errorf("unit %s comes before its parent %q", u.Code, u.Parent)
		}
	}
}
