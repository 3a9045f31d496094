package people

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hearth/adapters/casework"
	"hearth/domain"
	"hearth/domain/person"
)

const (
	idNo  = "11010519491231002X"
	phone = "13800001234"
)

// TestFind: exact names and numbers find, parts do not, nothing of it is in an
// address, and numbers are masked.
func TestFind(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	clerk := s.signIn(domain.RoleOperator)
	says(t, clerk.Get("/people"), "想找谁?")
	id := s.person(clerk, "name", "张三丰", "id_no", "110105491231002", "phone", "138-0000-1234", "kind", "migrant", "address", "泽州县某镇")
	file := clerk.Get(fileAddress(id))
	says(t, file, "张*", "110***002X", "138****1234", "已登记,不显示", "农民工", "人员建档", "没有参与您能看到的案件")
	saysNot(t, file, "张三丰", idNo, phone, "某镇", "已并入", "撤销并档")
	for asked, found := range map[string]bool{"张三丰": true, "張三豐": true, phone: true, "110105491231002": true, "张三": false, "1380000": false} {
		a := clerk.Submit(clerk.Get("/people"), "find", "/people/find", "q", asked)
		if a.Path != "/people" || len(a.Query) != 0 || strings.Contains(a.Body, "110***002X") != found {
			t.Errorf("%s: at %s?%s, found %v", asked, a.Path, a.Query.Encode(), !found)
		}
	}
	a := clerk.Submit(clerk.Get("/people"), "new", "/people", "name", "张三丰", "id_no", idNo)
	says(t, a, "这个身份证号已有档案")
	a = clerk.Submit(clerk.Get("/people"), "new", "/people", "name", "李四", "id_no", "110105194912310021")
	says(t, a, "校验位不对")
	if a.Status != 422 {
		t.Errorf("a wrong check digit: status %d", a.Status)
	}
	says(t, file, "登记内容")
	cashier := s.signIn(domain.RoleCashier) // sees what happened, not what was written down
	says(t, cashier.Get(fileAddress(id)), "张*", "人员建档")
	saysNot(t, cashier.Get(fileAddress(id)), "登记内容")
	if a := s.signIn(domain.RoleSystemAdmin).Get(fileAddress(id)); a.Status != 403 {
		t.Errorf("who runs the system: status %d", a.Status)
	}
	for _, path := range []string{fileAddress(uuid.New()), "/people/zhang", erasureAddress(id) + "/1", "/households/" + uuid.NewString()} {
		if a := clerk.Get(path); a.Status != 404 {
			t.Errorf("%s: status %d", path, a.Status)
		}
	}
}

// TestCasesInSight: the page of a person tells of no case that the reader does not
// see, and the request for erasure does not take it.
func TestCasesInSight(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	clerk := s.signIn(domain.RoleOperator)
	id := s.person(clerk, "name", "张三丰", "phone", phone)
	out := s.intake(id)
	says(t, clerk.Get(fileAddress(id)), out.No, "宏达建筑")
	far := s.signIn(domain.RoleHandler)
	// A handler of the city sees all of the city; one of another county does not.
	says(t, far.Get(erasureAddress(id)), out.No)
	s.caughtUp()
	informant := s.signIn(domain.RoleInformant)
	if a := informant.Get(fileAddress(id)); a.Status != 403 {
		t.Errorf("an informant: status %d", a.Status)
	}
	a := far.Submit(far.Get(erasureAddress(id)), "suspend", erasureAddress(id), "step", "suspend", "basis", "unlawful", "subjects", uuid.NewString())
	says(t, a, "所选案件中有您不能查看的")
}

// TestMergeAndUndo: two files that have a number in common are suggested, laid
// side by side, linked, and set apart again.
func TestMergeAndUndo(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	handler := s.signIn(domain.RoleHandler)
	a := s.person(handler, "name", "张三", "id_no", idNo, "phone", phone)
	b := s.person(handler, "name", "张叁", "phone", phone)
	out := s.intake(b)
	says(t, handler.Get(fileAddress(a)), "疑似同一人", "电话相同", fmt.Sprintf("/people/%s/merge?into=%s", a, b))
	found := handler.Submit(handler.Get(fileAddress(b)+"/merge"), "find-other", fileAddress(b)+"/merge/find", "q", idNo)
	if found.Path != fileAddress(b)+"/merge" || found.Query.Get("into") != a.String() {
		t.Fatalf("find the other: %s?%s", found.Path, found.Query.Encode())
	}
	says(t, found, "不同", "一致", "缺一方", out.No)
	none := handler.Submit(handler.Get(fileAddress(b)+"/merge"), "find-other", fileAddress(b)+"/merge/find", "q", "王五")
	says(t, none, "没有找到,请写全姓名或号码")
	if bad := handler.Submit(found, "merge", fileAddress(b)+"/merge", "into", a.String()); bad.Status != 422 {
		t.Errorf("without a basis: status %d", bad.Status)
	}
	done := handler.Submit(found, "merge", fileAddress(b)+"/merge", "into", a.String(), "main", a.String(), "basis", "person_confirmed")
	if done.Path != fileAddress(a) {
		t.Fatalf("merged: at %s: %s", done.Path, main(done.Body))
	}
	says(t, done, "已并档", "已并入本档案", out.No, "该档案并入本档案,依据:本人确认")
	if redirected := handler.Get(fileAddress(b)); redirected.Path != fileAddress(a) {
		t.Errorf("the merged file is at %s", redirected.Path)
	}
	own := handler.Get(ownAddress(b))
	says(t, own, "这份档案已并入", "撤销并档", "本档案并入该档案")
	says(t, handler.Submit(handler.Get(fileAddress(a)+"/merge?into="+b.String()), "merge", fileAddress(a)+"/merge", "into", b.String(), "main", b.String(), "basis", "same_id_no"), "要并入的档案自己已并入另一份")
	undone := handler.Submit(own, "unmerge", fileAddress(b)+"/unmerge", "reason", "not_the_same")
	says(t, undone, "已撤销并档", "疑似同一人")
	if apart := handler.Get(fileAddress(b)); apart.Path != fileAddress(b) {
		t.Errorf("after undoing the file is at %s", apart.Path)
	}
	if a := s.signIn(domain.RoleOperator).Get(fileAddress(a) + "/merge"); a.Status != 403 {
		t.Errorf("an operator may merge: status %d", a.Status)
	}
}

func TestHouseholdPages(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	clerk := s.signIn(domain.RoleUnitClerk)
	he, she, kid := s.person(clerk, "name", "张三", "phone", phone), s.person(clerk, "name", "李四"), s.person(clerk, "name", "张小")
	form := clerk.Get(fileAddress(he) + "/household")
	says(t, clerk.Submit(form, "household", fileAddress(he)+"/household", "member1", "李四"), "请填写与户主关系")
	says(t, clerk.Submit(form, "household", fileAddress(he)+"/household", "member1", "王五", "relation1", "spouse"), "没有找到")
	home := clerk.Submit(form, "household", fileAddress(he)+"/household", "member1", "李四", "relation1", "spouse")
	says(t, home, "已立户", "户主", "配偶", "138****1234")
	base := home.Path
	says(t, clerk.Submit(home, "join", base+"/join", "who", "张小", "relation", "child"), "已入户", "子女")
	other := clerk.Submit(clerk.Get(fileAddress(kid)+"/household"), "household", fileAddress(kid)+"/household")
	says(t, other, "一人只能在一户")
	changed := clerk.Submit(clerk.Get(base), "head", base+"/head", "head", she.String(), "relation-"+he.String(), "spouse", "relation-"+kid.String(), "child")
	says(t, changed, "已变更户主", "户主变更为")
	left := clerk.Submit(clerk.Get(base), "leave-"+kid.String(), base+"/leave", "person", kid.String(), "reason", "moved")
	says(t, left, "已离户", "曾经的成员", "迁出")
	says(t, clerk.Get(fileAddress(kid)), "已离户")
	says(t, clerk.Submit(clerk.Get(base), "dissolve", base+"/dissolve", "reason", "split"), "已销户", "分户")
	says(t, clerk.Get(fileAddress(he)), "已销户")
	reader := s.signIn(domain.RoleLeader)
	seen := reader.Get(base)
	says(t, seen, "李*")
	saysNot(t, seen, "李四", "入户</button>")
}

// TestKinPages: everybody declares their own, and those who watch see all.
func TestKinPages(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	cashier, head, discipline := s.signIn(domain.RoleCashier), s.signIn(domain.RoleOrgHead), s.signIn(domain.RoleDiscipline)
	says(t, cashier.Get("/people/kin"), "您还没有备案近亲属")
	form := []string{"name", "李四", "id_no", idNo, "relation", "spouse"}
	says(t, cashier.Submit(cashier.Get("/people/kin"), "kin", "/people/kin", form...), "已备案", "配偶", "有效")
	says(t, head.Submit(head.Get("/people/kin"), "kin", "/people/kin", form...), "全部备案 <span class=\"count\">2</span>", cashier.User.Name)
	says(t, discipline.Get("/people/kin"), "全部备案", cashier.User.Name, head.User.Name)
	saysNot(t, discipline.Get("/people/kin"), "备案近亲属</h2>")
	saysNot(t, cashier.Get("/people/kin"), head.User.Name)
	found := head.Submit(head.Get("/people"), "find", "/people/find", "q", idNo)
	_, rest, _ := strings.Cut(found.Body, `<a href="/people/`)
	for strings.HasPrefix(rest, "kin") || strings.HasPrefix(rest, "erasures") {
		_, rest, _ = strings.Cut(rest, `<a href="/people/`)
	}
	id := rest[:36]
	file := head.Get("/people/" + id)
	saysNot(t, file, "withdraw-kin-"+id+head.User.ID) // not one's own
	done := head.Submit(file, "withdraw-kin-"+id+cashier.User.ID, "/people/"+id+"/kin/withdraw", "user", cashier.User.ID)
	says(t, done, "已撤销备案", "已撤销", "撤销与"+cashier.User.Name+"的近亲属备案")
}

func TestConsentsAndDeath(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	clerk := s.signIn(domain.RoleOperator)
	id := s.person(clerk, "name", "张三", "phone", phone)
	at := fileAddress(id)
	says(t, clerk.Submit(clerk.Get(at), "consent", at+"/consents", "purpose", "referral", "how", "spoken", "text_version", "2026-1"), "已登记同意", "移送有关部门", "告知文本第2026-1版", "第13条第1款第1项")
	says(t, clerk.Submit(clerk.Get(at), "basis", at+"/bases", "purpose", "complaint", "basis", "legal_duty"), "已登记处理依据", "第13条第1款第3项")
	says(t, clerk.Submit(clerk.Get(at), "withdraw-referral", at+"/consents/withdraw", "purpose", "referral"), "已登记撤回", "撤回为“移送有关部门”")
	says(t, clerk.Submit(clerk.Get(at), "death", at+"/death", "source", "civil_affairs", "died_on", "2031-01-01"), "不能晚于今天")
	says(t, clerk.Submit(clerk.Get(at), "death", at+"/death", "source", "civil_affairs", "died_on", "2026-11-01"), "已登记死亡", "民政殡葬信息")
	saysNot(t, clerk.Get(at), "2026-11-01")
	says(t, clerk.Submit(clerk.Get(at), "revoke-death", at+"/death/revoke"), "已撤销死亡登记")
	leader := s.signIn(domain.RoleLeader)
	saysNot(t, leader.Get(at), "登记同意</button>", "登记死亡</summary>")
	if a := leader.Post(at+"/death", "source", "civil_affairs"); a.Status != 403 {
		t.Errorf("a leader notes a death: status %d", a.Status)
	}
}

// TestErasurePages: from the request by two approvals to what cannot be undone,
// which must be typed out.
func TestErasurePages(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	asker, first, second := s.signIn(domain.RoleHandler), s.signIn(domain.RoleOrgHead), s.signIn(domain.RoleApprover)
	id := s.person(asker, "name", "张三丰", "id_no", idNo, "phone", phone)
	out := s.intake(id)
	at := erasureAddress(id)
	kin := s.signIn(domain.RoleReviewer)
	kin.Submit(kin.Get(fileAddress(id)), "kin", fileAddress(id)+"/kin", "relation", "sibling")

	says(t, asker.Submit(asker.Get(at), "suspend", at, "step", "suspend"), "请填写依据")
	asked := asker.Submit(asker.Get(at), "suspend", at, "step", "suspend", "basis", "consent_withdrawn", "subjects", out.ID.String())
	says(t, asked, "待审批:封存", "个人撤回同意", out.No, "您是申请人,须由另外两人审批")
	says(t, kin.Get("/people/erasures"), "没有等您审批的申请", "近亲属关系,应当回避")
	says(t, kin.Submit(first.Get(at), "approve", at+"/approve", "step", "suspend"), "近亲属关系")
	says(t, first.Get("/people"), `个人信息处置 <span class="count">1</span>`)
	says(t, first.Get("/people/erasures"), "等我审批 <span class=\"count\">1</span>", "张*")
	says(t, first.Submit(first.Get(at), "approve", at+"/approve", "step", "suspend"), "已初审同意")
	says(t, first.Get(at), "您已初审,须由另一人复审")
	receipt := second.Submit(second.Get(at), "approve", at+"/approve", "step", "suspend")
	if receipt.Path != at+"/1" {
		t.Fatalf("after the second approval: %s\n%s", receipt.Path, main(receipt.Body))
	}
	says(t, receipt, "个人信息处置回执", "编号 "+id.String()[:8]+"-1", "已封存", out.No, first.User.Name, second.User.Name, "停止除存储以外的处理")
	if err := s.keys.Suspend(t.Context(), 1000, id.String(), out.ID.String()); err != nil { // the reaction does it
		t.Fatal(err)
	}
	says(t, asker.Get(fileAddress(id)), "〔已封存〕", "谁也看不到")
	saysNot(t, asker.Get(fileAddress(id)), "张三丰", "138****1234")

	page := asker.Get(at)
	says(t, page, "申请销毁", "申请解封", "不能撤销")
	says(t, asker.Submit(page, "shred", at, "step", "shred", "basis", "purpose_ended"), "请输入“销毁”二字,或此人的一个案号")
	says(t, asker.Submit(page, "shred", at, "step", "shred", "basis", "purpose_ended", "confirm", out.No), "待审批:销毁")
	says(t, first.Submit(first.Get(at), "approve", at+"/approve", "step", "shred"), "请输入“销毁”二字")
	says(t, first.Submit(first.Get(at), "approve", at+"/approve", "step", "shred", "confirm", "销毁"), "已初审同意")
	warned := second.Get(at)
	says(t, warned, "您是第二位审批人,同意后立即执行")
	receipt = second.Submit(warned, "approve", at+"/approve", "step", "shred", "confirm", "销毁")
	says(t, receipt, "-2", "已销毁", "密钥已决定销毁")
	if err := s.keys.Shred(t.Context(), id.String(), out.ID.String()); err != nil {
		t.Fatal(err)
	}
	gone := asker.Get(fileAddress(id))
	says(t, gone, "〔已销毁〕", "不能恢复")
	saysNot(t, gone, "张三丰", "1234", "登记同意</button>", "我与此人有近亲属关系")
	saysNot(t, asker.Get(at), "申请销毁</button>", "张三丰")
}

// TestErasureOfOneOfTwoFiles: who asks for one file is told of the other.
func TestErasureOfOneOfTwoFiles(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	handler := s.signIn(domain.RoleHandler)
	a, b := s.person(handler, "name", "张三", "phone", phone), s.person(handler, "name", "张三")
	if _, err := s.work.MergePersons(t.Context(), b, a, "person_confirmed", casework.Request{CommandID: uuid.New(), Actor: handler.User.Actor(domain.RoleHandler)}); err != nil {
		t.Fatal(err)
	}
	s.caughtUp()
	at := erasureAddress(a)
	page := handler.Get(at)
	says(t, page, "此人还有并档的档案", erasureAddress(b), "另有 1 份并档的档案")
	says(t, handler.Submit(page, "suspend", at, "step", "suspend", "basis", "unlawful"), "请填写确认")
	says(t, handler.Submit(page, "suspend", at, "step", "suspend", "basis", "unlawful", "linked", "1"), "待审批:封存")
	refuser := s.signIn(domain.RoleOrgHead)
	says(t, refuser.Submit(refuser.Get(at), "refuse", at+"/refuse", "basis", "case_open"), "不予处置", "有关案件尚未办结", "第50条", "另有 1 份并档的档案,不在本次处置之内")
	state, _, err := s.work.Person(t.Context(), a)
	if err != nil || state.Erasure.Standing != person.InUse || state.Erasure.Requested != nil {
		t.Errorf("after the refusal: %+v, %v", state.Erasure, err)
	}
}
