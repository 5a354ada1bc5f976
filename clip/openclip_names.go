package clip

import (
	"fmt"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// openCLIPSource has the weights of an open_clip checkpoint under the names of transformers, which are this package's.
// Queries, keys and values, which open_clip keeps in one matrix, come apart; the two projections are transposed.
type openCLIPSource struct {
	nn.Source
	of map[string]openCLIPWeight
}

// openCLIPWeight is where a weight is to be found.
type openCLIPWeight struct {
	name string // in the checkpoint
	part int    // 1 to 3 of three equal parts; 0 for all
	turn bool   // transposed
}

// openCLIPNames returns src under the names of transformers. What it does not know keeps its name.
func openCLIPNames(src nn.Source) openCLIPSource {
	s := openCLIPSource{src, map[string]openCLIPWeight{}}
	for _, name := range src.Names() {
		to := fromOpenCLIP(name)
		if before, kind, packed := strings.Cut(to, ".self_attn.in_proj_"); packed {
			for i, part := range []string{"q", "k", "v"} {
				s.of[fmt.Sprintf("%s.self_attn.%s_proj.%s", before, part, kind)] = openCLIPWeight{name: name, part: i + 1}
			}
			continue
		}
		s.of[to] = openCLIPWeight{name: name, turn: name == "visual.proj" || name == "text_projection"}
	}
	return s
}

// Whole names, and the beginnings and middles of others.
var (
	openCLIPWhole = map[string]string{
		"visual.class_embedding":      "vision_model.embeddings.class_embedding",
		"visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
		"visual.conv1.weight":         "vision_model.embeddings.patch_embedding.weight",
		"visual.proj":                 "visual_projection.weight",
		"token_embedding.weight":      "text_model.embeddings.token_embedding.weight",
		"positional_embedding":        "text_model.embeddings.position_embedding.weight",
		"text_projection":             "text_projection.weight",
	}
	openCLIPBegins = [][2]string{
		{"visual.transformer.resblocks.", "vision_model.encoder.layers."},
		{"visual.ln_pre.", "vision_model.pre_layrnorm."},
		{"visual.ln_post.", "vision_model.post_layernorm."},
		{"transformer.resblocks.", "text_model.encoder.layers."},
		{"ln_final.", "text_model.final_layer_norm."},
	}
	openCLIPMiddle = strings.NewReplacer(".ln_1.", ".layer_norm1.", ".ln_2.", ".layer_norm2.", ".attn.", ".self_attn.", ".mlp.c_fc.", ".mlp.fc1.", ".mlp.c_proj.", ".mlp.fc2.")
)

func fromOpenCLIP(name string) string {
	if to, ok := openCLIPWhole[name]; ok {
		return to
	}
	for _, b := range openCLIPBegins {
		if rest, ok := strings.CutPrefix(name, b[0]); ok {
			return b[1] + openCLIPMiddle.Replace(rest)
		}
	}
	return name
}

// Names is part of nn.Source.
func (s openCLIPSource) Names() []string { return sortedKeys(s.of) }

// Get is part of nn.Source. Parts lie in the checkpoint's own memory.
func (s openCLIPSource) Get(name string) (*gt.Dense, error) {
	w, ok := s.of[name]
	if !ok {
		w.name = name
	}
	d, err := s.Source.Get(w.name)
	switch {
	case err != nil:
		return nil, err
	case w.part > 0:
		if d.Dims() == 0 || d.Shape()[0]%3 != 0 {
			return nil, fmt.Errorf("%s: shape %v, want queries, keys and values, three times as many rows as channels%.0w", w.name, d.Shape(), tensor.ErrDamaged)
		}
		n := d.Shape()[0] / 3
		return tensor.Rows(d, (w.part-1)*n, w.part*n), nil
	case w.turn && d.Dims() == 2:
		return transposed(d), nil
	}
	return d, nil
}

// Forget lets a mapped file have the memory of a tensor back.
func (s openCLIPSource) Forget(name string) {
	if f, ok := s.Source.(interface{ Forget(name string) }); ok {
		f.Forget(s.of[name].name)
	}
}

// Paths are those of the files, for errors.
func (s openCLIPSource) Paths() []string {
	if f, ok := s.Source.(interface{ Paths() []string }); ok {
		return f.Paths()
	}
	return nil
}

// transposed is a copy of a matrix, in its dtype.
func transposed(d *gt.Dense) *gt.Dense {
	rows, columns, v := d.Shape()[0], d.Shape()[1], tensor.Float32s(d)
	out := make([]float32, len(v))
	for i := range rows {
		for j := range columns {
			out[j*rows+i] = v[i*columns+j]
		}
	}
	return tensor.FromFloat32sAs(d.Dtype(), out, columns, rows)
}
