package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/detect"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn/vision"
	"github.com/sdgraph/sdgraph/nn/vision/lite0"
)

// Networked is the flags of detectors that read the features of a network, for commands to embed.
type Networked struct {
	Reading    string   `group:"detector" default:"official" enum:"official,anomalib,released" help:"Whose version of a detector: its authors', anomalib's, or for promptad the released code's, which judges with red and blue swapped (default: ${default})."`
	Coreset    float64  `group:"detector" default:"1" placeholder:"SHARE" help:"Share of its patches that PatchCore keeps; its authors keep 0.1 of hundreds of pictures (default: ${default})."`
	Channels   []int    `group:"detector" placeholder:"N" help:"The channels that PaDiM takes, counted through its layers from 0; several with commas (default: those of its reference implementation's random choice)."`
	Side       int      `group:"detector" default:"448" placeholder:"N" help:"Shorter side that anomalydino and subspace resize pictures to, in pixels; AnomalyDINO's paper has 448 and 672 (default: ${default})."`
	Foreground []string `group:"detector" default:"auto" placeholder:"NAME" help:"Categories of which anomalydino passes over the ground that a part lies on, several with commas; auto: with a DINOv2, those that its authors chose, by looking; none (default: ${default})."`
	Network    string   `group:"detector" default:"lite0" enum:"lite0,resnet18,wide_resnet50_2,dinov2_vits14,dinov2_vitb14,dinov2_vitl14,dinov2_vits14_reg,dinov2_vitb14_reg,dinov2_vitl14_reg" help:"Whose features they read: lite0, EfficientNet-Lite0 with weights that come with the program, resnet18, wide_resnet50_2 or, for anomalydino and subspace, dinov2_vits14, dinov2_vitb14 or dinov2_vitl14, also with _reg (default: ${default})."`
	Backbone   string   `group:"detector" placeholder:"FILE" help:"The network's weights: safetensors with the names of torchvision, timm or transformers, torch's own .pth, the directory of a model.safetensors, or owner/name of the Hugging Face hub; lite0 needs none. 'evaluate weights' says where they are."`
	Clip       string   `group:"detector" placeholder:"DIR" help:"The CLIP that winclip and promptad look through, as open_clip or transformers writes it, or owner/name of the Hugging Face hub; theirs is ViT-B-16-plus-240, timm/vit_base_patch16_plus_clip_240.laion400m_e31."`
	Threads    int      `group:"run" placeholder:"N" help:"Threads to compute with (default: one a processor)."`
	cli.Hub    `group:"detector"`

	again   bool               // each picture is looked at more than once in the same way
	trained func(done, of int) // is told how far the training of a detector is
}

// Validate is called after parsing.
func (n *Networked) Validate() error {
	if n.Network != "lite0" && n.Backbone == "" {
		return fmt.Errorf("--network %s: its weights do not come with the program, want --backbone FILE ('evaluate weights' says where they are)", n.Network)
	}
	if !(n.Coreset > 0 && n.Coreset <= 1) {
		return fmt.Errorf("--coreset is %v, want more than 0 and at most 1", n.Coreset)
	}
	return cmp.Or(cli.Within("--side", n.Side, 32, 2048), cli.Within("--threads", n.Threads, 0, 4096))
}

// useThreads has as many threads compute as are asked for.
func (n *Networked) useThreads() {
	if n.Threads > 0 {
		runtime.GOMAXPROCS(n.Threads)
		kernels.SetThreads(n.Threads)
	}
}

// kind is a detector that may be asked for.
type kind struct {
	name     string
	words    bool                                             // it is told in words what a defect is, and looks through a CLIP
	readings []string                                         // that it has
	defects  bool                                             // it can learn from generated pictures
	make     func(m *fitter, k key) (anomaly.Detector, error) // of a row
}

// kinds are in the order of tables.
var kinds []kind

func init() { // they refer to what refers to their names
	both := []string{"official", "anomalib"}
	kinds = []kind{
		{"patchcore", false, both, true, (*fitter).patchCore},
		{"padim", false, both, true, (*fitter).paDiM},
		{"anomalydino", false, both[:1], false, func(m *fitter, k key) (anomaly.Detector, error) { return m.tokens(k, detect.NearestToken) }},
		{"subspace", false, both[:1], false, func(m *fitter, k key) (anomaly.Detector, error) { return m.tokens(k, detect.SubspaceToken) }},
		{"winclip", true, both, false, (*fitter).winCLIP},
		{"promptad", true, []string{"official", "released"}, true, (*fitter).promptAD},
		{"probe", false, both, true, (*fitter).probe},
	}
	for _, k := range kinds {
		detectorNames = append(detectorNames, k.name)
	}
}

// detectorNames are the detectors, in the order of tables.
var detectorNames []string

// detectorOf is that of a name, or nothing.
func detectorOf(name string) kind {
	if i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name }); i >= 0 {
		return kinds[i]
	}
	return kind{}
}

// checkDetectors refuses detectors that are unknown, or lack what they need.
func (n *Networked) checkDetectors(names []string, generated bool) error {
	for _, name := range names {
		k := detectorOf(name)
		switch {
		case k.name == "":
			return fmt.Errorf("--detector is %.100q, want one or several of %s%s", name, strings.Join(detectorNames, ", "), cli.DidYouMean(name, detectorNames))
		case name == "probe" && !generated:
			return errors.New("--detector probe learns from pictures with defects: want --generated DIR")
		case k.words && n.Clip == "":
			return fmt.Errorf("--detector %s compares pictures with words: want --clip DIR ('evaluate weights' says where it is)", name)
		case !slices.Contains(k.readings, n.Reading):
			return fmt.Errorf("--reading %s: %s has %s only", n.Reading, name, strings.Join(k.readings, " and "))
		}
	}
	return nil
}

// detectors makes detectors on one network.
type detectors struct {
	network string // its name and the SHA-256 of its weights
	clip    string // and those of a CLIP; "" for none
	make    func(k key) (anomaly.Detector, error)
	save    func(path string, d anomaly.Detector) error // of one that was fitted
	close   func()
}

// of says what a detector looks through.
func (d detectors) of(detector string) string {
	if detectorOf(detector).words {
		return d.clip
	}
	return d.network
}

// opener opens the network that a command asks for.
type opener func(ctx context.Context, n Networked) (detectors, error)

// defaultOpener is what the program has; its tests have another.
var defaultOpener opener = openDetectors

// memory is how many bytes the features of a category's pictures may take. Those of a hundred are 30 MB of lite0, and 250 MB
// of wide_resnet50_2.
const memory = 1 << 29

// fitter makes detectors on what was opened.
type fitter struct {
	Networked
	reading detect.Reading // official where it is a detector's own
	network detect.Network
	clip    detect.CLIP
}

func openDetectors(ctx context.Context, n Networked) (detectors, error) {
	found, err := n.Networks().Find(ctx, n.Backbone, n.Clip)
	if err != nil {
		return detectors{}, err
	}
	n.Backbone, n.Clip = found[0].Path, found[1].Path
	m := &fitter{Networked: n}
	if n.Reading == detect.Anomalib.String() {
		m.reading = detect.Anomalib
	}
	network, end, err := n.openNetwork(ctx)
	if err != nil {
		return detectors{}, err
	}
	m.network = network
	words, endWords, err := n.openCLIP(ctx)
	if err != nil {
		return detectors{}, errors.Join(err, end())
	}
	m.clip = words
	if n.again {
		m.network.Memory = detect.NewMemory(memory)
		m.clip.Memory = m.network.Memory
	}
	category, says := "", ""
	if n.Clip != "" {
		says = m.clip.Name + " " + m.clip.SHA256
	}
	return detectors{
		network: network.Name + " " + network.SHA256,
		clip:    says,
		make: func(k key) (anomaly.Detector, error) {
			if k.Category != category { // other pictures
				category = k.Category
				m.network.Memory.Forget()
			}
			return detectorOf(k.Detector).make(m, k)
		},
		save:  detect.Save,
		close: func() { _ = errors.Join(end(), endWords()) },
	}, nil
}

// openNetwork opens the network whose features are read; end closes it.
func (n Networked) openNetwork(ctx context.Context) (network detect.Network, end func() error, err error) {
	if n.Backbone == "" {
		net, err := lite0.Open()
		return detect.Network{Backbone: net, Name: "efficientnet_lite0", SHA256: lite0.SHA256}, func() error { return nil }, err
	}
	name := n.Network
	if name == "lite0" {
		name = "efficientnet_lite0"
	}
	f, err := vision.Open(ctx, name, n.Backbone)
	if err != nil {
		return network, nil, fmt.Errorf("--backbone: %w", err)
	}
	return detect.Network{Backbone: f, Name: f.Name, SHA256: f.SHA256}, f.Close, nil
}

// openCLIP opens the model of texts and pictures, if one is named; end closes it.
func (n Networked) openCLIP(ctx context.Context) (words detect.CLIP, end func() error, err error) {
	if n.Clip == "" {
		return words, func() error { return nil }, nil
	}
	f, err := clip.Open(ctx, n.Clip)
	if err != nil {
		return words, nil, fmt.Errorf("--clip: %w", err)
	}
	return detect.CLIP{Model: f.Model, Tokenizer: f.Tokenizer, Colours: f.Colours, Name: f.Name, SHA256: f.SHA256}, f.Close, nil
}

func (m *fitter) patchCore(k key) (anomaly.Detector, error) {
	d, err := detect.NewPatchCore(m.network, detect.PatchCoreOptions{Reading: m.reading, Coreset: m.Coreset, Seed: uint64(k.Seed)})
	return m.weighted(d, err, k)
}

func (m *fitter) paDiM(k key) (anomaly.Detector, error) {
	d, err := detect.NewPaDiM(m.network, detect.PaDiMOptions{Reading: m.reading, Channels: m.Channels})
	return m.weighted(d, err, k)
}

func (m *fitter) probe(key) (anomaly.Detector, error) { return m.newProbe() }

func (m *fitter) newProbe() (*detect.Probe, error) {
	return detect.NewProbe(m.network, detect.ProbeOptions{Reading: m.reading})
}

// weighted is a detector that learns from normal pictures alone where a probe, which learns from generated ones, agrees.
func (m *fitter) weighted(normal anomaly.Detector, err error, k key) (anomaly.Detector, error) {
	if err != nil || !k.Generated {
		return normal, err
	}
	probe, err := m.newProbe()
	if err != nil {
		return nil, err
	}
	return detect.NewWeighted(normal, probe)
}

func (m *fitter) tokens(k key, score detect.TokenScore) (anomaly.Detector, error) {
	return detect.NewAnomalyDINO(m.network, detect.AnomalyDINOOptions{Side: m.Side, Score: score, Foreground: score == detect.NearestToken && m.passesOver(k.Category)})
}

func (m *fitter) winCLIP(k key) (anomaly.Detector, error) {
	return detect.NewWinCLIP(m.clip, k.Category, detect.WinCLIPOptions{Reading: m.reading})
}

func (m *fitter) promptAD(k key) (anomaly.Detector, error) {
	return detect.NewPromptAD(m.clip, k.Category, detect.PromptADOptions{
		Released: m.Reading == "released", Generated: k.Generated, Seed: uint64(k.Seed), Progress: m.trained,
	})
}

// grounded are the categories of which AnomalyDINO's authors pass over the ground: some of MVTec AD, and all of VisA.
var grounded = []string{
	"capsule", "hazelnut", "pill", "screw", "toothbrush",
	"candle", "capsules", "cashew", "chewinggum", "fryum", "macaroni1", "macaroni2", "pcb1", "pcb2", "pcb3", "pcb4", "pipe_fryum",
}

// passesOver reports whether the ground of a category is passed over. What tells it apart is measured on DINOv2's tokens:
// with other networks it must be asked for by name.
func (n *Networked) passesOver(category string) bool {
	if slices.Equal(n.Foreground, []string{"auto"}) {
		return strings.HasPrefix(n.Network, "dinov2_") && slices.Contains(grounded, category)
	}
	return slices.Contains(n.Foreground, category)
}
