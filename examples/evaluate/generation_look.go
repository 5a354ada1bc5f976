package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"time"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/vision"
	"github.com/sdgraph/sdgraph/nn/vision/lite0"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// looker is a network that makes numbers of a picture.
type looker struct {
	name   string // of the folder of its features
	title  string // for tables
	sha256 string // of its weights
	sees   string // what of a picture, and how it is resized
	width  int    // numbers of a picture
	look   func(ctx context.Context, picture *image.RGBA) ([]float32, error)
	close  func() error

	seen map[string][]float32 // by the pictures' digests
}

// The networks of lookers. Inception gives its logits without the last layer's bias, and what the last layer reads.
const (
	inceptionLooker                 = "inception_v3_fidelity"
	inceptionLogits, inceptionWidth = 1008, 1008 + 2048
	dinoLooker                      = "dinov2_vits14"
	clipLooker                      = "clip"
	lite0Looker                     = "lite0"
)

// openLookers opens the networks that metrics need. Of a metric without its weights one line says where they are.
func openLookers(ctx context.Context, g *Generation) (all []*looker, pairs *pairer, err error) {
	add := func(l *looker, failed error) {
		if err = errors.Join(err, failed); failed == nil {
			all = append(all, l)
		}
	}
	found, err := g.Networks().Find(ctx, g.DINOv2, g.Clip, g.VGG16)
	if err != nil {
		return nil, nil, err
	}
	g.DINOv2, g.Clip, g.VGG16 = found[0].Path, found[1].Path, found[2].Path
	if g.Inception != "" && (g.wants(metricIS) || g.wants(metricFID) || g.wants(metricKID)) {
		add(openInception(ctx, g.Inception))
	}
	if g.DINOv2 != "" && g.wants(metricKID) {
		add(openDINOv2(ctx, g.DINOv2))
	}
	if g.Clip != "" && g.wants(metricCMMD) {
		add(openEmbeddings(ctx, g.Clip))
	}
	if g.wants(metricKID) {
		add(openLite0())
	}
	if g.VGG16 != "" && g.wants(metricICLPIPS) {
		var failed error
		pairs, failed = openPairer(ctx, g)
		err = errors.Join(err, failed)
	}
	if err != nil {
		closeLookers(all, pairs)
		return nil, nil, err
	}
	g.tellMissing()
	return all, pairs, nil
}

// tellMissing says which metrics are left out for want of weights.
func (g *Generation) tellMissing() {
	for _, m := range []struct{ metric, given, network string }{
		{metricIS, g.Inception, inceptionLooker}, {metricFID, g.Inception, inceptionLooker}, {metricICLPIPS, g.VGG16, "vgg16"}, {metricCMMD, g.Clip, ""},
	} {
		if g.wants(m.metric) && m.given == "" {
			fmt.Fprintln(os.Stderr, leftOut(m.metric, m.network))
		}
	}
}

func closeLookers(all []*looker, pairs *pairer) {
	for _, l := range all {
		_ = l.close()
	}
	if pairs != nil {
		_ = pairs.close()
	}
}

// network is a looker of a graph of one picture.
func network(side int, resize images.Rule, scaling vision.Scaling, build func(b *nn.Build, m nn.FeatureMap) []*G.Node) func(ctx context.Context, picture *image.RGBA) ([]float32, error) {
	exec := nn.NewExec(func(b *nn.Build) []*G.Node {
		return build(b, nn.FeatureMap{X: b.Given("picture"), H: side, W: side})
	})
	return func(ctx context.Context, picture *image.RGBA) ([]float32, error) {
		levels, err := squashed(picture, side, resize)
		if err != nil {
			return nil, err
		}
		scaling.Scale(levels)
		out, err := exec.Run(ctx, map[string]*gt.Dense{"picture": tensor.FromFloat32s(levels, 1, side*side, 3)})
		if err != nil {
			return nil, err
		}
		var all []float32
		for _, d := range out {
			if err := nn.Finite(d); err != nil {
				return nil, err
			}
			all = append(all, tensor.Float32s(d)...)
		}
		return all, nil
	}
}

// squashed is a picture in a square, [side, side, 3] from 0 to 1: by Pillow's rules as a picture of bytes, by others as
// numbers.
func squashed(picture *image.RGBA, side int, rule images.Rule) ([]float32, error) {
	if rule <= images.PillowLanczos {
		small, err := images.Resize(picture, image.Pt(side, side), rule)
		if err != nil {
			return nil, err
		}
		return images.ToTensor(small, images.ChannelsLast, images.Unit), nil
	}
	size := picture.Rect.Size()
	return images.ResizeMap(images.ToTensor(picture, images.ChannelsLast, images.Unit), size.Y, size.X, 3, side, side, rule)
}

func openInception(ctx context.Context, path string) (*looker, error) {
	f, err := vision.Open(ctx, inceptionLooker, path)
	if err != nil {
		return nil, fmt.Errorf("--inception: %w", err)
	}
	net := f.Network.(*vision.InceptionV3)
	return &looker{
		name: inceptionLooker, title: "Inception", sha256: f.SHA256, width: inceptionWidth, close: f.Close,
		sees: "the picture at 299×299, bilinear as in TensorFlow 1",
		look: network(299, images.TensorFlow1Bilinear, net.Scaling(), func(b *nn.Build, m nn.FeatureMap) []*G.Node {
			return []*G.Node{net.LogitsUnbiased(b, m), net.Pooled(b, m)}
		}),
	}, nil
}

func openDINOv2(ctx context.Context, path string) (*looker, error) {
	f, err := vision.Open(ctx, dinoLooker, path)
	if err != nil {
		return nil, fmt.Errorf("--dinov2: %w", err)
	}
	return &looker{
		name: dinoLooker, title: "DINOv2", sha256: f.SHA256, width: 384, close: f.Close,
		sees: "the whole picture at 224×224, Pillow's bicubic; the class token",
		look: network(224, images.PillowBicubic, f.Scaling(), func(b *nn.Build, m nn.FeatureMap) []*G.Node { return []*G.Node{f.Pooled(b, m)} }),
	}, nil
}

func openEmbeddings(ctx context.Context, path string) (*looker, error) {
	f, err := clip.Open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("--clip: %w", err)
	}
	v := f.Config.Vision
	return &looker{
		name: clipLooker, title: cmmdNetwork(f.Config), sha256: f.SHA256, width: f.Config.ProjectionDim, close: f.Close,
		sees: fmt.Sprintf("the whole picture at %d×%d, torch's bicubic without antialiasing", v.ImageSize, v.ImageSize),
		look: network(v.ImageSize, images.TorchBicubic, vision.Scaling{Mean: [3]float32(f.Colours.Mean), Deviation: [3]float32(f.Colours.Std)},
			func(b *nn.Build, m nn.FeatureMap) []*G.Node { return []*G.Node{f.ImageEmbeds(b, m)} }),
	}, nil
}

// cmmdNetwork is what a CLIP is called beside its distances.
func cmmdNetwork(c clip.Config) string {
	v := c.Vision
	size := map[int]string{768: "B", 896: "B+", 1024: "L"}[v.HiddenSize]
	if size == "" {
		size = fmt.Sprint(v.HiddenSize, " channels")
	}
	return fmt.Sprintf("CLIP %s/%d@%d", size, v.PatchSize, v.ImageSize)
}

func openLite0() (*looker, error) {
	s, err := newSight()
	if err != nil {
		return nil, err
	}
	return &looker{
		name: lite0Looker, title: "Lite0", sha256: lite0.SHA256, width: 1280, close: func() error { return nil },
		sees: "the whole picture at 224×224, Pillow's bilinear; not to be compared with KIDs of other networks",
		look: s.features,
	}, nil
}

// savedEvery is how often features are written down on the way.
const savedEvery = 20 * time.Second

// look has every network look at every picture that it has not seen, and compares those that IC-LPIPS is of.
func (g *Generation) look(ctx context.Context, all []*madeCategory, lookers []*looker, pairs *pairer) error {
	if err := os.MkdirAll(g.Out, 0o777); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	left := 0
	for _, l := range lookers {
		l.seen = map[string][]float32{}
		for _, c := range all {
			if err := l.recall(g.featureFile(l, c), c); err != nil {
				return err
			}
			left += len(l.unseen(c))
		}
	}
	if g.Merge {
		if left > 0 {
			return fmt.Errorf("--merge: %d pictures have not been looked at by some network: run the shards, or the same command without --merge", left)
		}
		return g.lookPairs(ctx, all, pairs)
	}
	bar := show.NewProgress(ctx, os.Stderr, float64(left))
	bar.Tenths = true
	bar.Begin("looked at ", "%d of %d pictures, ", left)
	defer bar.End()
	for _, l := range lookers {
		for _, c := range all {
			if err := l.lookAt(ctx, c, g.featureFile(l, c), bar); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	bar.End()
	return g.lookPairs(ctx, all, pairs)
}

// featureFile is where a network's features of a category are kept.
func (g *Generation) featureFile(l *looker, c *madeCategory) string {
	return filepath.Join(g.Out, "features", l.name, c.name+".safetensors")
}

// unseen are the pictures of a category that are not known, each once.
func (l *looker) unseen(c *madeCategory) (all []*specimen) {
	listed := map[string]bool{}
	for _, p := range c.specimens() {
		if l.seen[p.digest] == nil && !listed[p.digest] {
			listed[p.digest] = true
			all = append(all, p)
		}
	}
	return all
}

// lookAt looks at the pictures of a category, and keeps what it has seen where it is stopped.
func (l *looker) lookAt(ctx context.Context, c *madeCategory, file string, bar *show.Progress) error {
	todo := l.unseen(c)
	if len(todo) == 0 {
		return nil
	}
	saved := time.Now()
	for _, p := range todo {
		picture, err := images.ReadFS(ctx, p.root, p.picture)
		if err == nil {
			l.seen[p.digest], err = l.look(ctx, picture)
		}
		if err != nil {
			delete(l.seen, p.digest)
			return errors.Join(fmt.Errorf("%s: %w", p.picture, err), l.keep(file, c))
		}
		bar.Step(1, "")
		if time.Since(saved) > savedEvery {
			if err := l.keep(file, c); err != nil {
				return err
			}
			saved = time.Now()
		}
	}
	return l.keep(file, c)
}

// of are the features of pictures, which were all looked at.
func (l *looker) of(pictures []*specimen) [][]float32 {
	all := make([][]float32, len(pictures))
	for i, p := range pictures {
		all[i] = l.seen[p.digest]
	}
	return all
}
