// Package clip holds the three parts of CLIP (Radford et al., ICML 2021) that
// Stable Diffusion and its evaluation use: the tokenizer, the text encoder and
// the vision encoder, in the layout of transformers' CLIPTextModel and
// CLIPModel. The structs mirror the checkpoint; the sizes come from config.json.
package clip
