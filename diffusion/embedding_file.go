package diffusion

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

const (
	maxWordBytes     = 256      // as of a tokenizer's added token
	maxEmbeddingFile = 64 << 20 // bytes; 75 vectors of any text encoder are less than one of them

	webUIName = "emb_params" // of the tensor, where the word is the file's name
)

// Names of a file's metadata: those of Stability AI's ModelSpec 1.0.0, and our own.
const (
	specVersionKey    = "modelspec.sai_model_spec"
	architectureKey   = "modelspec.architecture"
	implementationKey = "modelspec.implementation"
	titleKey          = "modelspec.title"
	triggerKey        = "modelspec.trigger_phrase"
	initialKey        = "sdgraph.initial"
)

// howToConvertWord says what to do with a word in a pickle.
const howToConvertWord = `%[1]s: a pickle can run any code when it is read, and is not read here; in Python
  import torch, safetensors.torch
  e = torch.load(%[1]q, map_location="cpu", weights_only=True)
  safetensors.torch.save_file({"emb_params": next(iter(e.get("string_to_param", e).values())).detach().clone()}, %[2]q)
makes a file that is`

// ReadEmbedding reads a word that was learned by textual inversion from a .safetensors file with one tensor, [d] or
// [n, d] of at most 75 vectors, in float32, float16 or bfloat16. The tensor's name is the word, as diffusers writes
// it; called "emb_params", as the web UI writes it, the word is the file's name without its extension. A word that is
// given, not "", takes the place of both. The vectors are in memory as float32, [n, d]; Initial is there if
// Embedding.Write has written it. Whether the vectors fit a model, and whether it has the word already, is found out by
// who uses them: Open, EncodeWith.
//
// A file of another kind is ErrDamaged and says what it is: a pickle, and how to convert it; the pair of vectors of
// Stable Diffusion XL; several words; vectors that are not finite, which are ErrNotFinite, too. A word that is no text
// is ErrArgument.
func ReadEmbedding(path, word string) (*Embedding, error) {
	if err := checkWord(word); word != "" && err != nil {
		return nil, badArgument("%s: %w", path, err)
	}
	if isPickle(path) {
		return nil, badFile(howToConvertWord, path, strings.TrimSuffix(path, filepath.Ext(path))+".safetensors")
	}
	f, err := tensor.Read(path, maxEmbeddingFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	name, err1 := nameOfVectors(path, f.Names())
	sum, err2 := hashOf(f)
	if err := cmp.Or(err1, err2); err != nil {
		return nil, err
	}
	if word == "" {
		if word = name; name == webUIName {
			word = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		}
		if err := checkWord(word); err != nil {
			return nil, badFile("%s: %w; say what prompts are to call it", path, err)
		}
	}
	e := &Embedding{Word: word, Path: path, SHA256: sum}
	if initial := f.Metadata()[initialKey]; checkWord(initial) == nil {
		e.Initial = initial
	}
	if e.Vectors, err = vectorsIn(f, name); err != nil {
		return nil, badFile("%s: the word %q: %w", path, word, err)
	}
	return e, nil
}

// hashOf is the SHA-256 of a file that is in memory.
func hashOf(f *tensor.File) (string, error) {
	sums, err := f.Hashes(context.Background())
	for _, sum := range sums {
		return sum, err
	}
	return "", err
}

// isPickle reports whether a file is one of torch's own, by its extension or by its first bytes. The bytes of an older
// pickle may begin a safetensors file as well, which then is one.
func isPickle(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".pt", ".pth", ".bin", ".ckpt", ".pkl":
		_, err := os.Stat(path)
		return err == nil
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() { // which a pipe would wait for
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	begin := make([]byte, 4)
	_, err = io.ReadFull(f, begin)
	return err == nil && string(begin) == "PK\x03\x04"
}

// nameOfVectors is the only tensor's name, of those that a file has.
func nameOfVectors(path string, names []string) (string, error) {
	switch {
	case slices.Contains(names, "clip_l") || slices.Contains(names, "clip_g"):
		return "", badFile("%s: the file holds %s and so is a word for the two text encoders of Stable Diffusion XL: "+
			"want one tensor [n, d] for the text encoder of Stable Diffusion 1%.0w", path, strings.Join(names, ", "), ErrNotStableDiffusion1)
	case len(names) == 0:
		return "", badFile("%s: the file holds no tensor, want one [n, d]: the vectors of a word", path)
	case len(names) > 1:
		const most = 10
		list := strings.Join(names[:min(len(names), most)], ", ")
		if len(names) > most {
			list += ", …"
		}
		return "", badFile("%s: the file holds %d tensors, %s, and a word has one [n, d]: want a file for each word", path, len(names), list)
	}
	return names[0], nil
}

// checkWord refuses what no prompt could have as a word.
func checkWord(word string) error {
	switch {
	case strings.TrimSpace(word) == "":
		return errors.New("the word is empty")
	case len(word) > maxWordBytes:
		return fmt.Errorf("the word %.40q… has %d bytes, want at most %d", word, len(word), maxWordBytes)
	case !utf8.ValidString(word) || strings.ContainsRune(word, 0):
		return fmt.Errorf("the word %q is not a text in UTF-8", word)
	}
	return nil
}

// vectorsIn are a tensor's numbers as [n, d], in memory of their own.
func vectorsIn(f *tensor.File, name string) (*gt.Dense, error) {
	d, err := f.Get(name)
	if err != nil {
		return nil, err
	}
	return rowsOf(d)
}

// rowsOf is a copy of [d] or [n, d] as [n, d], float32; or why they are no vectors of a word.
func rowsOf(d *gt.Dense) (*gt.Dense, error) {
	if d == nil {
		return nil, errors.New("there are no vectors, want [n, d]")
	}
	s := d.Shape()
	if len(s) == 1 {
		s = gt.Shape{1, s[0]}
	}
	v := tensor.Float32s(d)
	switch {
	case len(s) != 2 || s[0] < 1 || s[1] < 1 || len(v) != s[0]*s[1]:
		return nil, fmt.Errorf("its vectors have shape %v, want [d] or [n, d]", d.Shape())
	case s[0] > maxVectors:
		return nil, fmt.Errorf("it has %d vectors, want at most %d: more than there are tokens in a prompt", s[0], maxVectors)
	}
	rows := tensor.FromFloat32s(slices.Clone(v), s[0], s[1])
	if err := nn.Finite(rows); err != nil {
		return nil, fmt.Errorf("its vectors are %w", err)
	}
	return rows, nil
}

// Write writes the word to a .safetensors file: one tensor [n, d] in float32 whose name is the word. diffusers
// (load_textual_inversion) finds the word in it, and the web UI takes the file's name for the word. Beside the tensor
// stand the word, Initial, and for vectors of 768 numbers the model. The file has its name only when it is complete.
// The error is ErrArgument for an Embedding without a word or without vectors, or with some that are not finite.
func (e *Embedding) Write(path string) error {
	if e == nil {
		return badArgument("there is no word to write to %s", path)
	}
	if err := checkWord(e.Word); err != nil {
		return badArgument("%s: %w", path, err)
	}
	rows, err := rowsOf(e.Vectors)
	if err != nil {
		return badArgument("%s: the word %q: %w", path, e.Word, err)
	}
	return tensor.Save(path, map[string]*gt.Dense{e.Word: rows}, e.metadata(rows.Shape()[1]))
}

// metadata is what a file says beside vectors of so many numbers.
func (e *Embedding) metadata(width int) map[string]string {
	m := map[string]string{triggerKey: e.Word}
	if e.Initial != "" {
		m[initialKey] = e.Initial
	}
	if width == 768 {
		m[specVersionKey], m[titleKey] = "1.0.0", e.Word
		m[architectureKey], m[implementationKey] = "stable-diffusion-v1/textual-inversion", "diffusers"
	}
	return m
}
