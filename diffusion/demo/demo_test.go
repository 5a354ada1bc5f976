package demo_test

import (
	"context"
	"fmt"
	"image"
	"io/fs"
	"log"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// A picture of a prompt.
func ExampleOpen() {
	ctx := context.Background()
	p, err := demo.Open(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	picture, err := p.Generate(ctx, "a photo of a red bottle cap", diffusion.GenerateOptions{
		Height: 128, Width: 128, Guidance: 3, Steps: 10, // fewer than are good
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(picture.Shape())
	// Output: (1, 3, 128, 128)
}

// TestPicture has one of a size that the model takes, and gives it to everybody anew.
func TestPicture(t *testing.T) {
	p, err := demo.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	picture := demo.Picture()
	if err := p.CheckPicture(images.ForModel(picture)); err != nil {
		t.Error(err)
	}
	if size := picture.Rect; size != image.Rect(0, 0, 128, 128) || !picture.Opaque() {
		t.Errorf("a picture of %v, opaque %t", size, picture.Opaque())
	}
	corner := picture.RGBAAt(0, 0)
	clear(picture.Pix)
	if got := demo.Picture().RGBAAt(0, 0); got != corner {
		t.Errorf("after the first picture was changed the next begins with %v, want %v", got, corner)
	}
	if p.CLIP == nil {
		t.Error("the model has no CLIP")
	}
}

// TestSize keeps what an importer carries small.
func TestSize(t *testing.T) {
	const most = 32 << 20
	total := int64(0)
	err := fs.WalkDir(demo.FS(), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > most {
		t.Errorf("the model has %d bytes, more than %d", total, most)
	}
	if _, err := fs.Stat(demo.FS(), "README.md"); err != nil {
		t.Errorf("there is no model card: %v", err)
	}
}
