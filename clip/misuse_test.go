package clip

import (
	"context"
	"testing"
	"testing/fstest"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
)

// TestMisuse calls everything that is exported with arguments that are nil, empty, scalar or of a wrong shape:
// nothing panics, and what has an error returns one.
func TestMisuse(t *testing.T) {
	nowhere, empty := tensor.OnDisk("no such folder"), tensor.InFS(fstest.MapFS{})
	whole := random(t, tiny())
	text := whole.TextModel
	graph := func(build func(b *nn.Build) *G.Node) error {
		p, err := nn.Compile(func(b *nn.Build) []*G.Node { return []*G.Node{build(b)} })
		if err == nil {
			_ = p.Close()
		}
		return err
	}
	forward := func(of *Text, ids ...int) func() error {
		return func() error {
			return graph(func(b *nn.Build) *G.Node { return of.Forward(b, b.Input("ids", ids...)) })
		}
	}
	open := func(dir tensor.Dir, length int) func() error {
		return func() error { _, err := OpenTokenizer(dir, length); return err }
	}
	find := func(of *Tokenizer, text, word string) func() error {
		return func() error { _, err := of.FindWord(text, word); return err }
	}
	size := tiny().Vision.ImageSize
	var none context.Context
	wrongColours := fstest.MapFS{"preprocessor_config.json": {Data: []byte(`{"image_mean": [1, 2]}`)}}
	nntest.Misuse{
		Refused: map[string][]func() error{
			"OpenTokenizer": {
				open(tensor.Dir{}, 77), open(nowhere, 77), open(empty, 77),
				open(tensor.OnDisk(layoutsOf), 0), open(tensor.OnDisk(layoutsOf), -1<<62),
			},
			"ReadConfig": {
				func() error { _, err := ReadConfig(tensor.Dir{}); return err },
				func() error { _, err := ReadConfig(empty); return err },
			},
			"ReadTextConfig": {
				func() error { _, err := ReadTextConfig(tensor.Dir{}); return err },
				func() error { _, err := ReadTextConfig(empty); return err },
			},
			"Config.Validate":     {Config{}.Validate},
			"TextConfig.Validate": {TextConfig{}.Validate},
			"New": {
				func() error { _, err := New(Config{}); return err },
				func() error { _, err := New(Config{Vision: VisionConfig{ImageSize: 7}}); return err },
				func() error { _, err := New(Config{Text: TextConfig{Layers: 1 << 62, Heads: -1}}); return err },
			},
			"NewText": {
				func() error { _, err := NewText(TextConfig{}); return err },
				func() error { _, err := NewText(TextConfig{Layers: 1 << 62, Heads: -1}); return err },
			},
			"Tokenizer.FindWord": {find(DefaultTokenizer(), "", ""), find(nil, "a nut", "nut"), find(new(Tokenizer), "a nut", "nut")},
			"Text.Forward": {
				forward(new(Text), 1, 7), forward(nil, 1, 7), forward(text), forward(text, 7), forward(text, 1, 1<<20),
				func() error { return graph(func(b *nn.Build) *G.Node { return text.Forward(b, nil) }) },
			},
			"Model.TextEmbeds": {
				func() error { return graph(func(b *nn.Build) *G.Node { return new(Model).TextEmbeds(b, nil, nil) }) },
				func() error {
					return graph(func(b *nn.Build) *G.Node { return whole.TextEmbeds(b, b.Input("ids", 1, 7), nil) })
				},
				func() error {
					return graph(func(b *nn.Build) *G.Node { return whole.TextEmbeds(b, b.Input("ids", 1, 7), b.Input("at", 2)) })
				},
			},
			"Model.ImageEmbeds": {
				func() error {
					return graph(func(b *nn.Build) *G.Node { return new(Model).ImageEmbeds(b, nn.FeatureMap{}) })
				},
				func() error { return graph(func(b *nn.Build) *G.Node { return whole.ImageEmbeds(b, nn.FeatureMap{}) }) },
			},
			"Vision.Tokens": {
				func() error {
					return graph(func(b *nn.Build) *G.Node { return (*Vision)(nil).Tokens(b, nn.FeatureMap{}) })
				},
				func() error {
					return graph(func(b *nn.Build) *G.Node {
						return whole.VisionModel.Tokens(b, nn.FeatureMap{X: b.Input("x"), H: size, W: size})
					})
				},
			},
			"ReadColours": {
				func() error { _, err := ReadColours(tensor.InFS(wrongColours)); return err },
			},
			"Open": {
				func() error { _, err := Open(none, "."); return err },
				func() error { _, err := Open(t.Context(), ""); return err },
				func() error { _, err := Open(t.Context(), t.TempDir()); return err },
			},
			"Tokenizer.With": {
				func() error { _, err := (*Tokenizer)(nil).With(49408, Word{"<a>", 1}); return err },
				func() error { _, err := new(Tokenizer).With(0); return err },
				func() error { _, err := DefaultTokenizer().With(-1, Word{"<a>", 1}); return err },
				func() error { _, err := DefaultTokenizer().With(49408, Word{}); return err },
				func() error { _, err := DefaultTokenizer().With(49408, Word{"<a>", 1 << 62}); return err },
			},
			"Text.Embed": {
				func() error { return graph(func(b *nn.Build) *G.Node { return (*Text)(nil).Embed(b, nil) }) },
				func() error { return graph(func(b *nn.Build) *G.Node { return text.Embed(b, nil) }) },
			},
			"Text.Encode": {
				func() error { return graph(func(b *nn.Build) *G.Node { return (*Text)(nil).Encode(b, nil) }) },
				func() error { return graph(func(b *nn.Build) *G.Node { return text.Encode(b, b.Input("x", 1, 2)) }) },
				func() error {
					return graph(func(b *nn.Build) *G.Node { return text.Encode(b, b.Input("x", 1, 99, 16)) })
				},
			},
			"Vision.Embed": {
				func() error {
					return graph(func(b *nn.Build) *G.Node { return whole.VisionModel.Embed(b, nn.FeatureMap{}) })
				},
			},
			"Vision.Encode": {
				func() error { return graph(func(b *nn.Build) *G.Node { return (*Vision)(nil).Encode(b, nil) }) },
				func() error {
					return graph(func(b *nn.Build) *G.Node { return whole.VisionModel.Encode(b, b.Input("x", 1, 2, 3)) })
				},
			},
			"Vision.EncodeLocal": {
				func() error {
					return graph(func(b *nn.Build) *G.Node { return whole.VisionModel.EncodeLocal(b, b.Input("x", 1, 2, 3)).Local })
				},
				func() error {
					return graph(func(b *nn.Build) *G.Node {
						return whole.VisionModel.EncodeLocal(b, b.Input("x", 1, 5, 24), 1).Local // there is none after the last
					})
				},
			},
			"Model.LocalEmbeds": {
				func() error { return graph(func(b *nn.Build) *G.Node { return new(Model).LocalEmbeds(nil) }) },
				func() error { return graph(func(b *nn.Build) *G.Node { return whole.LocalEmbeds(b.Input("x", 1, 2)) }) },
			},
			"Vision.Pool": {
				func() error { return graph(func(b *nn.Build) *G.Node { return (*Vision)(nil).Pool(nil) }) },
				func() error { return graph(func(b *nn.Build) *G.Node { return whole.VisionModel.Pool(b.Input("x")) }) },
			},
			"Vision.Forward": {
				func() error {
					return graph(func(b *nn.Build) *G.Node { return (*Vision)(nil).Forward(b, nn.FeatureMap{}) })
				},
				func() error {
					return graph(func(b *nn.Build) *G.Node {
						return whole.VisionModel.Forward(b, nn.FeatureMap{X: b.Input("x"), H: size, W: size})
					})
				},
			},
		},
		Harmless: map[string][]func(){
			"ViTL14":                    {func() { _ = ViTL14() }},
			"ViTB16Plus240":             {func() { _ = ViTB16Plus240() }},
			"DefaultColours":            {func() { _ = DefaultColours() }},
			"File.Changed":              {func() { _ = (*File)(nil).Changed(); _ = new(File).Changed() }},
			"File.Close":                {func() { _ = (*File)(nil).Close(); _ = new(File).Close() }},
			"ViTL14Text":                {func() { _ = ViTL14Text() }},
			"DefaultTokenizer":          {func() { DefaultTokenizer() }},
			"HasTokenizer":              {func() { HasTokenizer(tensor.Dir{}); HasTokenizer(nowhere); HasTokenizer(empty) }},
			"TextConfig.PooledPosition": {func() { TextConfig{}.PooledPosition(nil) }},
			"Tokenizer.Length":          {func() { (*Tokenizer)(nil).Length(); new(Tokenizer).Length() }},
			"Tokenizer.Size":            {func() { (*Tokenizer)(nil).Size(); new(Tokenizer).Size() }},
			"Tokenizer.Encode":          {func() { (*Tokenizer)(nil).Encode("a"); new(Tokenizer).Encode("") }},
			"Tokenizer.Truncated":       {func() { (*Tokenizer)(nil).Truncated("a"); new(Tokenizer).Truncated("") }},
			"Tokenizer.Tokens":          {func() { (*Tokenizer)(nil).Tokens(nil); DefaultTokenizer().Tokens([]int32{-1, 1 << 30}) }},
			"Tokenizer.Spell":           {func() { (*Tokenizer)(nil).Spell("a", nil); DefaultTokenizer().Spell("", nil) }},
			"Tokenizer.Within":          {func() { (*Tokenizer)(nil).Within(-1); new(Tokenizer).Within(1 << 62) }},
		},
	}.Check(t)
}

// TestMisuseWithoutErrors wants right values of what has no error to return.
func TestMisuseWithoutErrors(t *testing.T) {
	for _, tok := range []*Tokenizer{nil, {}} {
		if ids := tok.Encode("a nut"); ids != nil {
			t.Errorf("%v are the ids of no tokenizer", ids)
		}
		if tok.Length() != 0 || tok.Size() != 0 || tok.Truncated("a nut") != nil || tok.Within(3) != tok || tok.Tokens([]int32{0})[0] != "" {
			t.Error("there is something in no tokenizer")
		}
	}
	tok := DefaultTokenizer()
	if got := tok.Tokens(nil); len(got) != 0 {
		t.Errorf("tokens of nothing: %q", got)
	}
	if tok.Within(-1) != tok || tok.Within(1<<62) != tok || tok.Within(5) != tok {
		t.Error("Within takes tokens of the vocabulary away")
	}
	for _, eos := range []int{2, 49407, -1 << 62} {
		if at := (TextConfig{EOSTokenID: eos}).PooledPosition(nil); at != 0 {
			t.Errorf("end token %d: the pooled position of nothing is %d", eos, at)
		}
	}
	for _, dir := range []tensor.Dir{{}, tensor.OnDisk("no such folder"), tensor.InFS(fstest.MapFS{})} {
		if HasTokenizer(dir) {
			t.Errorf("%q has a tokenizer", dir)
		}
	}
}
