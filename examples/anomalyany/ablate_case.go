package main

import (
	"context"
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/examples/demo/judge"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// finding is what was measured of one drawing in one variant. Numbers that
// there are none of, such as an overlap with nothing, are null.
type finding struct {
	Variant string     `json:"variant"`
	Subject string     `json:"subject"`
	Defect  string     `json:"defect"` // that was asked for
	Drawing uint64     `json:"drawing"`
	Runs    []runFound `json:"runs"`

	// How far the pictures of two seeds lie apart, the mean over all pairs of
	// them: the root mean squared difference inside the annotations of either,
	// and 1 less the cosine of their CLIP embeddings.
	Spread     *float64 `json:"spread"`
	SpreadCLIP *float64 `json:"spread_clip"`

	Reference reference `json:"reference"`
}

// runFound is what was measured of one generated picture.
type runFound struct {
	Seed  uint64 `json:"seed"`
	Judge string `json:"judge"` // the defect that the judge finds, empty where it finds none

	// Of the picture outside, which is what lies more than margin pixels from
	// the annotation and from what the judge calls defective: how like it is to
	// the photograph that was encoded and decoded, and to the photograph; and
	// which share of the picture it is.
	Outside      *float64 `json:"outside_psnr"`
	OutsideDrawn *float64 `json:"outside_psnr_drawn"`
	OutsideShare float64  `json:"outside_share"`

	// The annotation, against what the judge calls defective where it finds a defect.
	IoU   *float64 `json:"iou"`
	AUROC *float64 `json:"auroc"` // of the soft map
	Area  float64  `json:"area"`  // share of the picture that is annotated
}

// reference is what can be had without the algorithm: of the drawing without and
// with the defect, both encoded and decoded.
type reference struct {
	PSNR   float64  `json:"psnr"`   // of the drawing without the defect
	Normal string   `json:"normal"` // the defect that the judge finds in it
	Drawn  string   `json:"drawn"`  // and in the drawing with the defect
	IoU    *float64 `json:"iou"`    // of the judge with the truth there
}

// margin is how far the outside is from what was annotated or judged defective,
// in pixels: the side of a latent's cell, which cannot change by halves.
const margin = 8

// measure makes the pictures of a piece of work and measures them.
func (b *bench) measure(ctx context.Context, w work) (*finding, error) {
	normal, defective := w.trial.Normal(b.spec.Size), w.trial.Defective(b.spec.Size)
	f := &finding{Variant: w.variant.name, Subject: w.trial.Subject.Name, Defect: w.trial.Defect.Name, Drawing: w.trial.Seed}
	photograph := trial.Picture(normal)
	kept, err := b.coded(ctx, photograph)
	if err != nil {
		return nil, err
	}
	if f.Reference, err = b.reference(ctx, photograph, kept, defective); err != nil {
		return nil, err
	}
	g, err := anomalyany.New(ctx, b.model.Pipeline, b.spec.Size, b.spec.Size, b.options(w, defective))
	if err != nil {
		return nil, err
	}
	in, err := g.Encode(ctx, photograph, nil)
	if err != nil {
		return nil, err
	}
	var made []generated
	for i := range w.runs {
		seed := w.first + uint64(i)
		r, err := g.Run(ctx, in, seed, nil)
		if err != nil {
			return nil, fmt.Errorf("seed %d: %w", seed, err)
		}
		picture := metric.Clamped(r.Image)
		v, err := b.judge.Judge(ctx, picture)
		if err != nil {
			return nil, err
		}
		found := compare(picture, photograph, kept, r, v)
		found.Seed = seed
		f.Runs = append(f.Runs, found)
		one := generated{picture: picture, mask: r.Mask}
		if one.embedding, err = b.model.CLIPImage(ctx, picture); err != nil {
			return nil, err
		}
		made = append(made, one)
		if err := b.save(w, seed, picture); err != nil {
			return nil, err
		}
	}
	f.Spread, f.SpreadCLIP = spread(made)
	return f, nil
}

// options are those of the Spec and the variant for a drawing's words.
func (b *bench) options(w work, defective world.Drawing) anomalyany.Options {
	of := b.spec
	of.Object, of.Anomaly = w.trial.Subject.Name, []string{w.trial.Defect.Name}
	of.Prompt, of.Detail = orDefault(of.Prompt, defective.Caption), orDefault(of.Detail, defective.Detail)
	w.variant.change(&of)
	return of.options()
}

// coded is a picture as the autoencoder knows it.
func (b *bench) coded(ctx context.Context, picture *gt.Dense) (*gt.Dense, error) {
	z, err := b.model.EncodeImage(ctx, picture)
	if err != nil {
		return nil, err
	}
	x, err := b.model.Decode(ctx, z)
	if err != nil {
		return nil, err
	}
	return metric.Clamped(x), nil
}

func (b *bench) reference(ctx context.Context, photograph, kept *gt.Dense, defective world.Drawing) (reference, error) {
	r := reference{PSNR: metric.PSNR(kept, photograph, nil)}
	v, err := b.judge.Judge(ctx, kept)
	if err != nil {
		return r, err
	}
	r.Normal = v.Defect
	drawn, err := b.coded(ctx, trial.Picture(defective))
	if err != nil {
		return r, err
	}
	if v, err = b.judge.Judge(ctx, drawn); err != nil {
		return r, err
	}
	r.Drawn, r.IoU = v.Defect, show.Number(metric.IoU(v.Mask, trial.Mask(defective)))
	return r, nil
}

// compare measures a generated picture.
func compare(picture, photograph, kept *gt.Dense, r *anomalyany.Result, v judge.Verdict) runFound {
	s := picture.Shape()
	either, defective, positive := make([]float32, len(r.Mask)), make([]bool, len(r.Mask)), 0
	soft := make([]float64, len(r.SoftMap))
	for i, v := range r.SoftMap {
		soft[i] = float64(v)
	}
	for i, m := range r.Mask {
		either[i] = max(m, v.Mask[i])
		if defective[i] = v.Mask[i] == 1; m == 1 {
			positive++
		}
	}
	outside, left := metric.Dilated(either, s[2], s[3], margin), 0
	for i, m := range outside {
		if outside[i] = 1 - m; outside[i] == 1 {
			left++
		}
	}
	f := runFound{
		Judge:   v.Defect,
		Outside: show.Number(metric.PSNR(picture, kept, outside)), OutsideDrawn: show.Number(metric.PSNR(picture, photograph, outside)),
		OutsideShare: float64(left) / float64(len(outside)), Area: float64(positive) / float64(len(outside)),
	}
	if v.Defect != "" {
		f.IoU = show.Number(metric.IoU(r.Mask, v.Mask))
		if auroc, err := metric.AUROC(soft, defective); err == nil { // none where the judge's mask is empty
			f.AUROC = &auroc
		}
	}
	return f
}

// generated is what the pictures of two seeds are compared by.
type generated struct {
	picture   *gt.Dense
	mask      []float32
	embedding *gt.Dense
}

// spread is how far pictures lie apart: see finding.
func spread(all []generated) (rmse, clip *float64) {
	var pictures []*gt.Dense
	var masks [][]float32
	var apart show.Mean
	for i, a := range all {
		pictures, masks = append(pictures, a.picture), append(masks, a.mask)
		for _, b := range all[:i] {
			apart.Add(show.Number(1 - diffusion.Cosine(a.embedding, b.embedding)))
		}
	}
	return show.Number(metric.Spread(pictures, masks)), apart.Value()
}

// pictureName is where a generated picture goes, in the output directory.
func (w work) pictureName(seed uint64) string {
	return fmt.Sprintf("%s/%s-%s-%d.png", w.variant.name, world.FileName(w.trial.Subject.Name), world.FileName(w.trial.Defect.Name), seed)
}

func (b *bench) save(w work, seed uint64, picture *gt.Dense) error {
	rgb, err := images.FromModel(picture)
	if err != nil {
		return err
	}
	data, err := images.EncodePNG(rgb, nil)
	if err != nil {
		return err
	}
	return b.folder.put(shared{w.pictureName(seed), data})
}
