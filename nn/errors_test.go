package nn

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// TestClosedArena closes an arena between two operations of a program while
// another program waits for its turn.
func TestClosedArena(t *testing.T) {
	arena := NewArena()
	first, second := compile(t, twice, WithArena(arena)), compile(t, twice, WithArena(arena))
	in := map[string]*gt.Dense{"x": dense(normal(1, 6), gt.Shape{2, 3})}
	closed, waited := make(chan struct{}), make(chan error)
	ran := 0
	ctx := WithTrace(t.Context(), func(Executed) {
		if ran++; ran == 1 {
			go func() { _, err := second.Run(t.Context(), in); waited <- err }()
			go func() { arena.Close(); close(closed) }()
			for !arena.closed.Load() {
				runtime.Gosched()
			}
		}
	})
	if _, err := first.Run(ctx, in); !errors.Is(err, ErrClosed) || ran != 1 {
		t.Errorf("the running program: %v after %d operations, want ErrClosed after 1", err, ran)
	}
	if err := <-waited; !errors.Is(err, ErrClosed) {
		t.Errorf("the waiting program: %v, want ErrClosed", err)
	}
	<-closed
	if _, err := first.Run(t.Context(), in); !errors.Is(err, ErrClosed) || arena.Bytes() != 0 {
		t.Errorf("later: %v with %d bytes, want ErrClosed with none", err, arena.Bytes())
	}
	arena.Close()
}

// TestClosedProgram leaves the other programs of its arena alone.
func TestClosedProgram(t *testing.T) {
	arena := NewArena()
	first, second := compile(t, twice, WithArena(arena)), compile(t, twice, WithArena(arena))
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	in := map[string]*gt.Dense{"x": dense(normal(1, 6), gt.Shape{2, 3})}
	if _, err := first.Run(t.Context(), in); !errors.Is(err, ErrClosed) {
		t.Errorf("the closed program: %v", err)
	}
	if _, err := second.Run(t.Context(), in); err != nil {
		t.Errorf("its neighbour: %v", err)
	}
}

// TestCancelWhileWaiting gives up on an arena that another program holds.
func TestCancelWhileWaiting(t *testing.T) {
	arena := NewArena()
	p := compile(t, twice, WithArena(arena))
	if err := arena.lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := p.Run(ctx, map[string]*gt.Dense{"x": dense(normal(1, 6), gt.Shape{2, 3})})
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	arena.unlock()
}

// TestNoMemory asks for more than any machine has.
func TestNoMemory(t *testing.T) {
	if availableMemory() == 0 {
		t.Skip("this system does not say how much memory it has")
	}
	err := NewArena().reserve(1 << 46)
	if !errors.Is(err, ErrMemory) || !strings.Contains(err.Error(), "needs 262144.00 GiB") || !strings.Contains(err.Error(), "lower memory budget") {
		t.Errorf("%v, want ErrMemory with the need and what to lower", err)
	}
	_, err = Compile(newTower(t, 2).gradient, WithMemory(1000))
	if !errors.Is(err, ErrMemory) || !strings.Contains(err.Error(), "twice; allow it that") {
		t.Errorf("small budget: %v, want ErrMemory with what to allow", err)
	}
	var need float64
	if _, err := fmt.Sscanf(err.Error()[strings.Index(err.Error(), "needs"):], "needs %f KiB", &need); err != nil {
		t.Fatal(err)
	}
	if _, err := Compile(newTower(t, 2).gradient, WithMemory(int64(need*(1<<10)))); err != nil {
		t.Errorf("with what the error asked for: %v", err)
	}
}

// TestFileCutShort takes the memory of weights away while they are in use.
func TestFileCutShort(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file in use cannot be cut short")
	}
	const n = 256
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := tensor.Save(path, map[string]*gt.Dense{"weight": dense(normal(1, n*n), gt.Shape{n, n})}, nil); err != nil {
		t.Fatal(err)
	}
	f, err := tensor.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l := NewLinearNoBias(n, n)
	if err := Load(t.Context(), &l, f); err != nil {
		t.Fatal(err)
	}
	p := compile(t, func(b *Build) []*G.Node { return []*G.Node{l.Forward(b.Input("x", 1, 4, n))} })
	in := map[string]*gt.Dense{"x": dense(normal(2, 4*n), gt.Shape{1, 4, n})}
	if _, err := p.Run(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Run(t.Context(), in); !errors.Is(err, ErrFileLost) || !strings.Contains(err.Error(), "linear weight") {
		t.Errorf("%v, want ErrFileLost with the weight's name", err)
	}
	other := NewLinearNoBias(n, n)
	if err := Load(t.Context(), &other, f); !errors.Is(err, ErrFileLost) || !strings.Contains(err.Error(), path) {
		t.Errorf("loading: %v, want ErrFileLost with the path", err)
	}
}

// TestLoadCancelled leaves the model as it was.
func TestLoadCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l := NewLinear(2, 2)
	if err := Load(ctx, &l, fakeSource{"weight": {2, 2}, "bias": {2}}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	if l.Bias.Value() != nil {
		t.Error("a weight was set")
	}
}

// fakeSource has tensors of zeros with the given shapes.
type fakeSource map[string]gt.Shape

func (s fakeSource) Names() []string { return []string{"weight", "bias"} }

func (s fakeSource) Get(name string) (*gt.Dense, error) {
	return dense(make([]float32, s[name].TotalSize()), s[name]), nil
}

// TestEnvironment starts itself anew where the environment asks for an instruction set that there is not: no graph is
// compiled until the program has chosen another.
func TestEnvironment(t *testing.T) {
	const here, nowhere = "SDGRAPH_TEST_ENVIRONMENT", "SDGRAPH_ISA=mmx"
	if os.Getenv(here) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestEnvironment$")
		cmd.Env = append(os.Environ(), here+"=1", nowhere)
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("with %s: %v\n%s", nowhere, err, output)
		}
		return
	}
	_, err := Compile(twice)
	for _, part := range []string{"SDGRAPH_ISA", `"mmx"`, kernels.ISAs()[0], "purego"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v, want one with %s", err, part)
		}
	}
	if err := kernels.UseISA("purego"); err != nil {
		t.Fatal(err)
	}
	if _, err := Compile(twice); err != nil {
		t.Errorf("after the program chose: %v", err)
	}
}

// TestErrorsNameNoTenant looks for words of single users in what this package and its kernels can say: a graph may be
// of any network.
func TestErrorsNameNoTenant(t *testing.T) {
	tenant := regexp.MustCompile(`(?i)stable diffusion|picture|photograph|latent|prompt|unet|vae|clip\b`)
	said := 0
	for _, dir := range []string{".", "../kernels", "../kernels/cuda"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.BasicLit); ok && s.Kind == token.STRING {
					said++
					if word := tenant.FindString(s.Value); word != "" {
						t.Errorf("%s: %s names a %s", path, s.Value, word)
					}
				}
				return true
			})
		}
	}
	if said < 300 {
		t.Errorf("%d texts were looked at, want hundreds", said)
	}
}
