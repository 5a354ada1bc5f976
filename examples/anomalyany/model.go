package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/tensor"
)

// embedded is the model directory that comes with the program, for where no
// other is given; nil in a program that has none.
var embedded fs.FS

// model is what pictures are made with, and what is known about it.
type model struct {
	*diffusion.Pipeline // nil where none is needed
	vocabulary          anomalyany.Vocabulary

	// hashes are the SHA-256 of its files, or an error where they are no longer
	// what pictures are made with: whatever claims them is written after asking.
	hashes func() (map[string]string, error)
	stop   func() // the hashing

	found [2]cli.Found // the model and CLIP, where they are of the hub
}

// named has files of the hub's cache by the names of their models.
func (m *model) named(of map[string]string) map[string]string {
	return m.found[1].Record(m.found[0].Record(of))
}

// noModel is in the place of a model where none is needed.
func noModel() *model {
	return &model{hashes: func() (map[string]string, error) { return nil, nil }, stop: func() {}}
}

// Close closes the pipeline, and does not wait for hashes.
func (m *model) Close() error {
	m.stop()
	if m.Pipeline == nil {
		return nil
	}
	return m.Pipeline.Close()
}

// Multiple is what the sides of pictures must be multiples of.
func (m *model) Multiple() int {
	if m.Pipeline == nil {
		return 1
	}
	return m.Pipeline.Multiple()
}

// Texts are the hashes of the configuration.
func (m *model) Texts() map[string]string {
	if m.Pipeline == nil {
		return nil
	}
	return m.named(m.Pipeline.Texts())
}

// words are those that were learned and the model was given.
func (m *model) words() []*diffusion.Embedding {
	if m.Pipeline == nil {
		return nil
	}
	return m.Embeddings()
}

// hasLearned reports whether a phrase has a word in it that the model was given.
func (m *model) hasLearned(phrase string) bool {
	return slices.ContainsFunc(m.words(), func(e *diffusion.Embedding) bool {
		return strings.Contains(strings.ToLower(phrase), strings.ToLower(e.Word))
	})
}

// Changed is an error if the weights are no longer those that were opened.
func (m *model) Changed() error {
	if m.Pipeline == nil {
		return nil
	}
	return m.Pipeline.Changed()
}

// openModel opens what the Spec asks for, and says which of its words the model
// does not know.
func openModel(ctx context.Context, spec Spec) (*model, error) {
	if !spec.needsModel() {
		return noModel(), nil
	}
	defaults, err := spec.readDefaults()
	if err != nil {
		return nil, err
	}
	learned, err := spec.Read()
	if err != nil {
		return nil, err
	}
	m := &model{vocabulary: defaults.Vocabulary, found: spec.Found}
	if m.Pipeline, err = openPipeline(ctx, spec, learned); err != nil {
		return nil, err
	}
	if spec.usesEmbedded() {
		fmt.Fprintln(os.Stderr, "model: the small one of drawings that comes with this program; for photographs see 'anomalyany weights'")
	}
	if !spec.usesEmbedded() { // which decodes previews itself
		if err := spec.Preview.Check(m.Pipeline); err != nil {
			return nil, errors.Join(err, m.Pipeline.Close())
		}
	}
	spec.WarnOfXL(os.Stderr, m.Pipeline)
	m.hashInBackground(ctx)
	m.warnOfWords(os.Stderr, spec)
	spec.warnOfSize(os.Stderr, defaults.Size)
	return m, nil
}

func openPipeline(ctx context.Context, spec Spec, learned []*diffusion.Embedding) (*diffusion.Pipeline, error) {
	return cli.Await(ctx, func() (*diffusion.Pipeline, error) { return spec.open(ctx, learned) })
}

func (s *Spec) open(ctx context.Context, learned []*diffusion.Embedding) (*diffusion.Pipeline, error) {
	opts := append(slices.Concat(s.Options(), s.Correct(), s.OpenTiny()), diffusion.WithEmbeddings(learned...))
	opts = append(opts, s.VariantOf(s.Found[0])...)
	if s.NoRefine || s.isOther() {
		opts = append(opts, diffusion.WithoutCLIP())
	}
	switch {
	case s.Random:
		return diffusion.Random(0, opts...)
	case s.usesEmbedded():
		return diffusion.OpenFS(ctx, embedded, opts...)
	case s.Model == "":
		return nil, fmt.Errorf("--model MODEL is missing\n\n%s", strings.TrimSpace(howToStart))
	}
	if s.Clip != "" {
		opts = append(opts, diffusion.WithCLIPDir(s.clipPath()))
	}
	p, err := diffusion.Open(ctx, s.modelPath(), opts...)
	if errors.Is(err, diffusion.ErrNoCLIP) && s.Clip == "" {
		err = fmt.Errorf("%w; --clip %s fetches it from the hub", err, cli.CLIPOfSD15)
	}
	return p, err
}

// usesEmbedded reports whether the model is the one that comes with the program.
func (s *Spec) usesEmbedded() bool {
	return s.needsModel() && s.Model == "" && !s.Random && embedded != nil
}

// readDefaults reads what the model's directory says about numbers and words.
func (s *Spec) readDefaults() (anomalyany.Defaults, error) {
	switch info, err := os.Stat(s.modelPath()); {
	case s.usesEmbedded():
		return anomalyany.ReadDefaults(tensor.InFS(embedded))
	case err == nil && info.IsDir():
		return anomalyany.ReadDefaults(tensor.OnDisk(s.modelPath()))
	}
	return anomalyany.Defaults{Options: anomalyany.Paper(), Shapes: anomalyany.Paper(), Limits: anomalyany.DefaultLimits()}, nil // opening it will say what is wrong
}

// unknown are the words of the Spec that the model was not trained on, each
// with those of its kind that it was.
func (m *model) unknown(spec Spec) map[string][]string {
	all := map[string][]string{}
	if spec.Object != "" && !m.vocabulary.KnowsObject(spec.Object) && !m.hasLearned(spec.Object) {
		all[spec.Object] = m.vocabulary.Objects
	}
	for _, word := range spec.Anomaly {
		if !m.vocabulary.KnowsAnomaly(word) && !m.hasLearned(word) {
			all[word] = m.vocabulary.Anomalies
		}
	}
	return all
}

// warnOfWords says what the model knows in place of the words that it does not, and
// which one was perhaps meant.
func (m *model) warnOfWords(w io.Writer, spec Spec) {
	unknown := m.unknown(spec)
	for _, word := range slices.Concat([]string{spec.Object}, spec.Anomaly) {
		if known, ok := unknown[word]; ok {
			fmt.Fprintf(w, "warning: this model knows %s; %q is not among them, so expect nothing that looks like it%s\n", strings.Join(known, ", "), word, cli.DidYouMean(word, known))
		}
	}
}

// usualSize is what Stable Diffusion 1.5 was trained on, in pixels.
const usualSize = 512

// warnOfSize says what comes of a size that is far from the one which the model was made
// for, which is 0 where its directory does not say, and how much longer it takes.
func (s *Spec) warnOfSize(w io.Writer, made int) {
	made = cmp.Or(made, usualSize)
	share := float64(s.Size) / float64(made)
	switch {
	case s.Random: // whose pictures are noise at any size
	case share > 1.5:
		fmt.Fprintf(w, "warning: this model was made for pictures of %d pixels, and --size is %d: expect parts that are repeated or misshapen, and at least %.0f times the time of --size %d\n",
			made, s.Size, share*share, made)
	case share < 0.75:
		fmt.Fprintf(w, "warning: this model was made for pictures of %d pixels, and --size is %d: expect little that is recognisable, in less time than --size %d takes\n", made, s.Size, made)
	}
}

// notes are what whoever looks at the pictures should know: words that the model
// does not, and pairs that it never saw together.
func (m *model) notes(spec Spec) []string {
	var all []string
	unknown := m.unknown(spec)
	for _, word := range slices.Concat([]string{spec.Object}, spec.Anomaly) {
		if _, ok := unknown[word]; ok {
			all = append(all, fmt.Sprintf("%q is not among the words that the model was trained on", word))
		}
	}
	for _, word := range spec.Anomaly {
		if m.vocabulary.IsUnseen(spec.Object, word) && !m.hasLearned(word) {
			all = append(all, fmt.Sprintf("unseen pair: %s and %s were never together in training", spec.Object, word))
		}
	}
	return all
}

// hashInBackground hashes the weights while the first picture is made.
func (m *model) hashInBackground(ctx context.Context) {
	ctx, m.stop = context.WithCancel(ctx)
	hash := sync.OnceValues(func() (map[string]string, error) { return m.Pipeline.Hashes(ctx) })
	m.hashes = func() (map[string]string, error) {
		hashes, err := hash()
		if err == nil {
			err = m.Changed()
		}
		return m.named(hashes), err
	}
	go hash()
}
