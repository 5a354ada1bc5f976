package nn

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Exec is a graph for inputs of any shape. It is compiled when inputs of new shapes
// come, and keeps the programs that were used last:
//
//	decode := nn.NewExec(func(b *nn.Build) []*gorgonia.Node {
//		return []*gorgonia.Node{model.Decode(b, b.Given("z"))}
//	})
//	out, err := decode.Run(ctx, map[string]*tensor.Dense{"z": z})
//
// Its methods may be called by several goroutines, which take turns: its programs
// share an arena.
type Exec struct {
	build   func(*Build) []*G.Node
	opts    []Option
	compile Compiler

	mu       sync.Mutex
	programs map[string]*Program // by their inputs' shapes
	used     []string            // their keys, the last one used at the end
}

// mostPrograms is how many programs an Exec keeps: more than work of one size
// and its neighbours needs, few enough for inputs of any number of sizes.
const mostPrograms = 32

// Compiler makes a program of a graph, as Compile does.
type Compiler func(build func(*Build) []*G.Node, opts ...Option) (*Program, error)

// WithCompiler makes an Exec compile with c, which may refuse to, or log what it
// did, and otherwise calls Compile (default: Compile, which ignores this option).
func WithCompiler(c Compiler) Option { return func(o *options) { o.compiler = c } }

// NewExec returns an Exec of the graph that build writes down, with the options of
// Compile. build is called for each combination of the inputs' shapes, and asks for
// an input with Build.Given. Without WithArena, the programs share an arena of
// their own.
func NewExec(build func(*Build) []*G.Node, opts ...Option) *Exec {
	e := &Exec{build: build, opts: slices.Clone(opts), compile: Compile, programs: map[string]*Program{}}
	o := optionsOf(opts)
	if o.arena == nil {
		e.opts = append(e.opts, WithArena(NewArena()))
	}
	if o.compiler != nil {
		e.compile = o.compiler
	}
	return e
}

// Run runs the graph on all of its inputs, by name, and returns what Program.Run
// does. An input that is missing, nil or unknown to the graph is an error, and so
// is what Compile refuses.
func (e *Exec) Run(ctx context.Context, inputs map[string]*gt.Dense) ([]*gt.Dense, error) {
	if err := checkContext(ctx); err != nil {
		return nil, err
	}
	shapes := map[string]gt.Shape{}
	for name, d := range inputs {
		if d == nil {
			return nil, fmt.Errorf("nn: input %q is nil%.0w", name, ErrArgument)
		}
		shapes[name] = d.Shape()
	}
	p, err := e.Program(shapes)
	if err != nil {
		return nil, err
	}
	return p.Run(ctx, inputs)
}

// Program returns the program for inputs of these shapes, by name. It compiles it
// unless it has it. Call it to learn what a run takes, or of a mistake in the
// graph, before there are inputs.
func (e *Exec) Program(shapes map[string]gt.Shape) (*Program, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := keyOf(shapes)
	p := e.programs[key]
	if p == nil {
		var err error
		if p, err = e.compile(e.build, append(slices.Clip(e.opts), withGiven(shapes))...); err != nil {
			return nil, err
		}
		if len(e.used) >= mostPrograms {
			delete(e.programs, e.used[0]) // it ends with its last run
			e.used = e.used[1:]
		}
		e.programs[key] = p
	}
	e.used = append(slices.DeleteFunc(e.used, func(k string) bool { return k == key }), key)
	return p, nil
}

// keyOf tells combinations of shapes apart.
func keyOf(shapes map[string]gt.Shape) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		fmt.Fprintf(&b, "%q%v", name, []int(shapes[name]))
	}
	return b.String()
}

// withGiven says which shapes Build.Given has.
func withGiven(shapes map[string]gt.Shape) Option {
	given := make(map[string]gt.Shape, len(shapes))
	for name, s := range shapes {
		given[name] = s.Clone()
	}
	return func(o *options) { o.given = given }
}

// Given adds an input, as Input does, of the shape that Exec.Run or Exec.Program was
// given under that name. It panics where there is none, such as in a graph that is
// given to Compile itself.
func (b *Build) Given(name string) *G.Node {
	shape, ok := b.given[name]
	if !ok {
		panic(fmt.Sprintf("the graph takes an input %q and was given %q", name, slices.Sorted(maps.Keys(b.given))))
	}
	return b.Input(name, shape...)
}

// checkGiven refuses inputs that were given and that the graph has not.
func (b *Build) checkGiven() error {
	for _, name := range slices.Sorted(maps.Keys(b.given)) {
		if b.inputs[name] == nil {
			return unknownInput(name, b.inputs)
		}
	}
	return nil
}
