package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/prompts"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor"
)

// OwnModel is the flags of a model of the user's, with which generators that need one make defects of photographs.
type OwnModel struct {
	Model  string  `group:"model" placeholder:"DIR" help:"A model of photographs, Stable Diffusion 1.x as diffusers writes it, or a single .safetensors file: with it anomalyany and sdas are compared on --data, too, with numbers and limits of its anomalyany.json. A picture takes minutes."`
	Clip   string  `group:"model" placeholder:"DIR" help:"CLIP directory, as transformers writes it, or owner/name of the hub (default: DIR/clip; of a --model of the hub openai/clip-vit-large-patch14)."`
	Noise  string  `group:"model" placeholder:"LO..HI" help:"Of sdas: the strengths, how much more noise than it expects the model gets (default: 0.3..1)."`
	Memory float64 `group:"model" default:"3" placeholder:"GIB" help:"Memory for AnomalyAny's activations, ${default} GiB if not given; less is slower."`

	cli.Embeddings  `group:"model"`
	cli.Hub         `group:"model"`
	cli.Corrections `group:"model"`
	cli.Compute     `group:"model"`

	variant []diffusion.OpenOption // of what was found
}

// check wants the flags to fit each other, and the data.
func (o *OwnModel) check(data string) error {
	_, err := o.strengths()
	switch {
	case o.Model != "" && data == "":
		return errors.New("--model is for photographs, want --data DIR: drawn parts are for the small model that comes with the program, which was trained on the words for them")
	case o.Model != "":
		return cmp.Or(err, o.Corrections.Validate(), cli.Within("--memory", o.Memory, 0, 1<<20))
	}
	for flag, given := range map[string]bool{
		"--clip": o.Clip != "", "--noise": o.Noise != "", "--prediction-type": o.PredictionType != "", "--allow-unused": o.AllowUnused,
		"--embedding": len(o.Embedding) > 0, "--device": o.Device != "" && o.Device != "cpu", "--precision": o.Precision != "" && o.Precision != "auto",
	} {
		if given {
			return fmt.Errorf("%s needs --model DIR, which it is about", flag)
		}
	}
	return nil
}

// strengths are those that --noise says; else those from which DefaultSDAS says to begin with Stable Diffusion.
func (o *OwnModel) strengths() (s [2]float64, err error) {
	if o.Noise == "" {
		return [2]float64{0.3, 1}, nil
	}
	low, high, isRange := strings.Cut(o.Noise, "..")
	if !isRange {
		high = low
	}
	var err1, err2 error
	s[0], err1 = strconv.ParseFloat(low, 64)
	s[1], err2 = strconv.ParseFloat(high, 64)
	if err1 != nil || err2 != nil || !(s[0] >= 0 && s[0] <= s[1] && s[1] <= math.MaxInt16) {
		return s, fmt.Errorf("--noise is %.40q, want a number from 0 on, or a range from the smaller to the larger one, such as 0.3..1", o.Noise)
	}
	return s, nil
}

// ownModel is a model of photographs, and what it is told. All generators of a run share it, one after the other.
type ownModel struct {
	*diffusion.Pipeline
	anomalyany.Defaults
	is         modelIdentity
	strengths  [2]float64 // of SDAS
	memory     int64      // for AnomalyAny's activations, in bytes
	categories prompts.Categories
	device     *cli.Compute
}

// modelIdentity is what pictures of a model depend on beside options.
type modelIdentity struct {
	Name          string `json:"-"` // for people
	Weights       string `json:"weights"`
	Configuration string `json:"configuration"`
	Compute       string `json:"compute"`
	Learned       string `json:"learned,omitempty"` // words that it was given
}

func (m modelIdentity) String() string {
	learned := ""
	if m.Learned != "" {
		learned = ", with the learned " + m.Learned
	}
	return fmt.Sprintf("%s (weights %s, configuration %s, computed in %s%s)", m.Name, m.Weights, m.Configuration, m.Compute, learned)
}

// open opens the model for the methods of a run.
func (o *OwnModel) open(ctx context.Context, chosen []method) (_ *ownModel, err error) {
	m := &ownModel{device: &o.Compute, memory: int64(o.Memory * (1 << 30)), categories: prompts.Default()}
	if m.strengths, err = o.strengths(); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(chosen, func(m method) bool { return m.own != nil }) {
		return nil, errors.New("--model: none of --generators needs one; leave it out")
	}
	name := o.Model
	if err := o.find(ctx, chosen); err != nil {
		return nil, fmt.Errorf("--model: %w", err)
	}
	words, err := o.Read()
	if err != nil {
		return nil, err
	}
	if m.Defaults, err = o.readDefaults(); err != nil {
		return nil, fmt.Errorf("--model: %w", err)
	}
	if o.Precision == "auto" && m.Precision != "" && o.Device == "cpu" {
		o.Precision = m.Precision
	}
	if err := o.Use(os.Stderr); err != nil {
		return nil, err
	}
	asks := asks(chosen)
	m.Pipeline, err = cli.Await(ctx, func() (*diffusion.Pipeline, error) {
		return diffusion.Open(ctx, o.Model, o.openOptions(asks, words)...)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("--model: %w", err), o.Compute.Close())
	}
	if err := m.begin(ctx, name, asks); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// find finds model and CLIP; of a model of the hub CLIP comes along, where pictures are asked for by words.
func (o *OwnModel) find(ctx context.Context, chosen []method) error {
	find := o.FindWithCLIP
	if !asks(chosen) {
		find = func(ctx context.Context, model, clip string, _ ...string) ([]cli.Found, error) {
			return o.Find(ctx, model, clip)
		}
	}
	found, err := find(ctx, o.Model, o.Clip)
	if err == nil {
		o.Model, o.Clip, o.variant = found[0].Path, found[1].Path, o.VariantOf(found[0])
	}
	return err
}

// asks reports whether pictures are asked for by words, which CLIP refines.
func asks(chosen []method) bool {
	return slices.ContainsFunc(chosen, func(m method) bool { return m.own != nil && m.asked })
}

// openOptions are how the model is opened; CLIP, where pictures are asked for by words.
func (o *OwnModel) openOptions(clip bool, words []*diffusion.Embedding) []diffusion.OpenOption {
	opts := append(slices.Concat(o.Options(), o.Correct(), o.variant), diffusion.WithEmbeddings(words...))
	switch {
	case !clip:
		opts = append(opts, diffusion.WithoutCLIP())
	case o.Clip != "":
		opts = append(opts, diffusion.WithCLIPDir(o.Clip))
	}
	return opts
}

// readDefaults reads what the model's directory says about numbers and words.
func (o *OwnModel) readDefaults() (anomalyany.Defaults, error) {
	if info, err := os.Stat(o.Model); err == nil && info.IsDir() {
		return anomalyany.ReadDefaults(tensor.OnDisk(o.Model))
	}
	return anomalyany.Defaults{Options: anomalyany.Paper(), Limits: anomalyany.DefaultLimits()}, nil // opening it will say what is wrong
}

// begin finds out whether the model will do, and what it is.
func (m *ownModel) begin(ctx context.Context, path string, asks bool) error {
	if asks && m.CLIP == nil && m.Options.Refine != 0 {
		return fmt.Errorf("%w: --clip DIR; or leave the refinement out, with \"refine\": 0 in the model's %s", diffusion.ErrNoCLIP, anomalyany.DefaultsFile)
	}
	hashes, err := m.Hashes(ctx)
	if err != nil {
		return err
	}
	m.is = modelIdentity{filepath.Base(path), files.Together(hashes), files.Together(m.Texts()), m.device.Arithmetic(), cli.Identity(m.Embeddings())}
	fmt.Fprintf(os.Stderr, "model: %s\n", m.is)
	return nil
}

// Close closes the model, and what it was computed on.
func (m *ownModel) Close() error { return errors.Join(m.Pipeline.Close(), m.device.Close()) }

// usualSize is what Stable Diffusion 1.5 was trained on, in pixels.
const usualSize = 512

// size is the shorter side of what the model sees.
func (m *ownModel) size() int { return cmp.Or(m.Size, usualSize) }

// articles are those of the sentences that the model is told.
func (m *ownModel) articles() prompts.Articles {
	return prompts.Articles(cmp.Or(m.Articles, string(prompts.Fitting)))
}

// object is what a category's photographs show.
func (m *ownModel) object(category string) string {
	name := asKnown(category, func(name string) bool { return m.categories[name].Object != "" })
	return cmp.Or(m.categories[name].Object, spaced(category))
}

// defect is how one of a data set is put into words: by a word that was learned for it, as package prompts does it, or by
// its name.
func (m *ownModel) defect(category, defect string) prompts.Defect {
	name := asKnown(category, func(name string) bool { return m.categories[name].Object != "" })
	word := m.learned(defect)
	if d, known := m.categories[name].Defects[defect]; known && word == "" {
		return d
	}
	if word == "" && slices.Contains(nameless, defect) {
		word = "defect"
	}
	word = cmp.Or(word, spaced(defect))
	sentence := m.articles().Defective(m.object(category), word)
	return prompts.Defect{Prompt: sentence, Words: []string{word}, Detail: sentence}
}

// learned is a word of --embedding that has a defect's name, as it is or in angle brackets; "" if there is none.
func (m *ownModel) learned(defect string) string {
	if m.Pipeline == nil {
		return ""
	}
	for _, e := range m.Embeddings() {
		for _, name := range []string{defect, spaced(defect)} {
			if strings.EqualFold(e.Word, name) || strings.EqualFold(e.Word, "<"+name+">") {
				return e.Word
			}
		}
	}
	return ""
}

// nameless are what data sets call defects that they do not tell apart: BTAD, VisA, and folders of one's own.
var nameless = []string{"ko", "bad", "anomaly", "abnormal", "defective"}

// spaced is a name as words.
func spaced(name string) string {
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("_,; ", r) }), " ")
}

// asKnown is a part's name, or what follows its first "_" where that is what is known, as "tile" of "mvtec_tile".
func asKnown(part string, known func(name string) bool) string {
	if _, rest, cut := strings.Cut(part, "_"); cut && !known(part) && known(rest) {
		return rest
	}
	return part
}
