package nn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// doubled is a graph of 2·x + y for inputs of any shape, and counts how often it is built.
type doubled struct {
	mu    sync.Mutex
	built []gt.Shape
}

func (d *doubled) build(b *Build) []*G.Node {
	x, y := b.Given("x"), b.Given("y")
	d.mu.Lock()
	defer d.mu.Unlock()
	d.built = append(d.built, x.Shape().Clone())
	return []*G.Node{Add(Scale(x, 2), y)}
}

// ramp is 0, 1, … plus from, of a shape.
func ramp(from float32, shape ...int) *gt.Dense {
	v := make([]float32, gt.Shape(shape).TotalSize())
	for i := range v {
		v[i] = from + float32(i)
	}
	return dense(v, shape)
}

// run runs e on ramps and compares.
func (d *doubled) run(e *Exec, shape ...int) error {
	out, err := e.Run(context.Background(), map[string]*gt.Dense{"x": ramp(1, shape...), "y": ramp(10, shape...)})
	if err != nil {
		return err
	}
	if len(out) != 1 || !slices.Equal(out[0].Shape(), shape) {
		return fmt.Errorf("%d outputs, the first of shape %v, want one of %v", len(out), out[0].Shape(), shape)
	}
	for i, v := range out[0].Data().([]float32) {
		if want := float32(12 + 3*i); v != want {
			return fmt.Errorf("number %d of shape %v is %g, want %g", i, shape, v, want)
		}
	}
	return nil
}

// TestExec compiles once for each combination of shapes.
func TestExec(t *testing.T) {
	var d doubled
	e := NewExec(d.build)
	for _, shape := range [][]int{{2, 3}, {3, 2}, {6}, {2, 3}, {6}, {3, 2}} {
		if err := d.run(e, shape...); err != nil {
			t.Error(err)
		}
	}
	if want := []gt.Shape{{2, 3}, {3, 2}, {6}}; !slices.EqualFunc(d.built, want, gt.Shape.Eq) {
		t.Errorf("graphs were built for %v, want %v", d.built, want)
	}
	shapes := map[string]gt.Shape{"x": {2, 3}, "y": {2, 3}}
	p, err := e.Program(shapes)
	if err != nil || len(d.built) != 3 {
		t.Fatalf("the program of a shape that was there: %v, %d graphs were built", err, len(d.built))
	}
	if in := p.Inputs(); len(in) != 2 || !in["x"].Eq(shapes["x"]) || !in["y"].Eq(shapes["y"]) {
		t.Errorf("its inputs are %v, want %v", in, shapes)
	}
}

// TestExecKeepsUsed keeps the programs that were used last, and no more than the bound.
func TestExecKeepsUsed(t *testing.T) {
	var d doubled
	e := NewExec(d.build)
	program := func(n int) *Program {
		p, err := e.Program(map[string]gt.Shape{"x": {n}, "y": {n}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := program(1)
	for n := 2; n <= 3*mostPrograms; n++ {
		program(n)
		if program(1) != first {
			t.Fatalf("a program that is used all the time was compiled again after %d others", n-1)
		}
	}
	if len(e.programs) != mostPrograms || len(e.used) != mostPrograms {
		t.Errorf("%d programs are kept under %d keys, want %d", len(e.programs), len(e.used), mostPrograms)
	}
	if len(d.built) != 3*mostPrograms {
		t.Errorf("%d compilations of %d programs", len(d.built), 3*mostPrograms)
	}
	if program(2); len(d.built) != 3*mostPrograms+1 {
		t.Error("the program that was not used for longest is still there")
	}
}

// TestExecConcurrently has many goroutines run one Exec at once, on shapes that are new to it.
func TestExecConcurrently(t *testing.T) {
	var d doubled
	var arena = NewArena()
	e := NewExec(d.build, WithArena(arena))
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if err := d.run(e, 1+i%4, 5); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(d.built) != 4 {
		t.Errorf("%d graphs were built for 4 shapes", len(d.built))
	}
	if arena.Bytes() == 0 {
		t.Error("nothing ran in the arena that was given")
	}
	arena.Close()
	if err := d.run(e, 1, 5); !errors.Is(err, ErrClosed) {
		t.Errorf("in a closed arena: %v, want ErrClosed", err)
	}
}

// TestExecOptions compiles with the options that it was given, each time.
func TestExecOptions(t *testing.T) {
	var paths []string
	e := NewExec(func(b *Build) []*G.Node {
		x := b.Given("x")
		y := b.Block(func() *G.Node { return SiLU(SiLU(b.Attend(Site{Path: "site", Heads: 1, Q: x, K: x, V: x}))) })
		return b.Grad(Mean(SiLU(y)), x)
	}, WithHooks(func(s *Site) { paths = append(paths, fmt.Sprint(s.Path, s.Q.Shape())) }), WithMemory(1))
	_, err := e.Program(map[string]gt.Shape{"x": {1, 4, 8}})
	if !errors.Is(err, ErrMemory) || !slices.Equal(paths, []string{"site(1, 4, 8)"}) {
		t.Errorf("hooks were called at %v, error %v, want one site and ErrMemory", paths, err)
	}
	if _, err = e.Program(map[string]gt.Shape{"x": {1, 2, 8}}); !errors.Is(err, ErrMemory) || len(paths) != 2 {
		t.Errorf("of another shape: hooks were called at %v, error %v", paths, err)
	}
}

// TestExecCompiler lets another function compile, or refuse to.
func TestExecCompiler(t *testing.T) {
	refused := errors.New("not today")
	var refuse bool
	compiled := 0
	var d doubled
	e := NewExec(d.build, WithCompiler(func(build func(*Build) []*G.Node, opts ...Option) (*Program, error) {
		if refuse {
			return nil, refused
		}
		compiled++
		return Compile(build, opts...)
	}))
	for range 2 {
		if err := d.run(e, 3); err != nil {
			t.Fatal(err)
		}
	}
	refuse = true
	if err := d.run(e, 4); !errors.Is(err, refused) {
		t.Errorf("error %v, want the compiler's", err)
	}
	if err := d.run(e, 3); err != nil {
		t.Errorf("what was compiled before: %v", err)
	}
	refuse = false
	if err := d.run(e, 4); err != nil || compiled != 2 {
		t.Errorf("after the refusal: %v, %d compilations, want 2", err, compiled)
	}
}

func TestExecMistakes(t *testing.T) {
	var d doubled
	x := ramp(0, 2)
	done, cancel := context.WithCancel(context.Background())
	cancel()
	var none context.Context
	for _, c := range []struct {
		name string
		ctx  context.Context
		e    *Exec
		in   map[string]*gt.Dense
		want string
	}{
		{"no builder", t.Context(), NewExec(nil), nil, "there is nothing that builds the graph: the function is nil"},
		{"no inputs", t.Context(), NewExec(d.build), nil, `the graph takes an input "x" and was given []`},
		{"too few inputs", t.Context(), NewExec(d.build), map[string]*gt.Dense{"x": x}, `the graph takes an input "y" and was given ["x"]`},
		{"too many inputs", t.Context(), NewExec(d.build), map[string]*gt.Dense{"x": x, "y": x, "z": x}, `the graph has no input "z"; it has ["x" "y"]`},
		{"a nil input", t.Context(), NewExec(d.build), map[string]*gt.Dense{"x": x, "y": nil}, `input "y" is nil`},
		{"another type", t.Context(), NewExec(d.build), map[string]*gt.Dense{"x": x, "y": gt.New(gt.WithShape(2), gt.WithBacking(make([]float64, 2)))}, `input "y" is float64, want float32`},
		{"shapes that do not fit", t.Context(), NewExec(d.build), map[string]*gt.Dense{"x": x, "y": ramp(0, 3)}, "add: shapes (2) and (3) differ"},
		{"no context", none, NewExec(d.build), map[string]*gt.Dense{"x": x, "y": x}, "the context is nil"},
		{"cancelled", done, NewExec(nil), map[string]*gt.Dense{"x": x, "y": x}, context.Canceled.Error()},
	} {
		for range 2 { // a mistake is not kept
			if _, err := c.e.Run(c.ctx, c.in); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
			}
		}
	}
	_, err := Compile(func(b *Build) []*G.Node { return []*G.Node{b.Given("x")} })
	if err == nil || !strings.Contains(err.Error(), `takes an input "x" and was given []`) {
		t.Errorf("a given input outside of an Exec: %v", err)
	}
}
