package nn

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type fakeLinear struct{ Weight, Bias *Weight }

func newFakeLinear(in, out int) fakeLinear {
	return fakeLinear{Weight: NewWeight(out, in), Bias: NewWeight(out)}
}

// fakeBlock has every kind of field that Params knows.
type fakeBlock struct {
	fakeNorms
	*hiddenWeight
	*fakeShared
	ToQ, ToK  fakeLinear
	ToOut     *fakeLinear `weight:"to_out.0"`
	Attn1     fakeLinear
	FC1       fakeLinear
	MLPBlock  fakeLinear
	Convs     []fakeLinear
	Blocks    []*fakeLinear
	Pair      [2]fakeLinear
	Layers    []any
	Any       any
	ClassSize *Weight `weight:"class_embedding"`
	Absent    *fakeLinear
	NoWeight  *Weight
	Skipped   *fakeLinear `weight:"-"`
	Inside    fakeLinear  `weight:""`
	Heads     int
	Sizes     []int
	Name      string
	Forward   func()
	ByName    map[string]*fakeLinear
	hidden    *Weight
	again     *fakeBlock
}

type hiddenWeight = Weight // embedded, it has no name that a checkpoint could give it

type fakeNorms struct{ Norm1 fakeLinear }

type fakeShared struct{ LayerNorm1 fakeLinear }

func newFakeBlock() *fakeBlock {
	linear := func() fakeLinear { return newFakeLinear(2, 3) }
	pointer := func() *fakeLinear { l := linear(); return &l }
	b := &fakeBlock{
		fakeNorms: fakeNorms{linear()}, hiddenWeight: NewWeight(1), fakeShared: &fakeShared{linear()},
		ToQ: linear(), ToK: fakeLinear{Weight: NewWeight(3, 2)}, ToOut: pointer(), Attn1: linear(), FC1: linear(), MLPBlock: linear(),
		Convs: []fakeLinear{linear(), linear()}, Blocks: []*fakeLinear{nil, pointer()}, Pair: [2]fakeLinear{linear(), linear()},
		Layers: []any{linear(), pointer(), nil, 3}, Any: pointer(), ClassSize: NewWeight(3), Skipped: pointer(), Inside: linear(),
		Sizes: []int{1, 2}, ByName: map[string]*fakeLinear{"a": pointer()}, hidden: NewWeight(1),
	}
	b.again = b
	return b
}

func TestParams(t *testing.T) {
	params, err := Params(newFakeBlock())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range params {
		got = append(got, p.Name)
	}
	var want []string
	for _, layer := range []string{"norm1", "layer_norm1", "to_q", "to_k", "to_out.0", "attn1", "fc1", "mlp_block", "convs.0", "convs.1",
		"blocks.1", "pair.0", "pair.1", "layers.0", "layers.1", "any", "class_embedding", ""} {
		switch layer {
		case "class_embedding":
			want = append(want, layer)
		case "to_k":
			want = append(want, layer+".weight")
		default:
			want = append(want, join(layer, "weight"), join(layer, "bias"))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if params[0].Weight.Name() != "" || params[0].Loaded() {
		t.Error("Params changed the model")
	}
}

func TestParamsListsASharedPartOnce(t *testing.T) {
	shared := newFakeLinear(1, 1)
	cyclic := &struct {
		First, Second *fakeLinear
		Tied          *Weight
		Parent        any
	}{First: &shared, Second: &shared, Tied: shared.Weight}
	cyclic.Parent = cyclic
	params, err := Params(cyclic)
	if err != nil {
		t.Fatal(err)
	}
	if len(params) != 2 || params[0].Name != "first.weight" || params[1].Name != "first.bias" {
		t.Errorf("got %v", params)
	}
}

func TestParamsRefuses(t *testing.T) {
	twice := &struct {
		A *Weight `weight:"x"`
		B *Weight `weight:"x"`
	}{NewWeight(1), NewWeight(1)}
	var none *fakeBlock
	for name, c := range map[string]struct {
		model any
		want  string
	}{
		"two of one name": {twice, `two fields of the model are called "x"`},
		"a struct":        {fakeBlock{}, "model is nn.fakeBlock; want a non-nil pointer to a struct"},
		"nil":             {nil, "model is <nil>; want a non-nil pointer"},
		"nil pointer":     {none, "model is *nn.fakeBlock; want a non-nil pointer"},
		"a number":        {new(int), "model is *int; want"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Params(c.model)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if err := Load(t.Context(), c.model, source{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Load: %v, want %q", err, c.want)
			}
			if err := Randomize(c.model, 1, float32Type); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Randomize: %v, want %q", err, c.want)
			}
		})
	}
}

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"ToQ": "to_q", "Conv1": "conv1", "LayerNorm1": "layer_norm1", "FC1": "fc1", "KProj": "k_proj", "MLP": "mlp", "MLPBlock": "mlp_block",
		"DownBlocks": "down_blocks", "ConvNormOut": "conv_norm_out", "Q": "q", "TimeEmbProj": "time_emb_proj", "Conv1D": "conv1_d",
	} {
		if got := snake(name); got != want {
			t.Errorf("%s becomes %q, want %q", name, got, want)
		}
	}
}
