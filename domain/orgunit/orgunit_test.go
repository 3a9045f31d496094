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
		if !Within(u.Code, City) || !Within(u.Code, u.Code) {
			t.Errorf("unit %s is not within the city", u.Code)
		}
	}
	if Within("jc", "jc-zz") || Within("nowhere", City) || Within("", City) {
		t.Error("a unit is within one that it is not below")
	}
	if Name("jc-gp") != "高平市总工会" || Short("jc-kf") != "开发区" || Name("x") != "x" || Short("x") != "x" {
		t.Error("names by code are wrong")
	}
}
