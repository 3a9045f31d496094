// Package rig is what the lines of the scoreboard have in common: how a line is
// described and counted, and a place to work in that leaves nothing behind:
// processes that end with their parent, file systems of their own, programs that
// are built, also from sources that were broken on purpose.
//
// Read Line first, then Env.
package rig

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Line is one line of the scoreboard: something that must hold, and a rig that
// tries to break it.
type Line struct {
	Name string
	// Invariant is what must hold, as a sentence of the table.
	Invariant string
	// Run tries. An error says that the rig itself could not work, which fails
	// the line as well.
	Run func(ctx context.Context, env *Env) (*Result, error)
}

// Result is what a line counted.
type Result struct {
	// Rounds is how often the fault was caused.
	Rounds int
	// Problems say how the invariant was broken.
	Problems []string
	counts   []count
}

type count struct {
	name string
	n    int64
}

// Add adds to a count.
func (r *Result) Add(name string, n int) {
	i := slices.IndexFunc(r.counts, func(c count) bool { return c.name == name })
	if i < 0 {
		i, r.counts = len(r.counts), append(r.counts, count{name: name})
	}
	r.counts[i].n += int64(n)
}

// AtLeast raises a count to n.
func (r *Result) AtLeast(name string, n int) { r.Add(name, max(0, n-int(r.Count(name)))) }

// Count is the state of a count.
func (r *Result) Count(name string) int64 {
	for _, c := range r.counts {
		if c.name == name {
			return c.n
		}
	}
	return 0
}

// Problem notes that the invariant was broken.
func (r *Result) Problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// String is what was counted, in words.
func (r *Result) String() string {
	var words []string
	for _, c := range r.counts {
		words = append(words, fmt.Sprintf("%s %d", c.name, c.n))
	}
	return strings.Join(words, ", ")
}

// Env is where the rigs work.
type Env struct {
	// Pace is how many rounds the lines do.
	Pace Pace
	// Seed is what all that is random begins with.
	Seed uint64
	// Root is the folder of the sources.
	Root string
	// Dir is a folder that is removed in the end.
	Dir string
	// Self is this program, which is also the child that writes.
	Self string
	// Out gets the progress.
	Out io.Writer

	start  chan starting
	shared map[string]any // by name; used by one line at a time

	mu      sync.Mutex
	closers []func() // guarded by mu
	number  int      // of the next folder; guarded by mu
}

// Pace is how many rounds the lines do.
type Pace int

// The paces: one round to see that a rig works, the few of a minute, the many of
// a night.
const (
	Once Pace = iota
	Short
	Long
)

// String is the pace as the table tells it.
func (p Pace) String() string { return [...]string{"once", "short", "long"}[p] }

// New makes an Env. root is the folder of the sources, self the program whose
// hidden commands are the children.
func New(root, self string, pace Pace, out io.Writer) (*Env, error) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // the toxics log by themselves
	dir, err := os.MkdirTemp("", "scoreboard")
	if err != nil {
		return nil, err
	}
	env := &Env{Pace: pace, Root: root, Dir: dir, Self: self, Out: out, start: make(chan starting), shared: map[string]any{}}
	env.onClose(func() { os.RemoveAll(dir) })
	go env.starter()
	return env, nil
}

// Close gives back what the lines took, last taken first.
func (e *Env) Close() {
	e.mu.Lock()
	closers := e.closers
	e.closers = nil
	e.mu.Unlock()
	for i := len(closers) - 1; i >= 0; i-- {
		closers[i]()
	}
	close(e.start)
}

func (e *Env) onClose(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closers = append(e.closers, f)
}

// Shared makes something once for all lines that ask for it by the same name. A
// failure is made again.
func Shared[T any](e *Env, name string, fresh func() (T, error)) (T, error) {
	if made, ok := e.shared[name]; ok {
		return made.(T), nil
	}
	made, err := fresh()
	if err == nil {
		e.shared[name] = made
	}
	return made, err
}

// NewDir makes a fresh folder.
func (e *Env) NewDir(name string) (string, error) {
	e.mu.Lock()
	e.number++
	dir := filepath.Join(e.Dir, fmt.Sprintf("%s-%d", name, e.number))
	e.mu.Unlock()
	return dir, os.MkdirAll(dir, 0o755)
}

// Rounds is how many rounds a line does.
func (e *Env) Rounds(short, long int) int {
	switch e.Pace {
	case Once:
		return 1
	case Long:
		return long
	}
	return short
}

// Random is the random numbers of a round: the same again for the same seed.
func (e *Env) Random(round int) *rand.Rand { return rand.New(rand.NewPCG(e.Seed, uint64(round))) }

// Log tells the progress.
func (e *Env) Log(format string, args ...any) { fmt.Fprintf(e.Out, "  "+format+"\n", args...) }

// Patience is how long a rig waits for what must happen.
const Patience = 60 * time.Second

// Until polls until ok or until Patience is over.
func Until(ctx context.Context, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until %s: %w", what, ctx.Err())
		}
	}
	return nil
}
