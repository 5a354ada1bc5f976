// Package clip holds the three parts of CLIP (Radford et al., ICML 2021) that
// Stable Diffusion and its evaluation use: the tokenizer (Tokenizer), the text
// encoder (Text) and, with the vision encoder, the whole of it (Model), in the
// layout of transformers' CLIPTextModel and CLIPModel. The fields of Text, Model
// and their layers are the checkpoint's keys; their sizes come from config.json.
package clip
