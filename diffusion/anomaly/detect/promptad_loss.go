package detect

import (
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// What PromptAD's prompts are trained by: losses of the prompts' embeddings, beside those of pictures, which stay as they
// are. In the paper's symbols, with unit vectors y of pictures, n̄ and ā the directions of the mean normal and the mean
// abnormal embedding:
//
//	cross-entropy  of τ·[cos(y, n̄), cos(y, each abnormal)], the first being right
//	triplet        mean of relu(‖y - n̄‖² - ‖y - ā‖²)
//	match          ‖mean of the hand-written - mean of the learned‖², of unit vectors; it counts a thousandth
//
// τ is CLIP's logit_scale as it stands in the file, which is the logarithm of what cosines are multiplied by in CLIP's own
// training: the released code forgets the exponential. In the training for pixels the triplet's squares are summed over a
// picture's tokens and not over the numbers of a vector, as they are there.

// matchWeight is the paper's λ.
const matchWeight = 0.001

// subject is what prompts are trained for: pictures, normal ones and, of this project's own, generated defective ones.
type subject struct {
	pixels bool    // the vectors are those of tokens, else of whole pictures
	tau    float32 // what cosines are multiplied by

	normal   []float32 // unit vectors of normal pictures, [pictures·each, width]
	pictures int       // how many
	each     int       // vectors of one
	width    int

	defective []float32 // unit vectors of generated pictures, [pictures·each, width]; nil for none
	cells     []float32 // of pixels: 1 where a token is defective, 0 elsewhere, [pictures·each]
}

// texts are the embeddings of prompts, all but the last of unit vectors.
type texts struct {
	normal, abnormal *G.Node // n̄ and ā, [1, width]
	each             *G.Node // of all abnormal prompts, [n, width]
	match            *G.Node // scalar
}

// textsOf reads the embeddings of prompts, as features has them.
func (p *prompting) textsOf(features *G.Node) texts {
	from := func(lo, hi int) *G.Node {
		all := make([]int, hi-lo)
		for i := range all {
			all[i] = lo + i
		}
		return nn.Entries(features, all...)
	}
	abnormal := from(p.normal, p.count())
	written := meanRow(unitRows(from(p.normal, p.normal+p.written)))
	apart := nn.Add(written, nn.Scale(meanRow(unitRows(from(p.normal+p.written, p.count()))), -1))
	return texts{
		normal:   unitRows(meanRow(from(0, p.normal))),
		abnormal: unitRows(meanRow(abnormal)),
		each:     unitRows(abnormal),
		match:    nn.Dot(apart, apart),
	}
}

// losses of a training's step, scalars.
type losses struct{ crossEntropy, triplet, match, total *G.Node }

// losses compares the subject's pictures with texts.
func (s *subject) losses(b *nn.Build, t texts) losses {
	y := b.Constant("normal pictures", s.normal, s.pictures*s.each, s.width)
	right := nn.SliceChannels(s.softmax(y, joinEntries(t.normal, t.each)), 0, 1)
	l := losses{crossEntropy: nn.Scale(nn.Mean(logarithm(right)), -1), match: t.match, triplet: s.triplet(b, t)}
	l.total = nn.Add(nn.Add(l.crossEntropy, l.triplet), nn.Scale(l.match, matchWeight))
	if s.defective != nil {
		l.total = nn.Add(l.total, s.generated(b, t))
	}
	return l
}

// softmax is that of τ·cos of unit vectors with those of texts, [n, texts].
func (s *subject) softmax(y, texts *G.Node) *G.Node {
	return nn.Softmax(nn.Scale(G.Must(G.Mul(y, G.Must(G.Transpose(texts)))), s.tau))
}

// triplet uses that Σ (y - n̄)² - (y - ā)² = Σ 2y·(ā - n̄) + n̄² - ā², over which of the axes the sum may run.
func (s *subject) triplet(b *nn.Build, t texts) *G.Node {
	away := nn.Add(t.abnormal, nn.Scale(t.normal, -1))
	if !s.pixels {
		y := b.Constant("pictures", s.normal, s.pictures, s.width)
		further := G.Must(G.Mul(y, nn.Reshape(away, s.width, 1))) // n̄² - ā² = 0 for unit vectors
		return nn.Mean(nn.ReLU(nn.Scale(further, 2)))
	}
	sums := make([]float32, s.pictures*s.width)
	for i, v := range s.normal {
		sums[i/(s.each*s.width)*s.width+i%s.width] += v
	}
	y := b.Constant("sums over tokens", sums, s.pictures, s.width)
	squares := nn.Add(nn.Mul(t.normal, t.normal), nn.Scale(nn.Mul(t.abnormal, t.abnormal), -1))
	row := func(x *G.Node) *G.Node { return nn.Entries(x, make([]int, s.pictures)...) }
	difference := nn.Add(nn.Scale(nn.Mul(y, row(away)), 2), nn.Scale(row(squares), float32(s.each)))
	return nn.Mean(nn.ReLU(difference))
}

// generated is what this project adds: defective pictures are to look abnormal. Of whole pictures it is the cross-entropy
// of τ·[cos(y, n̄), cos(y, ā)], the second being right; of tokens the focal loss (Lin et al., ICCV 2017, γ = 2, both
// classes alike) and the Dice loss of the second's share, picture by picture, 1 - (2Σpt + 1)/(Σp + Σt + 1).
func (s *subject) generated(b *nn.Build, t texts) *G.Node {
	n := len(s.defective) / s.width
	y := b.Constant("defective pictures", s.defective, n, s.width)
	p := nn.SliceChannels(s.softmax(y, joinEntries(t.normal, t.abnormal)), 1, 2)
	if !s.pixels {
		return nn.Scale(nn.Mean(logarithm(p)), -1)
	}
	return nn.Add(focal(p, s.cells), dice(p, s.cells, s.each))
}

// focal is the mean of -(1-q)²·log q, where q is the share of what is right: p where a cell is 1, 1-p where it is 0.
func focal(p *G.Node, cells []float32) *G.Node {
	sign, offset := make([]float32, len(cells)), make([]float32, len(cells))
	for i, c := range cells {
		sign[i], offset[i] = 2*c-1, 1-c
	}
	q := nn.AddConstant(nn.MulConstant(p, sign), offset)
	wrong := nn.Affine(q, -1, 1)
	return nn.Scale(nn.Mean(nn.Mul(nn.Mul(wrong, wrong), logarithm(q))), -1)
}

// dice is the mean of 1 - (2Σpt + 1)/(Σp + Σt + 1) over pictures of so many cells each.
func dice(p *G.Node, cells []float32, each int) *G.Node {
	n := len(cells) / each
	sum := func(x *G.Node) *G.Node { return nn.Scale(nn.MeanAxis(nn.Reshape(x, n, each), 1), float32(each)) }
	known := make([]float32, n)
	for i, c := range cells {
		known[i/each] += c
	}
	both := nn.Affine(sum(nn.MulConstant(p, cells)), 2, 1)
	either := nn.Affine(nn.AddConstant(sum(p), known), 1, 1)
	return nn.Affine(nn.Mean(G.Must(G.HadamardDiv(both, either))), -1, 1)
}

// logarithm is that of shares, which are above 0; one that float32 has no room for counts as 1e-30.
func logarithm(p *G.Node) *G.Node { return G.Must(G.Log(nn.Affine(p, 1, 1e-30))) }

// unitRows are rows divided by their Euclidean length.
func unitRows(x *G.Node) *G.Node {
	n := x.Shape()[0]
	length := G.Must(G.Sqrt(G.Must(G.Sum(nn.Mul(x, x), 1))))
	return G.Must(G.BroadcastHadamardDiv(x, nn.Reshape(length, n, 1), nil, []byte{1}))
}

// meanRow is the mean of rows, [1, width].
func meanRow(x *G.Node) *G.Node { return nn.Reshape(nn.MeanAxis(x, 0), 1, x.Shape()[1]) }
