package diffusion

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
)

// TestAttnStore reads the probabilities of sites and computes their means and
// token maps by hand.
func TestAttnStore(t *testing.T) {
	p := openModel(t, modelA)
	store := NewAttnStore(Cross(mapA, mapA))
	const token = 3
	s := compile(t, p, WithStore(store),
		WithLoss(func() *G.Node { return nn.Mean(store.Mean()) }),
		WithRead(func() []*G.Node {
			return append([]*G.Node{store.Mean(), store.Token(token), TokenMaps(store.Mean())}, store.Probs()...)
		}))
	var want []string
	for _, site := range p.UNet.CrossSites(sizeA, sizeA) {
		if site.H == mapA && site.W == mapA {
			want = append(want, site.Path)
		}
	}
	if diff := cmp.Diff(want, store.Paths()); diff != "" {
		t.Errorf("sites, want -, got +:\n%s", diff)
	}
	g, err := s.Grad(t.Context(), randomLatent(1), 301, encode(t, p, "a photo of a nut"))
	if err != nil {
		t.Fatal(err)
	}
	const queries, keys, heads = mapA * mapA, 77, 4
	mean := make([]float32, queries*keys)
	for _, probs := range g.Read[3:] {
		wantShape(t, "probabilities", probs, 1, heads, queries, keys)
		v := tensor.Float32s(probs)
		for row := range slices.Chunk(v, keys) {
			sum := 0.0
			for _, x := range row {
				sum += float64(x)
			}
			if math.Abs(sum-1) > 1e-5 {
				t.Fatalf("a row of probabilities adds up to %g", sum)
			}
		}
		for i, x := range v {
			mean[i%len(mean)] += x / float32(heads*len(want))
		}
	}
	near := cmpopts.EquateApprox(1e-4, 1e-6)
	if diff := cmp.Diff(mean, tensor.Float32s(g.Read[0]), near); diff != "" {
		t.Errorf("mean over sites and heads, by hand -, store +:\n%s", diff)
	}
	var one []float32
	var competing []float32
	for row := range slices.Chunk(mean, keys) {
		one = append(one, row[token])
		competing = append(competing, softmax(row[1:keys-1], 100)...)
	}
	if diff := cmp.Diff(one, tensor.Float32s(g.Read[1]), near); diff != "" {
		t.Errorf("map of token %d, by hand -, store +:\n%s", token, diff)
	}
	if diff := cmp.Diff(competing, tensor.Float32s(g.Read[2]), cmpopts.EquateApprox(1e-3, 1e-5)); diff != "" {
		t.Errorf("token maps, by hand -, TokenMaps +:\n%s", diff)
	}
}

func softmax(v []float32, factor float64) []float32 {
	out, sum := make([]float32, len(v)), 0.0
	for _, x := range v {
		sum += math.Exp(factor * float64(x))
	}
	for i, x := range v {
		out[i] = float32(math.Exp(factor*float64(x)) / sum)
	}
	return out
}

// TestSelf chooses self-attention, whose keys are positions.
func TestSelf(t *testing.T) {
	p := openModel(t, modelA)
	store := NewAttnStore(Self(mapA, mapA))
	compile(t, p, WithStore(store), WithLoss(func() *G.Node {
		for i, probs := range store.Probs() {
			if keys := probs.Shape()[3]; keys != mapA*mapA || !strings.HasSuffix(store.Paths()[i], "attn1") {
				t.Errorf("%s has %d keys, want %d", store.Paths()[i], keys, mapA*mapA)
			}
		}
		return nn.Mean(store.Mean())
	}))
	if len(store.Paths()) == 0 {
		t.Error("no site was chosen")
	}
	store.Reset()
	if len(store.Paths())+len(store.Probs()) > 0 {
		t.Error("Reset keeps the sites")
	}
}
