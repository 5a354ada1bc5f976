package main

import (
	"context"
	"fmt"
	"image"
	"strconv"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
)

const program = "txt2img" // of the pictures' seals

// identity is everything that makes the pictures of a job what they are but
// their seeds.
func (j *job) identity() (files.Identity, error) {
	f := j.flags
	weights, err := files.Fingerprint(j.pipeline.Files()...)
	if err != nil {
		return nil, err
	}
	id := files.Identity{
		"--model": j.modelName() + ", " + weights, "the configuration of --model": files.Together(j.pipeline.Texts()), "--prediction-type": j.config.PredictionType,
		"--prompt": f.Prompt, "--negative": f.Negative, "--guidance": strconv.FormatFloat(f.Guidance, 'g', -1, 64),
		"--scheduler": j.samplerName(), "--steps": strconv.Itoa(f.Steps), "--noise": f.Noise, "--precision": f.Precision,
		"the size": fmt.Sprintf("%d×%d", j.width, j.height), "--image": "", "--mask": "", "--paste": strconv.FormatBool(f.Paste),
		"--strength": strconv.FormatFloat(f.strength(), 'g', -1, 64),
	}
	if f.Eta != nil {
		id["--eta"] = strconv.FormatFloat(*f.Eta, 'g', -1, 64)
	}
	if f.Spacing != "" {
		id["--spacing"] = f.Spacing
	}
	if j.picture != nil {
		id["--image"] = "the picture " + files.Short(files.SHA256(j.picture.Pix))
	}
	if words := cli.Identity(j.pipeline.Embeddings()); words != "" {
		id["--embedding"] = words
	}
	if j.mask != nil {
		white := make([]byte, len(j.mask))
		for i, v := range j.mask {
			white[i] = byte(v)
		}
		id["--mask"] = "the mask " + files.Short(files.SHA256(white))
	}
	return id, nil
}

// of is the identity of one picture.
func of(id files.Identity, seed uint64) files.Identity {
	one := files.Identity{"--seed": strconv.FormatUint(seed, 10)}
	for name, value := range id {
		one[name] = value
	}
	return one
}

// check refuses to overwrite what is not this program's, was edited since, or
// was made with other options.
func (j *job) check(ctx context.Context) (err error) {
	if j.id, err = j.identity(); err != nil {
		return err
	}
	if j.preview, err = show.NewPreview(ctx, j.flags.Every, j.folder.Path(show.PreviewName), program, j.pipeline.DecodePreview); err != nil {
		return err
	}
	for i := range j.flags.N {
		if err := ctx.Err(); err != nil {
			return err
		}
		seed := j.flags.Seed + uint64(i)
		path := j.folder.Path(j.name(seed))
		if err := show.CheckSealed(ctx, path, program, of(j.id, seed), j.flags.Overwrite); err != nil && !j.madeBefore(ctx, path, seed) {
			return err
		}
	}
	return nil
}

// madeBefore reports whether a file is the same picture from an earlier version of
// the program, which wrote no seals: of a prompt alone the parameters are all
// that makes it.
func (j *job) madeBefore(ctx context.Context, path string, seed uint64) bool {
	texts, err := images.ReadPNGText(ctx, path)
	return err == nil && j.picture == nil && len(texts) == 1 && texts[0] == images.Text{Key: "parameters", Value: j.parameters(seed)}
}

// writeSealed writes a picture that the program knows again.
func (j *job) writeSealed(name string, picture *image.RGBA, id files.Identity, texts ...images.Text) error {
	path := j.folder.Path(name)
	data, err := show.EncodeSealed(picture, texts, program, id)
	if err == nil {
		err = files.Write(path, data)
	}
	if err != nil {
		return fmt.Errorf("picture %s: %w", path, err)
	}
	return nil
}
