package diffusion

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/vae"
)

// What the names of a tiny autoencoder begin with in a file that has both halves, and the files of halves.
const (
	tinyDecoderPrefix = "taesd_decoder."
	tinyEncoderPrefix = "taesd_encoder."

	tinyDecoderFile = "_decoder.safetensors"
	tinyEncoderFile = "_encoder.safetensors"
)

// openPair opens the original's two files.
func (t *TAESD) openPair(ctx context.Context, dir tensor.Dir, opts []nn.LoadOption) error {
	stem := "taesd"
	if !dir.Exists(stem+tinyDecoderFile) && dir.Exists("taesdxl"+tinyDecoderFile) {
		stem, t.SeemsXL = "taesdxl", true
	}
	if pickle := "taesd_decoder.pth"; !dir.Exists(stem+tinyDecoderFile) && dir.Exists(pickle) {
		return badFile(howToConvert, dir.Path(pickle), dir.Path(stem+tinyDecoderFile))
	}
	if !dir.Exists(stem + tinyDecoderFile) {
		return fmt.Errorf("%s has neither %s nor %s\n%s%.0w", dir, nn.ConfigFile, stem+tinyDecoderFile, TAESDLayout, fs.ErrNotExist)
	}
	var halves [2]tinyHalf // decoder, encoder
	for i, name := range []string{stem + tinyDecoderFile, stem + tinyEncoderFile} {
		if !dir.Exists(name) {
			continue
		}
		f, err := dir.Open(name)
		if err != nil {
			return err
		}
		t.files = append(t.files, f)
		halves[i] = tinyHalf{view: newView(f), file: share{f, f.Names()}}
	}
	return t.loadOriginal(ctx, halves[0], halves[1], opts)
}

// openCombined opens a file that has both halves.
func (t *TAESD) openCombined(ctx context.Context, path string, opts []nn.LoadOption) error {
	if ext := strings.ToLower(filepath.Ext(path)); ext != ".safetensors" {
		return badFile(howToConvert, path, strings.TrimSuffix(path, filepath.Ext(path))+".safetensors")
	}
	f, err := tensor.Open(path)
	if err != nil {
		return err
	}
	t.files = append(t.files, f)
	all := newView(f)
	if !all.has(tinyDecoderPrefix) {
		return fmt.Errorf("%s holds no %s…\n%s\nof other files give the directory%.0w", path, tinyDecoderPrefix, TAESDLayout, fs.ErrNotExist)
	}
	decoder, encoder := tinyHalf{view: all.under(tinyDecoderPrefix)}, tinyHalf{}
	ofDecoder, ofEncoder := []string(nil), []string(nil)
	for _, name := range f.Names() {
		if strings.HasPrefix(name, tinyEncoderPrefix) {
			ofEncoder = append(ofEncoder, name)
		} else { // what belongs to no half is listed with this one
			ofDecoder = append(ofDecoder, name)
		}
	}
	decoder.file = share{f, ofDecoder}
	if len(ofEncoder) > 0 {
		encoder = tinyHalf{view: all.under(tinyEncoderPrefix), file: share{f, ofEncoder}}
	}
	return t.loadOriginal(ctx, decoder, encoder, opts)
}

// tinyHalf is the tensors of an encoder or a decoder, by the original's names without a prefix, such as 3.conv.0.weight.
type tinyHalf struct {
	view view
	file share // the tensors, by the file's names; its File is nil where there is none
}

// loadOriginal builds and loads the model whose halves have the original's names. The encoder may be missing. The
// original counts the clamp before the decoder's first convolution as a layer, so that its numbers are one higher.
func (t *TAESD) loadOriginal(ctx context.Context, decoder, encoder tinyHalf, opts []nn.LoadOption) error {
	path := decoder.file.Paths()[0]
	c, err := tinyConfig(decoder, encoder)
	if err == nil {
		err = t.build(c)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	opts = append(opts, nn.WithIgnore("vae_scale", "vae_shift")) // ComfyUI's, of latents that are not scaled
	if err := nn.Load(ctx, t.Decoder, decoder.file, append(opts, nn.WithNames(decoder.names(1)))...); err != nil {
		return err
	}
	if encoder.file.File == nil {
		t.Encoder = nil
		return nil
	}
	return nn.Load(ctx, t.Encoder, encoder.file, append(opts, nn.WithNames(encoder.names(0)))...)
}

// names translates the path of a weight, layers.N.…, into the file's.
func (h tinyHalf) names(higher int) func(weight string) string {
	return func(weight string) string {
		number, rest, _ := strings.Cut(strings.TrimPrefix(weight, "layers."), ".")
		n, err := strconv.Atoi(number)
		if err != nil {
			return weight
		}
		return h.view.nameOf(fmt.Sprintf("%d.%s", n+higher, rest))
	}
}

// tinyConfig is the configuration that the tensors of the halves show. What they do not show, loading says.
func tinyConfig(decoder, encoder tinyHalf) (c vae.TinyConfig, err error) {
	c = vae.TAESD()
	if c.NumDecoderBlocks, c.DecoderBlockOutChannels, err = decoder.levels("decoder"); err != nil {
		return c, err
	}
	decoder.view.size(&c.LatentChannels, 1, "1.weight")
	c.NumEncoderBlocks, c.EncoderBlockOutChannels = c.NumDecoderBlocks, c.DecoderBlockOutChannels // where there is none
	if encoder.file.File != nil {
		if c.NumEncoderBlocks, c.EncoderBlockOutChannels, err = encoder.levels("encoder"); err != nil {
			return c, err
		}
	}
	if err := c.Validate(); err != nil {
		return c, badFile("its tensors are those of a tiny autoencoder that cannot be built: %w", err)
	}
	return c, nil
}

// mostTinyLayers is how many layers of a half are looked for; the published ones have 15 and 19.
const mostTinyLayers = 200

// levels are the blocks of each level and their channels. In both halves a level has its convolution at the picture's end
// of it, and there is one more at the latent's end.
func (h tinyHalf) levels(half string) (blocks, channels []int, err error) {
	width := 0
	for n := range mostTinyLayers {
		switch conv := fmt.Sprintf("%d.weight", n); {
		case h.view.has(conv):
			if blocks == nil {
				h.view.size(&width, 0, conv)
			}
			blocks = append(blocks, 0)
		case h.view.has(fmt.Sprintf("%d.conv.0.weight", n)) && blocks != nil:
			blocks[len(blocks)-1]++
		}
	}
	if len(blocks) < 2 {
		return nil, nil, fmt.Errorf("its tensors are not those of a tiny autoencoder's %s, such as 3.conv.0.weight and %s: %w",
			half, map[string]string{"encoder": "0.weight", "decoder": "1.weight"}[half], ErrNotStableDiffusion1)
	}
	blocks = blocks[:len(blocks)-1]
	return blocks, slices.Repeat([]int{width}, len(blocks)), nil
}
