package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"hearth/adapters/localpg"
	"hearth/adapters/natsserver"
	"hearth/domain"
)

// A job is a command that touches data. It runs in the process that holds the
// state folder: in the service, over a socket that only its user may open, or
// in the command's own process when no service runs. Either way it is the same
// function.
type job func(ctx context.Context, app *App, in json.RawMessage, body io.Reader, r report) error

// report is how a job talks to the person who started it.
type report interface {
	Line(format string, args ...any)
	Progress(progress)
	// File hands over a file that the job made, such as the rows to be corrected.
	File(name string, data []byte)
}

type progress struct {
	Label string        `json:"label"`
	Done  int64         `json:"done"`
	Total int64         `json:"total"`
	Rate  float64       `json:"rate"` // per second
	Left  time.Duration `json:"left"`
}

// message is one line of the answer on the socket.
type message struct {
	Line     string            `json:"line,omitempty"`
	Progress *progress         `json:"progress,omitempty"`
	File     string            `json:"file,omitempty"`
	Data     []byte            `json:"data,omitempty"`
	Reject   *domain.Rejection `json:"reject,omitempty"`
	Error    string            `json:"error,omitempty"`
	Done     bool              `json:"done,omitempty"`
}

// asJob gives a job a typed input.
func asJob[In any](run func(context.Context, *App, In, io.Reader, report) error) job {
	return func(ctx context.Context, app *App, raw json.RawMessage, body io.Reader, r report) error {
		var in In
		if err := json.Unmarshal(raw, &in); err != nil {
			return fmt.Errorf("input of the job: %w", err)
		}
		return run(ctx, app, in, body, r)
	}
}

const inputHeader = "Hearth-Input"

// controlPath is the socket of the service. Socket paths end at 107 bytes; a
// longer one is replaced by a link of the same folder.
func controlPath(state string) string { return filepath.Join(state, "control.sock") }

// jobGrace is how long jobs may take to end when the service stops: the short
// ones do, and the long ones go on where they were when they are run again.
const jobGrace = time.Second

// listenControl serves the jobs to commands on this machine until ctx ends.
func listenControl(ctx context.Context, app *App, state string) (func(), error) {
	dir, err := os.OpenRoot(state)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	if err := dir.Remove("control.sock"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	// The folder lock is ours, so nobody else listens here.
	path, done, err := shortPath(state)
	if err != nil {
		return nil, err
	}
	defer done()
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	var running sync.WaitGroup
	mux := http.NewServeMux()
	mux.HandleFunc("POST /jobs/{name}", func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Done()
		serveJob(app, w, r)
	})
	jobs, endJobs := context.WithCancel(ctx)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return jobs }}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			slog.ErrorContext(ctx, "control socket ended", "err", err)
		}
	}()
	return func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), jobGrace)
		defer cancel()
		_ = srv.Shutdown(stop) // jobs that are not done by now are ended
		endJobs()
		running.Wait()
		srv.Close()
		<-ended
	}, nil
}

// shortPath names the socket by a path of fewer than 107 bytes: through a link
// to the state folder when its own path is too long.
func shortPath(state string) (path string, done func(), err error) {
	path = controlPath(state)
	if len(path) < 107 {
		return path, func() {}, nil
	}
	tmp, err := os.MkdirTemp("", "hearth")
	if err != nil {
		return "", nil, err
	}
	done = func() { os.RemoveAll(tmp) }
	abs, err := filepath.Abs(state)
	if err == nil {
		err = os.Symlink(abs, filepath.Join(tmp, "s"))
	}
	if err != nil {
		done()
		return "", nil, err
	}
	return filepath.Join(tmp, "s", "control.sock"), done, nil
}

func serveJob(app *App, w http.ResponseWriter, r *http.Request) {
	run, ok := jobs()[r.PathValue("name")]
	if !ok {
		http.Error(w, "正在运行的服务没有这个命令,它的版本可能不同。请重新启动服务后再试", http.StatusNotFound)
		return
	}
	rc := http.NewResponseController(w)
	if err := rc.EnableFullDuplex(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	out := &wire{enc: json.NewEncoder(w), flush: rc.Flush}
	err := run(r.Context(), app, json.RawMessage(r.Header.Get(inputHeader)), r.Body, out)
	err = interrupted(r.Context(), err)
	// What the job did not read is read before it is answered: with full duplex
	// the server would otherwise read on beside its look for the next request.
	_, _ = io.Copy(io.Discard, r.Body)
	last := message{Done: true}
	var no *domain.Rejection
	switch {
	case errors.As(err, &no):
		last.Reject = no
	case err != nil:
		last.Error = err.Error()
	}
	out.send(last)
}

// wire is the report of a job that runs for another process.
type wire struct {
	enc   *json.Encoder
	flush func() error
}

// send drops what can't be sent: the job's context ends when its caller is gone.
func (w *wire) send(m message) {
	if w.enc.Encode(m) == nil {
		_ = w.flush()
	}
}

func (w *wire) Line(format string, args ...any) { w.send(message{Line: fmt.Sprintf(format, args...)}) }
func (w *wire) Progress(p progress)             { w.send(message{Progress: &p}) }
func (w *wire) File(name string, data []byte)   { w.send(message{File: name, Data: data}) }

// tries is how often a job looks for a service on a folder that is in use: one
// that is just starting does not answer yet. Each try takes two seconds.
const tries = 5

// runJob runs a job where the data are: in the running service, or here.
func runJob(ctx context.Context, cfg config, name string, in any, body io.Reader, r report) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	if body == nil {
		body = bytes.NewReader(nil)
	}
	for n := 1; ; n++ {
		if !cfg.external() {
			answered, err := askService(ctx, cfg.State, name, raw, body, r)
			if answered {
				return interrupted(ctx, err)
			}
		}
		app, err := openApp(ctx, cfg)
		if inUse := errors.Is(err, natsserver.ErrInUse) || errors.Is(err, localpg.ErrInUse); inUse && n < tries {
			continue
		}
		if err != nil {
			return err
		}
		defer app.Close()
		return interrupted(ctx, jobs()[name](ctx, app, raw, body, r))
	}
}

// interrupted says in words that a job was ended before it was done.
func interrupted(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return domain.Reject("interrupted", "没有办完就停止了。请再运行一次,不会重复。")
}

// askService reports whether a service answered, and what the job said.
func askService(ctx context.Context, state, name string, in json.RawMessage, body io.Reader, r report) (bool, error) {
	path, done, err := shortPath(state)
	if err != nil {
		return false, err
	}
	defer done()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", path)
	}
	conn, err := dial(ctx, "", "")
	if err != nil {
		return false, nil // nobody listens: the job runs in this process
	}
	conn.Close()
	client := &http.Client{Transport: &http.Transport{DialContext: dial}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://service/jobs/"+name, body)
	if err != nil {
		return true, err
	}
	req.Header.Set(inputHeader, string(in))
	resp, err := client.Do(req)
	if err != nil {
		return true, fmt.Errorf("running service: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return true, fmt.Errorf("running service: %s", bytes.TrimSpace(text))
	}
	return true, relay(json.NewDecoder(resp.Body), r)
}

// relay passes on what a job in another process says.
func relay(dec *json.Decoder, r report) error {
	for {
		var m message
		if err := dec.Decode(&m); err != nil {
			return domain.Reject("interrupted", "服务在办完之前停止了(%v)。请再运行一次,不会重复。", err)
		}
		switch {
		case m.Reject != nil:
			return m.Reject
		case m.Error != "":
			return errors.New(m.Error)
		case m.Done:
			return nil
		case m.Progress != nil:
			r.Progress(*m.Progress)
		case m.File != "":
			r.File(m.File, m.Data)
		default:
			r.Line("%s", m.Line)
		}
	}
}
