package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
)

const somebody = `{"kind":"migrant","identity":{"name":"张三丰","id_no":"11010519491231002X"},"contact":{"phone":"13800001234","address":"泽州县某镇"}}`

// TestPeople: found by a body, shown with masks, linked and set apart.
func TestPeople(t *testing.T) {
	t.Parallel()
	c := setup(t)
	made := c.do("handler", "POST", "/people", "key-0001", somebody)
	if made.status != http.StatusCreated || made.body["visible"] != true {
		t.Fatalf("put on file: %d %s", made.status, made.raw)
	}
	id := made.body["id"].(string)
	if again := c.do("handler", "POST", "/people", "key-0001", somebody); again.body["id"] != id {
		t.Errorf("the same key again: %s", again.raw)
	}
	for _, body := range []string{`{"name":"张三丰"}`, `{"id_no":"110105491231002"}`, `{"phone":"138-0000-1234"}`} {
		got := c.do("operator", "POST", "/people/find", "", body)
		if got.status != http.StatusOK || !strings.Contains(got.raw, id) || !strings.Contains(got.raw, "张三丰") || !strings.Contains(got.raw, "138****1234") {
			t.Errorf("find %s: %d %s", body, got.status, got.raw)
		}
		if strings.Contains(got.raw, "13800001234") || strings.Contains(got.raw, "11010519491231002X") || strings.Contains(got.raw, "某镇") {
			t.Errorf("find %s: not masked: %s", body, got.raw)
		}
	}
	if got := c.do("inspector", "POST", "/people/find", "", `{"phone":"13800001234"}`); strings.Contains(got.raw, "张三丰") || !strings.Contains(got.raw, "张*") {
		t.Errorf("the name for who sees masks: %s", got.raw)
	}
	other := c.do("handler", "POST", "/people", "key-0002", `{"identity":{"name":"张叁丰"}}`).body["id"].(string)
	if got := c.do("handler", "POST", "/people/"+other+"/commands/merge", "key-0003", `{"into":"`+id+`","basis":"person_confirmed"}`); got.status != http.StatusOK {
		t.Fatalf("merge: %d %s", got.status, got.raw)
	}
	if got := c.do("handler", "GET", "/people/"+other, "", ""); got.body["main"] != id || got.body["merged_into"] != id {
		t.Errorf("the merged file: %d %s", got.status, got.raw)
	}
	if got := c.do("handler", "POST", "/people/"+other+"/commands/unmerge", "key-0004", `{"reason":"not_the_same"}`); got.status != http.StatusOK {
		t.Errorf("unmerge: %d %s", got.status, got.raw)
	}
	home := c.do("unit", "POST", "/households", "key-0005", `{"head":"`+id+`","members":[{"person_id":"`+id+`"},{"person_id":"`+other+`","relation":"sibling"}]}`)
	if home.status != http.StatusCreated {
		t.Fatalf("form a household: %d %s", home.status, home.raw)
	}
	at := "/households/" + home.body["id"].(string)
	if got := c.do("unit", "POST", at+"/commands/leave", "key-0006", `{"person_id":"`+other+`","reason":"moved"}`); got.status != http.StatusOK {
		t.Errorf("leave: %d %s", got.status, got.raw)
	}
	if got := c.do("unit", "GET", at, "", ""); got.status != http.StatusOK || !strings.Contains(got.raw, "left_at") {
		t.Errorf("the household: %d %s", got.status, got.raw)
	}
}

func TestErasureByPrograms(t *testing.T) {
	t.Parallel()
	c := setup(t)
	id := c.do("handler", "POST", "/people", "key-0001", somebody).body["id"].(string)
	at := "/people/" + id + "/commands/"
	if got := c.do("handler", "POST", at+"request_erasure", "key-0002", `{"step":"suspend","basis":"consent_withdrawn"}`); got.status != http.StatusOK {
		t.Fatalf("request: %d %s", got.status, got.raw)
	}
	if got := c.do("head", "GET", "/erasures", "", ""); got.status != http.StatusOK || !strings.Contains(got.raw, id) || !strings.Contains(got.raw, "consent_withdrawn") {
		t.Errorf("open requests: %d %s", got.status, got.raw)
	}
	for _, who := range []string{"head", "approver"} {
		if got := c.do(who, "POST", at+"approve_erasure", "key-0003", `{"step":"suspend"}`); got.status != http.StatusOK {
			t.Fatalf("approved by %s: %d %s", who, got.status, got.raw)
		}
	}
	if got := c.do("head", "GET", "/people/"+id, "", ""); got.body["standing"] != "suspended" {
		t.Errorf("after two approvals: %s", got.raw)
	}
	for name, tc := range map[string]struct {
		got    answer
		status int
		says   string
	}{
		"wrong scope":    {c.do("reader", "GET", "/people/"+id, "", ""), http.StatusForbidden, "people:read"},
		"administrator":  {c.do("admin", "GET", "/people/"+id, "", ""), http.StatusForbidden, "不能查看人员"},
		"wrong role":     {c.do("operator", "POST", at+"approve_erasure", "key-0009", `{"step":"suspend"}`), http.StatusForbidden, "岗位"},
		"nobody":         {c.do("head", "GET", "/people/"+uuid.NewString(), "", ""), http.StatusNotFound, "没有这份档案"},
		"two questions":  {c.do("head", "POST", "/people/find", "", `{"name":"张三丰","phone":"13800001234"}`), http.StatusUnprocessableEntity, "一次只按一项"},
		"no question":    {c.do("head", "POST", "/people/find", "", `{}`), http.StatusUnprocessableEntity, "中的一项"},
		"half a merger":  {c.do("handler", "POST", at+"take_in", "key-0010", `{}`), http.StatusNotFound, "接口"},
		"not a question": {c.do("head", "GET", "/people?name=x", "", ""), http.StatusNotFound, "接口"},
	} {
		if tc.got.status != tc.status || !strings.Contains(tc.got.raw, tc.says) {
			t.Errorf("%s: %d %s; want %d and %q", name, tc.got.status, tc.got.raw, tc.status, tc.says)
		}
		if strings.Contains(tc.got.raw, "张三丰") || strings.Contains(tc.got.raw, "13800001234") {
			t.Errorf("%s repeats what was sent: %s", name, tc.got.raw)
		}
	}
}
