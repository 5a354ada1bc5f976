package clip

import (
	"fmt"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
)

// openCLIPNames returns an open_clip checkpoint under the names of transformers, which are this package's. Queries, keys
// and values, which open_clip keeps in one matrix, come apart; the two projections are transposed. What is not known keeps
// its name.
func openCLIPNames(src nn.Source) nn.Source {
	of := map[string]nn.Piece{}
	for _, name := range src.Names() {
		to := fromOpenCLIP(name)
		before, kind, packed := strings.Cut(to, ".self_attn.in_proj_")
		if !packed {
			of[to] = nn.Piece{Name: name, Transposed: name == "visual.proj" || name == "text_projection"}
			continue
		}
		for i, part := range []string{"q", "k", "v"} {
			of[fmt.Sprintf("%s.self_attn.%s_proj.%s", before, part, kind)] = nn.Piece{Name: name, Part: i, Parts: 3}
		}
	}
	return nn.Pieces(src, of)
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
