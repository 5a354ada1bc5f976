package diffusion

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// wholeTokenizer writes the tokenizer.json of a folder that holds vocab.json and
// merges.txt and takes these away, as today's transformers has it.
func (s spoiled) wholeTokenizer(folder string) {
	s.t.Helper()
	vocab := map[string]int{}
	data, err := os.ReadFile(s.path(folder + "/vocab.json"))
	s.must(err)
	s.must(json.Unmarshal(data, &vocab))
	data, err = os.ReadFile(s.path(folder + "/merges.txt"))
	s.must(err)
	merges := strings.Split(strings.TrimSpace(string(data)), "\n")[1:]

	data, err = os.ReadFile("../testdata/goldens/tokenizers.json")
	s.must(err)
	var layouts map[string]struct {
		Files map[string]map[string]any
	}
	s.must(json.Unmarshal(data, &layouts))
	whole := layouts["saved"].Files["tokenizer.json"]
	model := whole["model"].(map[string]any)
	model["vocab"], model["merges"] = vocab, merges
	for _, a := range whole["added_tokens"].([]any) {
		token := a.(map[string]any)
		token["id"] = vocab[token["content"].(string)]
	}
	post := whole["post_processor"].(map[string]any)
	post["cls"] = []any{"<|startoftext|>", vocab["<|startoftext|>"]}
	post["sep"] = []any{"<|endoftext|>", vocab["<|endoftext|>"]}
	data, err = json.Marshal(whole)
	s.must(err)
	s.remove(folder+"/vocab.json", folder+"/merges.txt")
	s.write(folder+"/tokenizer.json", string(data))
}

// moreRows makes room for more tokens in a text encoder.
func (s spoiled) moreRows(n int) {
	const table = "embeddings.token_embedding.weight"
	rows := 0
	s.weights(textWeights, func(all map[string]*gt.Dense) {
		old := all[table]
		width := old.Shape()[1]
		rows = old.Shape()[0] + n
		more := tensor.NewRand(7).Randn(n * width)
		all[table] = tensor.FromFloat32s(append(slices.Clone(tensor.Float32s(old)), more...), rows, width)
	})
	s.set("text_encoder/config.json", map[string]any{"vocab_size": rows})
}

const scarPrompt = "a photo of a <scar> on metal"

// scarIDs is what transformers makes of scarPrompt in model a with the token <scar>.
var scarIDs = []int32{512, 320, 527, 520, 320, 640, 549, 548, 513}

// addScar adds the token to tokenizer_config.json, as transformers 4 writes it.
func (s spoiled) addScar(id string) {
	s.set("tokenizer/tokenizer_config.json", map[string]any{"added_tokens_decoder": map[string]any{
		id: map[string]any{"content": "<scar>", "lstrip": false, "normalized": true, "rstrip": false, "single_word": false, "special": false},
	}})
}

// TestTokenizerJSON opens models that have nothing but a tokenizer.json, in
// tokenizer/ and in clip/: the embeddings are those of vocab.json and merges.txt.
func TestTokenizerJSON(t *testing.T) {
	const prompt = "A photo of a metal nut, bent"
	for name, folder := range map[string]string{modelA: "tokenizer", modelB: "clip"} {
		s := spoiled{t, t.TempDir()}
		s.must(os.CopyFS(s.dir, os.DirFS(name)))
		s.wholeTokenizer(folder)
		p, want := openModel(t, s.dir), openModel(t, name)
		for part, encode := range map[string]func(p *Pipeline) (*gt.Dense, error){
			"text encoder": func(p *Pipeline) (*gt.Dense, error) { e, err := p.Encode(t.Context(), prompt); return e.Hidden, err },
			"CLIP":         func(p *Pipeline) (*gt.Dense, error) { return p.CLIPText(t.Context(), prompt) },
		} {
			got, err := encode(p)
			s.must(err)
			wanted, err := encode(want)
			s.must(err)
			if diff := cmp.Diff(tensor.Float32s(wanted), tensor.Float32s(got)); diff != "" {
				t.Errorf("%s, %s (-vocab.json +tokenizer.json):\n%s", name, part, diff)
			}
		}
		if got, want := p.CLIP.Tokenizer.Size(), want.CLIP.Tokenizer.Size(); got != want {
			t.Errorf("%s: CLIP's tokenizer has %d tokens, want %d", name, got, want)
		}
	}
}

// TestAddedToken opens a model after textual inversion: one more token than its
// vocabulary and one more row in its text encoder. CLIP, which shares the
// vocabulary and has no row for it, reads the token as text.
func TestAddedToken(t *testing.T) {
	for name, add := range map[string]func(s spoiled){
		"tokenizer_config.json": func(s spoiled) { s.addScar("640") },
		"added_tokens.json":     func(s spoiled) { s.write("tokenizer/added_tokens.json", `{"<scar>": 640}`) },
	} {
		t.Run(name, func(t *testing.T) {
			s := spoiled{t, copyModel(t)}
			s.moreRows(2) // more rows than tokens are no fault
			add(s)
			p := openModel(t, s.dir)
			if got := p.Tokenizer.Encode(scarPrompt)[:len(scarIDs)]; !slices.Equal(got, scarIDs) {
				t.Errorf("ids %v, want %v", got, scarIDs)
			}
			if got, err := p.Tokenizer.FindWord(scarPrompt, "<scar>"); err != nil || !slices.Equal(got, []int{5}) {
				t.Errorf("found at %v, %v; want [5]", got, err)
			}
			with, err := p.Encode(t.Context(), "a <scar>")
			s.must(err)
			without, err := openModel(t, modelA).Encode(t.Context(), "a <scar>")
			s.must(err)
			if slices.Equal(tensor.Float32s(with.Hidden), tensor.Float32s(without.Hidden)) {
				t.Error("the token changes nothing")
			}
			if got, want := p.CLIP.Tokenizer.Encode(scarPrompt), openModel(t, modelA).CLIP.Tokenizer.Encode(scarPrompt); !slices.Equal(got, want) {
				t.Errorf("CLIP reads %v, want %v", got, want)
			}
		})
	}
}

// TestAddedTokenWithoutRow names the token and the id that the encoder does not have.
func TestAddedTokenWithoutRow(t *testing.T) {
	s := spoiled{t, copyModel(t)}
	s.addScar("640")
	_, err := Open(t.Context(), s.dir)
	for _, part := range []string{`"<scar>" has the id 640`, "vocab_size is 640"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v, want one that says %s", err, part)
		}
	}
}
