package vision

import (
	"context"
	"fmt"
	"strings"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
)

// VGG16 is the network of 16 layers of Simonyan and Zisserman (arXiv 1409.1556, configuration D, without batch norms) as
// torchvision has it: features.0 to features.28, each a convolution of 3×3 with ReLU behind it, max pools between them,
// and classifier.0, classifier.3 and classifier.6.
type VGG16 struct {
	Convs      [31]*nn.Conv2D `weight:"features"` // 64 to 512 channels; nil where torchvision counts a ReLU or a pool
	Classifier [7]*nn.Linear  // of 7×7 positions, channel by channel, to 4096, to 4096, to the 1000 classes of ImageNet
}

// vggName is the network's.
const vggName = "VGG16"

// vggWidths are the channels of the convolutions between the pools.
var vggWidths = [][]int{{64, 64}, {128, 128}, {256, 256, 256}, {512, 512, 512}, {512, 512, 512}}

// vggGrid is the height and width that its classifier reads.
const vggGrid = 7

// NewVGG16 returns the network without weights: Load, or nn.Randomize, gives it some.
func NewVGG16() *VGG16 { return newVGG16(1, 4096, 1000) }

// newVGG16 has the widths of all convolutions divided, and so many channels between the linear layers.
func newVGG16(by, hidden, classes int) *VGG16 {
	n, w := &VGG16{}, divided(by)
	in, at := 3, 0
	for _, widths := range vggWidths {
		for _, out := range widths {
			c := nn.NewConv2D(w.of(in), w.of(out), 3, 1)
			c.Act = kernels.ReLU
			n.Convs[at] = &c
			in, at = out, at+2
		}
		at++ // the pool
	}
	linear := func(in, out int) *nn.Linear { l := nn.NewLinear(in, out); return &l }
	n.Classifier[0], n.Classifier[3], n.Classifier[6] = linear(w.of(in)*vggGrid*vggGrid, hidden), linear(hidden, hidden), linear(hidden, classes)
	return n
}

// Scaling returns ImageNet.
func (n *VGG16) Scaling() Scaling { return ImageNet }

// Layers returns the names that Features takes: "features.1" to "features.30", those of the ReLUs and, "features.4",
// "features.9", "features.16", "features.23" and "features.30", of the max pools, each of which halves height and width,
// rounded down.
func (n *VGG16) Layers() []string { return names(n.stages()) }

// Features returns what the named layers make of a picture [B, H·W, 3], in the order of the names: "features.3",
// "features.8", "features.15", "features.22" and "features.29" are the last ones before a pool, with 64, 128, 256, 512 and
// 512 channels. Nothing behind the last one enters the graph. A name that Layers has not, and a picture of another shape,
// are a panic, which nn.Compile turns into an error.
func (n *VGG16) Features(b *nn.Build, picture nn.FeatureMap, layers ...string) []nn.FeatureMap {
	check(vggName, picture)
	return features(vggName, picture, n.stages(), layers)
}

// Pooled returns what classifier.6 reads, [B, 4096], no number below 0: classifier.3 behind a ReLU. A last feature map that
// has not 7×7 positions, which it has of a picture of 224×224 pixels, is averaged to that, as torchvision does.
func (n *VGG16) Pooled(b *nn.Build, picture nn.FeatureMap) *G.Node {
	check(vggName, picture)
	x := through(picture, n.stages())
	if x.H != vggGrid || x.W != vggGrid {
		x = nn.FeatureMap{X: nn.Resample(x.X, x.H, x.W, binTaps(x.H, vggGrid), binTaps(x.W, vggGrid)), H: vggGrid, W: vggGrid}
	}
	s := x.X.Shape()
	flat := nn.Reshape(nn.ChannelsFirst(x.X, x.H, x.W), s[0], s[1]*s[2])
	return nn.ReLU(n.Classifier[3].Forward(nn.ReLU(n.Classifier[0].Forward(flat))))
}

// Logits returns what the network says of each class, [B, 1000], before a softmax.
func (n *VGG16) Logits(b *nn.Build, picture nn.FeatureMap) *G.Node {
	return n.Classifier[6].Forward(n.Pooled(b, picture))
}

func (n *VGG16) stages() []stage {
	var all []stage
	for i, c := range n.Convs {
		switch {
		case c != nil:
			all = append(all, stage{fmt.Sprint("features.", i+1), c.Forward})
		case i > 1 && n.Convs[i-2] != nil && n.Convs[i-1] == nil:
			all = append(all, stage{fmt.Sprint("features.", i), largestOfFour})
		}
	}
	return all
}

// largestOfFour is a max pool of 2×2, stride 2.
func largestOfFour(x nn.FeatureMap) nn.FeatureMap {
	return nn.MaxPool(x, kernels.PoolShape{KH: 2, KW: 2, Stride: 2})
}

// binTaps averages a line in as many bins as out says, which overlap where they must (torch's adaptive_avg_pool2d).
func binTaps(in, out int) kernels.Taps {
	t := kernels.Taps{In: in, Out: out}
	for i := range out {
		first, end := i*in/out, ((i+1)*in+out-1)/out
		weight := make([]float32, end-first)
		for k := range weight {
			weight[k] = 1 / float32(len(weight))
		}
		t.Start, t.Count, t.Weight = append(t.Start, first), append(t.Count, len(weight)), append(t.Weight, weight)
	}
	return t
}

// Load gives the network the weights of a source by the names of torchvision, or by timm's. One error, tensor.ErrDamaged,
// lists all that does not fit; of another architecture, such as VGG19, it says which that looks like.
func (n *VGG16) Load(ctx context.Context, src nn.Source) error {
	if src != nil {
		src = flatVGG{src}
	}
	return load(ctx, n, vggName, src, nn.WithRename(vggFromTimm))
}

// vggFromTimm translates the names of timm's classifier.
func vggFromTimm(name string) string {
	for timm, own := range map[string]string{"pre_logits.fc1.": "classifier.0.", "pre_logits.fc2.": "classifier.3.", "head.fc.": "classifier.6."} {
		if rest, ok := strings.CutPrefix(name, timm); ok {
			return own + rest
		}
	}
	return name
}

// flatVGG is a source in which timm's first linear layer, a convolution of 7×7 there, has torchvision's shape.
type flatVGG struct{ nn.Source }

// Get is part of nn.Source.
func (s flatVGG) Get(name string) (*gt.Dense, error) {
	d, err := s.Source.Get(name)
	if err != nil || name != "pre_logits.fc1.weight" || d == nil || d.Dims() != 4 {
		return d, err
	}
	flat, shape := d.ShallowClone(), d.Shape()
	return flat, flat.Reshape(shape[0], shape[1]*shape[2]*shape[3])
}

// Paths and Forget are those of the source, if it has them: it may be a mapped file.
func (s flatVGG) Paths() []string {
	if files, ok := s.Source.(interface{ Paths() []string }); ok {
		return files.Paths()
	}
	return nil
}

// Forget is described at Paths.
func (s flatVGG) Forget(name string) {
	if f, ok := s.Source.(interface{ Forget(name string) }); ok {
		f.Forget(name)
	}
}
