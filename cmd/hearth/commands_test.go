package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"hearth/domain"
)

// TestCommands runs the same scripts while a service runs and when none does:
// every command must say the same.
func TestCommands(t *testing.T) {
	t.Parallel()
	for _, running := range []bool{true, false} {
		t.Run(fmt.Sprintf("running=%t", running), func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, testscript.Params{
				Dir: "testdata/script",
				Setup: func(env *testscript.Env) error {
					state := stateAt(t, filepath.Join(env.WorkDir, "state"))
					env.Setenv("HEARTH_STATE", state)
					if running {
						s := start(t, state).untilReady()
						env.Defer(s.end)
					}
					return os.WriteFile(filepath.Join(env.WorkDir, "notice.csv"), []byte(notice(time.Now().Year()+1)), 0o600)
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){"tokenid": tokenID, "badfiles": badFiles, "correct": correct, "spoil": spoil},
			})
		})
	}
}

// notice is what a year's holiday notice looks like; the days are made up.
func notice(year int) string {
	var b strings.Builder
	b.WriteString("来源,测试用\n")
	for name, days := range map[string][]string{
		"元旦": {"01-01"}, "春节": {"02-05", "02-06", "02-07", "02-08"}, "清明节": {"04-05"}, "劳动节": {"05-01", "05-02"},
		"端午节": {"06-09"}, "中秋节": {"09-15"}, "国庆节": {"10-01", "10-02", "10-03"},
	} {
		fmt.Fprintf(&b, "放假,%d-%s,%d-%s,%s\n", year, days[0], year, days[len(days)-1], name)
		for _, day := range days {
			fmt.Fprintf(&b, "法定,%d-%s,%s\n", year, day, name)
		}
	}
	return b.String()
}

var idOfToken = regexp.MustCompile(`令牌 ([0-9a-f-]{36})`)

// tokenID takes the id of a token from what token add said.
func tokenID(ts *testscript.TestScript, _ bool, args []string) {
	found := idOfToken.FindStringSubmatch(ts.ReadFile(args[0]))
	if found == nil {
		ts.Fatalf("no token in %s", args[0])
	}
	ts.Setenv("TOKEN", found[1])
}

func filesToCorrect(ts *testscript.TestScript) []string {
	files, err := filepath.Glob(ts.MkAbs("calls-待改正-*.csv"))
	ts.Check(err)
	return files
}

// badFiles counts the files of rows to be corrected.
func badFiles(ts *testscript.TestScript, _ bool, args []string) {
	if files := filesToCorrect(ts); fmt.Sprint(len(files)) != args[0] {
		ts.Fatalf("%d files, want %s: %v", len(files), args[0], files)
	}
}

// correct replaces a word in the first of them.
func correct(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(filesToCorrect(ts)[0])
	if !strings.Contains(text, args[0]) {
		ts.Fatalf("no %s in %q", args[0], text)
	}
	ts.Check(os.WriteFile(ts.MkAbs("corrected.csv"), []byte(strings.ReplaceAll(text, args[0], args[1])), 0o600))
}

// spoil flips a bit in the middle of a file.
func spoil(ts *testscript.TestScript, _ bool, args []string) {
	text := []byte(ts.ReadFile(args[0]))
	text[len(text)/2] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o600))
}

// TestDoctorFindsFault: a calendar that lacks the coming year, and a service that
// is not ready, are told with exit code 1.
func TestDoctorFindsFault(t *testing.T) {
	t.Parallel()
	state := newState(t)
	s := start(t, state).untilReady()
	if r := hearth(t, nil, "doctor", "--ready", s.base+"/"); r.code != 0 || r.out+r.err != "" {
		t.Errorf("ready: %+v", r)
	}
	app := &App{cfg: config{NATSURL: "nats://127.0.0.1:1"}}
	if f := app.examineNATS(t.Context()); f.good || !strings.Contains(f.text, "HEARTH_NATS_MONITOR") {
		t.Errorf("an external server that cannot be asked: %+v", f)
	}
	r := hearth(t, []string{"HEARTH_STATE=" + state}, "doctor")
	if time.Now().Month() < time.November {
		if r.code != 0 {
			t.Errorf("nothing is wrong: %+v", r)
		}
		return
	}
	mustRefuse(t, r, "有需要处理的事项")
	if want := fmt.Sprintf("注意  %d年放假通知:尚未录入", time.Now().Year()+1); !strings.Contains(r.out, want) {
		t.Errorf("the doctor does not say %q: %s", want, r.out)
	}
}

// TestLongPathAndStaleSocket: a socket path of more than 107 bytes, and a socket
// that a killed service left.
func TestLongPathAndStaleSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), strings.Repeat("很长的文件夹/", 6))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	state := stateAt(t, filepath.Join(dir, "state"))
	env := []string{"HEARTH_STATE=" + state}
	s := start(t, state).untilReady()
	// The data are locked by the service, so the answer is the service's.
	if r := hearth(t, env, "user", "list"); r.code != 0 || !strings.Contains(r.out, "caller") {
		t.Errorf("on a long path: %+v", r)
	}
	info, err := os.Stat(filepath.Join(state, "control.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v, %v; want permissions 0600", info, err)
	}
	s.kill()
	if _, err := os.Stat(filepath.Join(state, "control.sock")); err != nil {
		t.Errorf("a killed service leaves its socket: %v", err)
	}
	if r := hearth(t, env, "user", "list"); r.code != 0 || !strings.Contains(r.out, "caller") {
		t.Errorf("with a stale socket: %+v", r)
	}
	start(t, state).untilReady()
	if r := hearth(t, env, "user", "list"); r.code != 0 || !strings.Contains(r.out, "caller") {
		t.Errorf("after a stale socket: %+v", r)
	}
}

// TestCommandWhileStarting: a command that meets a service that does not answer
// yet waits for it.
func TestCommandWhileStarting(t *testing.T) {
	t.Parallel()
	state := newState(t)
	app, err := openApp(t.Context(), config{State: state, Replicas: 1})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan result, 1)
	go func() { done <- hearth(t, []string{"HEARTH_STATE=" + state}, "user", "list") }()
	stop, err := listenControl(t.Context(), app, state)
	if err != nil {
		t.Fatal(err)
	}
	r := <-done
	stop()
	app.Close()
	if r.code != 0 || !strings.Contains(r.out, "caller") {
		t.Errorf("while the service starts: %+v", r)
	}
}

// realFile is a collection of real messages, which the project does not carry.
const realFile = "../../../shared/data/public-messages.xlsx"

// TestImportWhole imports all real messages twice, or as many invented ones.
func TestImportWhole(t *testing.T) {
	t.Parallel()
	state, dir := newState(t), t.TempDir()
	s := start(t, state).untilReady()
	file, err := filepath.Abs(realFile)
	if err != nil {
		t.Fatal(err)
	}
	first, second := "登记 494 件,此前已登记 1 件", "登记 0 件,此前已登记 495 件" // one is filed twice
	if _, err := os.Stat(file); err != nil {
		t.Log("absent: ../shared/data/public-messages.xlsx; invented messages are imported instead")
		file, first = filepath.Join(dir, "invented.csv"), "登记 495 件,此前已登记 0 件"
		if err := os.WriteFile(file, []byte(invented(495)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{"HEARTH_STATE=" + state}
	for _, want := range []string{first, second} {
		r := hearth(t, env, "import", "complaints", file, "--system", "public", "--area", "jc")
		if r.code != 0 || !strings.Contains(r.out, "共 495 行:"+want+",需要改正 0 行") {
			t.Errorf("import: %+v, want %q", r, want)
		}
	}
	s.until("the cases are in the tables", func() bool { return caller(t, s).as(domain.RoleDispatcher).list("").Total >= 494 })
	all := caller(t, s).as(domain.RoleDispatcher).list("")
	gapFree(t, all.numbers(), all.Total)
}

// TestStopDuringImport: the command is told, the service ends in time, and the
// same import goes on where it was.
func TestStopDuringImport(t *testing.T) {
	t.Parallel()
	const rows = 5000
	state, file := newState(t), filepath.Join(t.TempDir(), "invented.csv")
	if err := os.WriteFile(file, []byte(invented(rows)), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"HEARTH_STATE=" + state}
	s := start(t, state).untilReady()
	told := make(chan result, 1)
	go func() { told <- hearth(t, env, "import", "complaints", file) }()
	s.until("a part is imported", func() bool { return caller(t, s).listed() > 0 })
	if code, took := s.stop(); code != 0 || took > 20*time.Second {
		t.Errorf("stopped with code %d after %s", code, took)
	}
	mustRefuse(t, <-told, "请再运行一次,不会重复")
	r := hearth(t, env, "import", "complaints", file)
	var stored, existed int
	if _, err := fmt.Sscanf(r.out, "共 5000 行:登记 %d 件,此前已登记 %d 件", &stored, &existed); err != nil || stored+existed != rows || existed == 0 {
		t.Errorf("again: %+v (%v)", r, err)
	}
	s = start(t, state).untilReady()
	s.until("all are in the tables", func() bool { return caller(t, s).listed() == rows })
}

// invented is a file of n messages.
func invented(n int) string {
	var csv strings.Builder
	csv.WriteString("编号,内容,县区\n")
	for i := range n {
		fmt.Fprintf(&csv, "%d,第%d个工地拖欠三个月工资,泽州\n", i+1, i+1)
	}
	return csv.String()
}
