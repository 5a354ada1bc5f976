package nn

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/tensor"
)

var float32Type = gt.Float32

// source is a Source in memory. A nil tensor cannot be read.
type source map[string]*gt.Dense

func (s source) Names() []string { return slices.Sorted(maps.Keys(s)) }

func (s source) Get(name string) (*gt.Dense, error) {
	if s[name] == nil {
		return nil, fmt.Errorf("tensor %q: dtype I64 cannot be read", name)
	}
	return s[name], nil
}

// counting returns a tensor of the numbers 1, 2, 3, …
func counting(dtype gt.Dtype, shape ...int) *gt.Dense {
	v := make([]float32, gt.Shape(shape).TotalSize())
	for i := range v {
		v[i] = float32(i + 1)
	}
	return tensor.FromFloat32sAs(dtype, v, shape...)
}

// fakeModel is as small as a model with a convolution, an optional part and a
// list can be.
type fakeModel struct {
	ConvIn *Weight
	Blocks []fakeLinear
	Extra  *fakeLinear
	Scale  *Weight
}

func newFakeModel() *fakeModel {
	return &fakeModel{ConvIn: NewWeight(2, 3, 1, 1), Blocks: []fakeLinear{newFakeLinear(3, 2), newFakeLinear(2, 2)}, Scale: NewWeight()}
}

// fakeCheckpoint fits newFakeModel.
func fakeCheckpoint() source {
	return source{
		"conv_in":         counting(tensor.Float16, 2, 3, 1, 1),
		"blocks.0.weight": counting(tensor.BFloat16, 2, 3),
		"blocks.0.bias":   counting(gt.Float32, 2),
		"blocks.1.weight": counting(tensor.Float16, 2, 2),
		"blocks.1.bias":   counting(tensor.Float16, 2),
		"scale":           counting(gt.Float32),
	}
}

// renamed returns a source under other names.
func renamed(s source, name func(string) string) source {
	out := source{}
	for old, d := range s {
		out[name(old)] = d
	}
	return out
}

// with returns a source with one tensor put in or, when nil, taken out.
func with(s source, name string, d *gt.Dense) source {
	s[name] = d
	if d == nil {
		delete(s, name)
	}
	return s
}

func wantLoaded(t *testing.T, m *fakeModel) {
	t.Helper()
	params, err := Params(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range params {
		if !p.Loaded() || p.Weight.Name() != p.Name {
			t.Errorf("%s: loaded is %v, the weight's name %q", p.Name, p.Loaded(), p.Weight.Name())
			continue
		}
		if !p.Value().Shape().Eq(p.Shape()) {
			t.Errorf("%s: shape %v, want %v", p.Name, p.Value().Shape(), p.Shape())
		}
		want := tensor.Float32s(counting(gt.Float32, p.Shape()...))
		if diff := cmp.Diff(want, p.Float32()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p.Name, diff)
		}
	}
}

func TestLoad(t *testing.T) {
	prefixed := func(prefix string) source {
		return renamed(fakeCheckpoint(), func(s string) string { return prefix + s })
	}
	for name, c := range map[string]struct {
		src  source
		opts []LoadOption
	}{
		"as it is":           {fakeCheckpoint(), nil},
		"prefix in the file": {prefixed("model.unet."), []LoadOption{WithPrefix("text_model."), WithPrefix("model.unet.")}},
		"prefix in neither":  {fakeCheckpoint(), []LoadOption{WithPrefix("model.unet.")}},
		"prefix in the model": {renamed(fakeCheckpoint(), func(s string) string { return strings.TrimPrefix(s, "blocks.") }),
			[]LoadOption{WithPrefix("blocks.")}},
		"renamed": {prefixed("old."), []LoadOption{WithRename(func(s string) string { return strings.TrimPrefix(s, "old.") })}},
		"renamed twice, then prefix": {prefixed("ab:cd."), []LoadOption{
			WithPrefix("cd."),
			WithRename(func(s string) string { return strings.TrimPrefix(s, "a") }),
			WithRename(func(s string) string { return strings.TrimPrefix(s, "b:") }),
		}},
		"renamed to nothing": {with(fakeCheckpoint(), "optimizer", counting(gt.Float32, 1)), []LoadOption{WithRename(func(s string) string {
			return strings.TrimPrefix(s, "optimizer")
		})}},
		"ignored":                  {with(fakeCheckpoint(), "embeddings.position_ids", counting(gt.Float32, 1)), []LoadOption{WithIgnore("other", "position_ids")}},
		"ignored by *":             {with(fakeCheckpoint(), "model_ema.decay.x", counting(gt.Float32, 1)), []LoadOption{WithIgnore("model_ema.*")}},
		"unused allowed":           {with(fakeCheckpoint(), "other", counting(gt.Float32, 1)), []LoadOption{WithUnused()}},
		"linear for a convolution": {with(fakeCheckpoint(), "conv_in", counting(gt.Float32, 2, 3)), nil},
		"convolution for a linear": {with(fakeCheckpoint(), "blocks.0.weight", counting(tensor.Float16, 2, 3, 1, 1)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := newFakeModel()
			if err := Load(t.Context(), m, c.src, c.opts...); err != nil {
				t.Fatal(err)
			}
			wantLoaded(t, m)
		})
	}
}

// TestLoadDoesNotIgnoreWhatTheModelWants keeps a careless pattern from hiding a
// weight, and leaves the source's tensor in its own shape.
func TestLoadDoesNotIgnoreWhatTheModelWants(t *testing.T) {
	src := with(fakeCheckpoint(), "conv_in", counting(gt.Float32, 2, 3))
	m := newFakeModel()
	if err := Load(t.Context(), m, src, WithIgnore("*")); err != nil {
		t.Fatal(err)
	}
	wantLoaded(t, m)
	if got := src["conv_in"].Shape(); !slices.Equal(got, gt.Shape{2, 3}) {
		t.Errorf("Load changed the source's tensor to shape %v", got)
	}
}

func TestLoadCopiesNothing(t *testing.T) {
	m, src := newFakeModel(), fakeCheckpoint()
	if err := Load(t.Context(), m, src); err != nil {
		t.Fatal(err)
	}
	if got, want := m.ConvIn.Value().Uintptr(), src["conv_in"].Uintptr(); got != want {
		t.Error("conv_in was copied")
	}
}

// TestLoadListsEverything loads a checkpoint in which nothing is right and
// compares the whole error.
func TestLoadListsEverything(t *testing.T) {
	src := source{
		"conv_in":         tensor.FromFloat32sAs(tensor.Float16, []float32{1, 2, 3, 4, float32(math.Inf(-1)), float32(math.NaN())}, 2, 3, 1, 1),
		"blocks.0.weight": counting(gt.Float32, 3, 2),
		"blocks.0.bias":   gt.New(gt.WithShape(2), gt.WithBacking([]float64{1, 2})),
		"p.scale":         counting(gt.Float32),
		"scale":           counting(gt.Float32),
		"blocks.1.bias":   nil,
		"z.other":         counting(gt.Float32, 1),
		"a.other":         counting(gt.Float32, 1),
	}
	m := newFakeModel()
	err := Load(t.Context(), m, src, WithPrefix("p."))
	want := `weights do not fit the model:
1 missing, with the shape the model needs:
  blocks.1.weight (2, 2)
2 not used by the model (WithUnused lets them be):
  a.other
  z.other
1 two tensors for one weight:
  scale: both p.scale and scale
1 of the wrong shape:
  blocks.0.weight: (3, 2), want (2, 3)
1 of the wrong dtype:
  blocks.0.bias: float64, want float32, Float16 or BF16
1 holding NaN or infinity:
  conv_in: -Inf at [1 1 0 0]
1 not readable:
  tensor "blocks.1.bias": dtype I64 cannot be read`
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if m.Scale.Loaded() || m.Scale.Name() != "" {
		t.Error("a failed Load changed the model")
	}
}

func TestLoadErrorIsCutShort(t *testing.T) {
	src := fakeCheckpoint()
	for i := range 100 {
		src[fmt.Sprintf("unused.%02d", i)] = counting(gt.Float32, 1)
	}
	err := Load(t.Context(), newFakeModel(), src)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 2+maxLines+1 || lines[1] != "100 not used by the model (WithUnused lets them be):" || lines[2] != "  unused.00" || lines[len(lines)-1] != "  and 80 more" {
		t.Errorf("got:\n%v", err)
	}
}

func TestLoadRefusesBadPatterns(t *testing.T) {
	err := Load(t.Context(), newFakeModel(), fakeCheckpoint(), WithIgnore("a["))
	if err == nil || !strings.Contains(err.Error(), `pattern "a["`) {
		t.Errorf("got %v", err)
	}
}

// TestLoadFromFile goes through a mapped file, whose tensors stay where they are.
func TestLoadFromFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := tensor.Save(path, fakeCheckpoint(), nil); err != nil {
		t.Fatal(err)
	}
	set, err := tensor.OpenSet(filepath.Dir(path), "model")
	if err != nil {
		t.Fatal(err)
	}
	m := newFakeModel()
	if err := Load(t.Context(), m, set); err != nil {
		t.Fatal(err)
	}
	wantLoaded(t, m)
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Load(t.Context(), newFakeModel(), set); err == nil || !strings.Contains(err.Error(), "closed") || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("a closed file loads: %v", err)
	}
}

func TestPosition(t *testing.T) {
	shape := gt.Shape{2, 3, 4}
	for index := range shape.TotalSize() {
		at := position(index, shape)
		if back, err := gt.Ltoi(shape, shape.CalcStrides(), at...); err != nil || back != index {
			t.Errorf("index %d is at %v, which is index %d (%v)", index, at, back, err)
		}
	}
	if got := position(0, nil); len(got) != 0 {
		t.Errorf("a scalar's number is at %v", got)
	}
}

func TestReportWithoutLinesIsNoError(t *testing.T) {
	var r report
	if err := r.err(); err != nil {
		t.Error(err)
	}
	if r.add(missing, "x"); errors.Is(r.err(), nil) {
		t.Error("a line makes no error")
	}
}

// mapped is a source that says what is forgotten.
type mapped struct {
	source
	forgotten []string
}

func (m *mapped) Forget(name string) { m.forgotten = append(m.forgotten, name) }

// TestForget wants every weight of a model forgotten that has a file, and nothing of what has none.
func TestForget(t *testing.T) {
	src, m := &mapped{source: fakeCheckpoint()}, newFakeModel()
	Forget(m) // not loaded
	if err := Load(t.Context(), m, src); err != nil {
		t.Fatal(err)
	}
	src.forgotten = nil // what was read for the check
	Forget(m)
	slices.Sort(src.forgotten)
	if diff := cmp.Diff(src.Names(), src.forgotten); diff != "" {
		t.Errorf("forgotten (-want +got):\n%s", diff)
	}
	Forget(nil)
	Forget(*m)
}
