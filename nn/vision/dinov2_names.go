package vision

import (
	"fmt"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
)

// What transformers calls the layers of the official files and of timm's, which differ in registers alone, their name and
// that the class has no position there: outside the blocks, and within one.
var (
	dinoOutside = map[string]string{
		"cls_token": "embeddings.cls_token", "mask_token": "embeddings.mask_token", "pos_embed": "embeddings.position_embeddings",
		"register_tokens": "embeddings.register_tokens", "reg_token": "embeddings.register_tokens",
		"patch_embed.proj.weight": "embeddings.patch_embeddings.projection.weight", "patch_embed.proj.bias": "embeddings.patch_embeddings.projection.bias",
		"norm.weight": "layernorm.weight", "norm.bias": "layernorm.bias",
	}
	dinoWithin = strings.NewReplacer("attn.proj.", "attention.output.dense.", "ls1.gamma", "layer_scale1.lambda1", "ls2.gamma", "layer_scale2.lambda1")
)

// dinoNames returns a checkpoint under the names of transformers, if it has those of the official files, in which queries,
// keys and values are one matrix; else src as it is.
func dinoNames(src nn.Source) nn.Source {
	if src == nil || !isOfficialDINO(src.Names()) {
		return src
	}
	of := map[string]nn.Piece{}
	for _, name := range src.Names() {
		rest, block := strings.CutPrefix(name, "blocks.")
		number, layer, ok := strings.Cut(rest, ".")
		switch kind, packed := strings.CutPrefix(layer, "attn.qkv."); {
		case block && ok && packed:
			for i, part := range []string{"query", "key", "value"} {
				of[fmt.Sprintf("encoder.layer.%s.attention.attention.%s.%s", number, part, kind)] = nn.Piece{Name: name, Part: i, Parts: 3}
			}
		case block && ok:
			of["encoder.layer."+number+"."+dinoWithin.Replace(layer)] = nn.Piece{Name: name}
		case dinoOutside[name] != "":
			of[dinoOutside[name]] = nn.Piece{Name: name}
		default:
			of[name] = nn.Piece{Name: name}
		}
	}
	return nn.Pieces(src, of)
}

// isOfficialDINO tells DINOv2's names from those of other vision transformers by the layer scale.
func isOfficialDINO(names []string) bool {
	has := map[string]bool{}
	for _, n := range names {
		has[n] = true
	}
	return has["patch_embed.proj.weight"] && has["blocks.0.ls1.gamma"]
}

// dino names a DINOv2 by its class token, or "" for what is none.
func dino(src nn.Source, has func(string) bool) string {
	token, registers := "", false
	switch {
	case has("encoder.layer.0.layer_scale1.lambda1") && has("embeddings.cls_token"):
		token, registers = "embeddings.cls_token", has("embeddings.register_tokens")
	case has("blocks.0.ls1.gamma") && has("cls_token"):
		token, registers = "cls_token", has("register_tokens") || has("reg_token")
	default:
		return ""
	}
	d, err := src.Get(token)
	if err != nil || d == nil || d.Dims() == 0 {
		return ""
	}
	return dinoName(d.Shape()[d.Dims()-1], registers)
}
