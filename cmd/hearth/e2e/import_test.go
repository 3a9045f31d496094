package e2e_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"hearth/adapters/sheet"
	"hearth/adapters/web/browsertest"
)

// TestImport brings a spreadsheet in whose column of texts has an unknown name and
// in which two rows are wrong: it is mapped by hand, looked at, stored; the bad
// rows come back, are put right and stored; and nothing is there twice.
func TestImport(t *testing.T) {
	t.Parallel()
	o := demo(t).signIn(t, "dispatch")
	dir := t.TempDir()
	original := filepath.Join(dir, "留言.xlsx")
	headings := []string{"编号", "时间", "姓名", "电话", "单位", "人数", "金额", "县区", "对方怎么说"}
	writeSheet(t, original, headings, func(yield func([]any) bool) {
		for n := range 30 {
			amount, area := fmt.Sprint(8000+n), "沁水"
			switch n {
			case 4:
				amount = "好几万"
			case 17:
				area = "月球"
			}
			row := []any{
				fmt.Sprintf("E2E-%03d", n+1), "2026-10-12 09:30", fmt.Sprintf("导入%d", n+1), fmt.Sprintf("1390357%04d", n), "沁水县批量导入矿业公司",
				1 + n%5, amount, area, "公司拖欠工资三个月,多次讨要没有结果",
			}
			if !yield(row) {
				return
			}
		}
	})

	uploadMessages(o, original)
	o.want("main", "内容") // must be mapped
	o.Screenshot("e2e-import-mapping", browsertest.Desktop)
	o.chosen("details.mapping [name$=detail]", "对方怎么说")
	o.Follow("form[action$='/mapping'] button")
	o.want(".tiles", "28")
	if got := o.texts("section.list tbody th"); len(got) == 0 || got[0] != "E2E-001" {
		t.Errorf("the preview numbers the rows %q; choosing the text must not lose the column of numbers", got)
	}
	for _, place := range []string{"第6行“金额”(G列)", "第19行“县区”(H列)"} {
		o.want(".problems", place)
	}
	o.Screenshot("e2e-import-preview", browsertest.Desktop)
	o.CheckAxe()
	storeImport(o, "28", "0")

	corrected := filepath.Join(dir, "改正.xlsx")
	correct(t, o.download("main a[href$='/bad']"), corrected, map[string]string{"好几万": "38000", "月球": "沁水"})
	uploadMessages(o, corrected)
	if o.Has("details.mapping[open]") {
		o.chosen("details.mapping [name$=detail]", "对方怎么说")
		o.Follow("form[action$='/mapping'] button")
	}
	storeImport(o, "2", "0")

	uploadMessages(o, original) // somebody imports the first file again
	o.chosen("details.mapping [name$=detail]", "对方怎么说")
	o.Follow("form[action$='/mapping'] button")
	storeImport(o, "0", "28")
	o.open("/complaints")
	o.fill(".filter", "text", "沁水县批量导入矿业公司")
	o.Follow(".filter .primary")
	if got := o.Text(".pager"); !strings.Contains(got, "共 30 条") {
		t.Errorf("after three imports: %s; want 30 cases", got)
	}
}

// uploadMessages uploads a file and stays on its preview.
func uploadMessages(o *officer, path string) {
	o.t.Helper()
	o.open("/import")
	o.fill("main form[action='/import']", "system", "t12345")
	o.Upload("[name=file]", path)
	o.Follow("main form[action='/import'] .primary")
	if o.Has("#problem") {
		o.t.Fatalf("upload: %s", o.Text("#problem"))
	}
}

// storeImport stores what the preview shows and reads the report once the work in
// the background is done.
func storeImport(o *officer, stored, existed string) {
	o.t.Helper()
	o.Follow("form[action$='/start'] .primary")
	o.WaitText("main", "导入完成")
	if got := o.texts(".tiles strong"); len(got) < 2 || got[0] != stored || got[1] != existed {
		o.t.Errorf("the import tells %q; want %s stored and %s there before", got, stored, existed)
	}
}

// download fetches what a link leads to as the browser would.
func (o *officer) download(link string) []byte {
	o.t.Helper()
	text := browsertest.Run(o.Browser, chromedp.Evaluate[string](fmt.Sprintf(`fetch(document.querySelector(%q).href).then(r => r.ok ? r.bytes() : Promise.reject(r.status)).then(b => b.toBase64())`, link),
		chromedp.EvalAwaitPromise))
	body, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		o.t.Fatalf("download %s: %v", link, err)
	}
	return body
}

// correct writes a file of bad rows anew with some cells changed, as somebody
// does in a spreadsheet program. It has two rows.
func correct(t *testing.T, body []byte, path string, change map[string]string) {
	t.Helper()
	book, err := sheet.Open(bytes.NewReader(body), int64(len(body)), sheet.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	name, err := book.Choose("")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]any
	for row, err := range book.Rows(name) {
		if err != nil {
			t.Fatal(err)
		}
		var cells []any
		for _, c := range row.Cells {
			text, err := c.Text()
			if err != nil {
				t.Fatal(err)
			}
			if better, ok := change[text]; ok {
				text = better
			}
			cells = append(cells, text)
		}
		rows = append(rows, cells)
	}
	if len(rows) != 3 {
		t.Fatalf("the file of bad rows has %d rows; want the headings and two", len(rows))
	}
	var headings []string
	for _, h := range rows[0] {
		headings = append(headings, h.(string))
	}
	writeSheet(t, path, headings, slices.Values(rows[1:]))
}
