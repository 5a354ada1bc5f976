// Package anomalyany makes pictures of defects that nobody has photographed, each
// with its mask, from one normal photograph and a sentence: AnomalyAny (Sun et
// al., "Unseen Visual Anomaly Generation", CVPR 2025, arXiv 2406.01078). Nothing
// is trained.
//
// The latent starts from the encoded photograph with noise (the normal sample
// condition). Before each denoising step it moves down the gradient of a loss
// that asks the attention of the defect's word to be strong somewhere inside
// the mask (attention-guided optimisation), by a step that shrinks as the
// attention gets concentrated (the localisation-aware scheduler). In the last
// steps the picture and the prompt's embedding are refined by CLIP
// (prompt-guided refinement).
//
// Such a defect lies somewhere in a mask. Options.Fill adds a loss of our own that has
// it fill the mask's shape (fill.go).
//
// That is the paper's algorithm, preset Paper. The code that was released with
// it computes something else, preset Released: it starts late in a run of PNDM,
// and before each step moves latent and embedding ten times by small amounts; six
// steps down the attention's loss alone come before the first one only.
//
// A Generator is compiled for a prompt and a size. Photographs of that size are
// encoded with their masks, and each seed makes another picture of one:
//
//	g, err := anomalyany.New(ctx, pipeline, height, width, options)
//	photograph, err := g.Encode(ctx, picture, mask)
//	result, err := g.Run(ctx, photograph, seed, nil)
//
// Finish says where the defect is and brings the photograph back around it.
//
// The package uses nothing of the library that another program could not.
package anomalyany
