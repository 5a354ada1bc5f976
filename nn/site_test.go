package nn

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// oneSite is a program of one attention layer of two heads, "attn", whose
// inputs are q, k and v and whose output goes through a projection.
func oneSite(b *Build, in G.Nodes) *G.Node {
	return Affine(b.Attend(Site{Path: "attn", Cross: true, Heads: 2, H: 2, W: 3, Q: in[0], K: in[1], V: in[2]}), 2, 0)
}

func siteInputs() []*gt.Dense {
	return randomTensors(shapes(gt.Shape{2, 6, 4}, gt.Shape{2, 5, 4}, gt.Shape{2, 5, 4}))
}

// withHooks is oneSite's output at siteInputs.
func withHooks(t *testing.T, hooks ...Hook) []float32 {
	t.Helper()
	in := siteInputs()
	return runNumbers(t, compile(t, withInputs(oneSite, in, nil), WithHooks(hooks...)), byName(in))[0]
}

func TestHookReads(t *testing.T) {
	in := siteInputs()
	plain := withHooks(t)
	var site Site
	build := func(b *Build, in G.Nodes) *G.Node {
		y := oneSite(b, in)
		return Concat(Reshape(y, 2, 24), Reshape(site.Probs(), 2, 60))
	}
	hook := func(s *Site) {
		s.Probs()
		site = *s
	}
	got := runNumbers(t, compile(t, withInputs(build, in, nil), WithHooks(hook)), byName(in))[0]
	if site.Path != "attn" || !site.Cross || site.Heads != 2 || site.H != 2 || site.W != 3 || site.Queries() != 6 {
		t.Errorf("the hook saw the site %+v", site)
	}
	for b := range 2 {
		row := got[b*84 : (b+1)*84]
		checkClose(t, "output", row[:24], plain[b*24:(b+1)*24], 1e-5)
		for at := 24; at < 84; at += 5 {
			sum := 0.0
			for _, p := range row[at : at+5] {
				sum += float64(p)
			}
			if math.Abs(sum-1) > 1e-6 {
				t.Errorf("probabilities %v sum to %g", row[at:at+5], sum)
			}
		}
	}
}

func TestHookReplaces(t *testing.T) {
	x := numbers(t, siteInputs())
	uniform := make([]float32, 2*2*6*5)
	for i := range uniform {
		uniform[i] = 0.2
	}
	twiceAttended := func(q, k, v []float32) []float32 {
		y := attended(q, k, v, 2, 2, 6, 5, 2, false)
		for i := range y {
			y[i] *= 2
		}
		return y
	}
	scaled := func(x []float32, f float32) []float32 {
		y := slices.Clone(x)
		for i := range y {
			y[i] *= f
		}
		return y
	}
	constant := func(s *Site, v []float32, shape ...int) *G.Node {
		n := G.NewTensor(s.Q.Graph(), gt.Float32, len(shape), G.WithShape(shape...), G.WithName(fmt.Sprint("constant", len(v))))
		if err := G.Let(n, dense(v, shape)); err != nil {
			t.Fatal(err)
		}
		return n
	}
	double := func(s *Site) { s.SetProbs(Scale(s.Probs(), 2)) }
	for _, c := range []struct {
		name  string
		hooks []Hook
		want  []float32
	}{
		{"queries", []Hook{func(s *Site) { s.Q = Scale(s.Q, 3) }}, twiceAttended(scaled(x[0], 3), x[1], x[2])},
		{"keys and values", []Hook{func(s *Site) { s.K, s.V = s.V, s.K }}, twiceAttended(x[0], x[2], x[1])},
		{"values after the probabilities", []Hook{func(s *Site) { s.Probs(); s.V = Scale(s.V, -1) }}, twiceAttended(x[0], x[1], scaled(x[2], -1))},
		{"probabilities", []Hook{func(s *Site) { s.SetProbs(constant(s, uniform, 2, 2, 6, 5)) }}, twiceAttended(scaled(x[0], 0), x[1], x[2])},
		{"probabilities twice", []Hook{double, double}, scaled(twiceAttended(x[0], x[1], x[2]), 4)},
		{"queries, then probabilities", []Hook{func(s *Site) { s.Q = Scale(s.Q, 3) }, double}, scaled(twiceAttended(scaled(x[0], 3), x[1], x[2]), 2)},
		{"output", []Hook{func(s *Site) { s.SetOutput(Scale(s.Q, 0.5)) }}, x[0]},
		{"output, by the last hook", []Hook{
			func(s *Site) { s.SetOutput(s.V) }, func(s *Site) { s.SetOutput(Scale(s.Q, 0.5)) },
		}[1:], x[0]},
		{"fewer keys", []Hook{func(s *Site) {
			s.K, s.V = SlicePositions(s.K, 0, 1), SlicePositions(s.V, 0, 1)
		}}, at3(2, 6, 4, func(b, _, c int) float32 { return 2 * x[2][b*20+c] })},
	} {
		t.Run(c.name, func(t *testing.T) { checkClose(t, "output", withHooks(t, c.hooks...), c.want, 1e-5) })
	}
}

func TestHookMistakes(t *testing.T) {
	read := func(s *Site) { s.Probs() }
	for _, c := range []struct {
		name  string
		hooks []Hook
		want  string
	}{
		{"queries replaced too late", []Hook{read, func(s *Site) { s.Q = Scale(s.Q, 2) }}, "attn: a hook replaced the queries or keys after"},
		{"keys replaced too late", []Hook{read, func(s *Site) { s.K = Scale(s.K, 2) }}, "attn: a hook replaced the queries or keys after"},
		{"probabilities of another shape", []Hook{func(s *Site) { s.SetProbs(s.Q) }}, "attn: probabilities: shapes (2, 6, 4) and (2, 2, 6, 5) differ"},
		{"output of another shape", []Hook{func(s *Site) { s.SetOutput(s.K) }}, "attn: output: shapes (2, 5, 4) and (2, 6, 4) differ"},
		{"values that do not fit", []Hook{func(s *Site) { s.V = s.Q }}, "attention keys and values: shapes (2, 6, 4) and (2, 5, 4) differ"},
		{"its own panic", []Hook{func(*Site) { panic("no such token") }}, "no such token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Compile(withInputs(oneSite, siteInputs(), nil), WithHooks(c.hooks...))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// Hooks are called at every site in the order of the forward pass, each time in
// the order in which they were given.
func TestHooksAreCalledInOrder(t *testing.T) {
	w := newTower(t, 2)
	var calls []string
	hook := func(name string) Hook { return func(s *Site) { calls = append(calls, name+" "+s.Path) } }
	compile(t, w.gradient, WithHooks(hook("a")), WithHooks(hook("b")))
	want := []string{"a down.0", "b down.0", "a down.1", "b down.1", "a up.0", "b up.0", "a up.1", "b up.1"}
	if !slices.Equal(calls, want) {
		t.Errorf("hooks were called as %q, want %q", calls, want)
	}
}

// A loss on recorded probabilities is differentiated like any other value, and
// what lies behind the site it needs is neither run nor differentiated.
func TestLossOnProbabilities(t *testing.T) {
	w := newTower(t, 2)
	probs := map[string]*G.Node{}
	record := WithHooks(func(s *Site) {
		if s.Path == "down.1" {
			probs[s.Path] = s.Probs()
		}
	})
	build := func(b *Build, in G.Nodes) *G.Node {
		w.forward(b, in[0])
		return MeanAxis(probs["down.1"], 1)
	}
	in := randomTensors(shapes(gt.Shape{1, 16, 3}))
	checkGradAt(t, build, in, []int{0}, record)

	whole := compile(t, w.gradient).Instructions()
	part := compile(t, withInputs(build, in, []int{0}), record).Instructions()
	if part > whole/2 {
		t.Errorf("the gradient of a loss on down.1 takes %d operations, that of the whole %d", part, whole)
	}
}

func TestCausalSite(t *testing.T) {
	in := randomTensors(shapes(gt.Shape{1, 4, 6}))
	build := func(b *Build, in G.Nodes) *G.Node {
		return b.AttendCausal(Site{Path: "text", Heads: 2, Q: in[0], K: in[0], V: in[0]})
	}
	x := numbers(t, in)[0]
	want := attended(x, x, x, 1, 2, 4, 4, 3, true)
	read := WithHooks(func(s *Site) { s.Probs() })
	checkClose(t, "without a hook", runNumbers(t, compile(t, withInputs(build, in, nil)), byName(in))[0], want, 1e-5)
	checkClose(t, "with a hook", runNumbers(t, compile(t, withInputs(build, in, nil), read), byName(in))[0], want, 1e-5)
}
