// Package generate makes defective pictures of normal ones in other ways than AnomalyAny: by pasting, blending and
// disturbing pixels, which takes no model, and by a diffusion model that is made to err or shown an example. Each method is an
// anomaly.Generator: a normal picture and a source of draws in, the picture with its mask out, and all that it takes
// to make it again.
//
//	nsa.go          NSA: patches of another picture, resized and blended in by their gradients; its files are listed there
//	cutpaste.go     CutPaste: a patch of the picture, pasted elsewhere; cutpaste_patch.go how it is cut, turned and laid down
//	jitter.go       its change of colours
//
//	draem.go        DRAEM: a texture, the part in disorder, or noise showing through it; draem_options.go as five programs have it
//	augment.go      ten changes of textures; augment_colour.go those of colours
//	textures.go     the pictures of a folder
//
//	sdas.go         SDAS: a diffusion model that is made to err, blended in
//	sdas_model.go   the model's picture
//	sdas_step.go    the step that makes it err
//
//	anomalydiffusion.go            AnomalyDiffusion: a defect that was learned from a few pictures, made where a mask says
//	anomalydiffusion_run.go        the model's picture
//	anomalydiffusion_attention.go  learned words that get more attention; anomalydiffusion_weights.go how much more, and where
//	anomalydiffusion_learned.go    what is learned; anomalydiffusion_file.go in files
//	anomalydiffusion_masks.go      masks like those of the examples; anomalydiffusion_maskword.go that the model makes
//
//	o2mag.go            O2MAG: the defect of one example, by attention to it
//	o2mag_run.go        the model's picture
//	o2mag_attention.go  what the target attends to, and how loud the defect's words are
//	o2mag_invert.go     a picture taken back to noise
//	o2mag_learn.go      a prompt fitted to the example, and its file
//	o2mag_mask.go       masks at the size of a site
//
//	masks.go        where a blended defect is: Perlin noise, shapes, or a given place
//	perlin.go       the noise
//	rotate.go       turning it, and pictures
//	blend.go        one picture showing through another
//
//	preset.go       as the authors' code computes it, or without its faults
//	foreground.go   where the part lies in its picture; foreground_realnet.go by the data sets' own thresholds
//	call.go         what every method does before its own part and after it
//	bits.go         where something is in a picture
//	provenance.go   how a picture was made
//	errors.go       what a call does not take
//
// A method's options are a struct whose zero value is refused; a function beside it has the authors' numbers. Pictures
// may have any size from 16×16 pixels: lengths that the authors chose for pictures of 256×256 grow with the shorter side
// where an option says so.
package generate
