package clip

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
)

// TestMisuse calls everything that is exported with arguments that are nil, empty, scalar or of a wrong shape:
// nothing panics, and what has an error returns one that says what is wrong.
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
	for name, call := range map[string]func() error{
		"OpenTokenizer of nothing":       func() error { _, err := OpenTokenizer(tensor.Dir{}, 77); return err },
		"OpenTokenizer of no folder":     func() error { _, err := OpenTokenizer(nowhere, 77); return err },
		"OpenTokenizer of an empty one":  func() error { _, err := OpenTokenizer(empty, 77); return err },
		"OpenTokenizer without a length": func() error { _, err := OpenTokenizer(tensor.OnDisk(layoutsOf), 0); return err },
		"OpenTokenizer with less":        func() error { _, err := OpenTokenizer(tensor.OnDisk(layoutsOf), -1<<62); return err },
		"ReadConfig of nothing":          func() error { _, err := ReadConfig(tensor.Dir{}); return err },
		"ReadConfig of an empty folder":  func() error { _, err := ReadConfig(empty); return err },
		"ReadTextConfig of nothing":      func() error { _, err := ReadTextConfig(tensor.Dir{}); return err },
		"ReadTextConfig of an empty one": func() error { _, err := ReadTextConfig(empty); return err },
		"Validate of nothing":            func() error { return Config{}.Validate() },
		"Validate of no text":            func() error { return TextConfig{}.Validate() },
		"FindWord of nothing":            func() error { _, err := DefaultTokenizer().FindWord("", ""); return err },
		"FindWord of no tokenizer":       func() error { _, err := (*Tokenizer)(nil).FindWord("a nut", "nut"); return err },
		"FindWord of an empty tokenizer": func() error { _, err := new(Tokenizer).FindWord("a nut", "nut"); return err },
		"Text.Forward of no text": func() error {
			return graph(func(b *nn.Build) *G.Node { return new(Text).Forward(b, b.Input("ids", 1, 7)) })
		},
		"Text.Forward without ids": func() error { return graph(func(b *nn.Build) *G.Node { return text.Forward(b, nil) }) },
		"Text.Forward of a scalar": func() error { return graph(func(b *nn.Build) *G.Node { return text.Forward(b, b.Input("ids")) }) },
		"Text.Forward of a vector": func() error { return graph(func(b *nn.Build) *G.Node { return text.Forward(b, b.Input("ids", 7)) }) },
		"Text.Forward of too many": func() error {
			return graph(func(b *nn.Build) *G.Node { return text.Forward(b, b.Input("ids", 1, 1<<20)) })
		},
		"Text.Forward of no encoder": func() error {
			return graph(func(b *nn.Build) *G.Node { return (*Text)(nil).Forward(b, b.Input("ids", 1, 7)) })
		},
		"Model.TextEmbeds of nothing": func() error { return graph(func(b *nn.Build) *G.Node { return new(Model).TextEmbeds(b, nil, nil) }) },
		"Model.TextEmbeds without a place": func() error {
			return graph(func(b *nn.Build) *G.Node { return whole.TextEmbeds(b, b.Input("ids", 1, 7), nil) })
		},
		"Model.TextEmbeds of two places": func() error {
			return graph(func(b *nn.Build) *G.Node { return whole.TextEmbeds(b, b.Input("ids", 1, 7), b.Input("at", 2)) })
		},
		"Model.ImageEmbeds of nothing": func() error {
			return graph(func(b *nn.Build) *G.Node { return new(Model).ImageEmbeds(b, nn.FeatureMap{}) })
		},
		"Model.ImageEmbeds of no picture": func() error { return graph(func(b *nn.Build) *G.Node { return whole.ImageEmbeds(b, nn.FeatureMap{}) }) },
		"Vision.Forward of a scalar": func() error {
			size := tiny().Vision.ImageSize
			return graph(func(b *nn.Build) *G.Node {
				return whole.VisionModel.Forward(b, nn.FeatureMap{X: b.Input("x"), H: size, W: size})
			})
		},
		"Vision.Forward of no encoder": func() error {
			return graph(func(b *nn.Build) *G.Node { return (*Vision)(nil).Forward(b, nn.FeatureMap{}) })
		},
	} {
		if err := call(); err == nil || strings.TrimSpace(err.Error()) == "" {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestMisuseWithoutErrors calls what has no error to return.
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
	for _, c := range []Config{{}, {Vision: VisionConfig{PatchSize: 0, ImageSize: 7}}, {Text: TextConfig{Layers: 1 << 62, Heads: -1}}} {
		if _, err := New(c); err == nil {
			t.Errorf("a model of %+v is built", c)
		}
		if _, err := NewText(c.Text); err == nil {
			t.Errorf("a text encoder of %+v is built", c.Text)
		}
	}
}
