package clip

import (
	"fmt"
	"slices"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// Text is a CLIPTextModel, text_model in a CLIPModel: token ids [B, T] to a vector
// for each token, [B, T, C] with C = hidden_size.
type Text struct {
	Embeddings     TextEmbeddings
	Encoder        Encoder
	FinalLayerNorm nn.LayerNorm

	Config TextConfig `weight:"-"`
}

// TextEmbeddings turns tokens into vectors, embeddings: a learned one of each token,
// to which that of its position is added, [B, T] to [B, T, C].
type TextEmbeddings struct {
	TokenEmbedding    nn.Embedding // [vocab_size, C]
	PositionEmbedding nn.Embedding // [max_position_embeddings, C]
}

// NewText returns a text encoder without weights: nn.Load or nn.Randomize gives it
// some. The error is that of c.Validate, as nn.ErrArgument.
func NewText(c TextConfig) (*Text, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("clip: text encoder: %w%.0w", err, nn.ErrArgument)
	}
	return newText(c), nil
}

func newText(c TextConfig) *Text {
	return &Text{
		Embeddings: TextEmbeddings{
			TokenEmbedding:    nn.NewEmbedding(c.VocabSize, c.HiddenSize),
			PositionEmbedding: nn.NewEmbedding(c.MaxPositions, c.HiddenSize),
		},
		Encoder:        newEncoder(c.HiddenSize, c.Intermediate, c.Layers, c.Heads, c.HiddenAct, c.LayerNormEps),
		FinalLayerNorm: nn.NewLayerNorm(c.HiddenSize, c.LayerNormEps),
		Config:         c,
	}
}

// Forward returns the last hidden states of texts, after the final norm:
// [B, T, hidden_size]. ids are token ids [B, T], whole numbers stored as float32; T
// is at most max_position_embeddings. Other shapes are a panic, which nn.Compile
// turns into an error.
func (t *Text) Forward(b *nn.Build, ids *G.Node) *G.Node {
	if s := ids.Shape(); len(s) != 2 {
		panic(fmt.Sprintf("clip: token ids of shape %v, want [batch, at most %d]", s, t.Config.MaxPositions))
	}
	return t.Encode(b, t.Embed(b, ids))
}

// Embed returns the learned vectors of tokens, ids [B, T] as Forward takes them:
// [B, T, hidden_size], without those of their positions. Vectors that were learned
// for something else may take the place of some of them.
func (t *Text) Embed(b *nn.Build, ids *G.Node) *G.Node {
	return t.Embeddings.TokenEmbedding.Lookup(ids)
}

// Encode returns the last hidden states of texts whose tokens have the given
// vectors, [B, T, hidden_size] to the same shape, after the final norm. It is
// differentiable in them. No token sees later ones, so T may end where the text does.
func (t *Text) Encode(b *nn.Build, vectors *G.Node) *G.Node {
	if s := vectors.Shape(); len(s) != 3 || s[1] > t.Config.MaxPositions || s[2] != t.Config.HiddenSize {
		panic(fmt.Sprintf("clip: tokens of shape %v, want [batch, at most %d, %d]", s, t.Config.MaxPositions, t.Config.HiddenSize))
	}
	x := t.Embeddings.PositionEmbedding.AddPositions(vectors)
	x = t.Encoder.forward(b, "text_model.encoder", x, true)
	return t.FinalLayerNorm.Forward(x)
}

// PooledPosition returns the position in a text's token ids whose hidden state
// stands for the whole text: that of the first end token, or 0 if there is none.
// Published files older than transformers 4.30 say eos_token_id 2, which is no end
// token; for them it is the first position of the highest id below vocab_size, as
// their models were trained. Ids from there on are of words that were learned
// (Tokenizer.With), which end nothing.
func (c TextConfig) PooledPosition(ids []int32) int {
	const legacyEOS = 2
	pooled := int32(c.EOSTokenID)
	if c.EOSTokenID == legacyEOS && len(ids) > 0 {
		pooled = 0
		for _, id := range ids {
			if int(id) < c.VocabSize {
				pooled = max(pooled, id)
			}
		}
	}
	return max(slices.Index(ids, pooled), 0) // 0 as torch's argmax over a row of zeros
}
