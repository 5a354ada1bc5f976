package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/vae"
)

func TestPreviewFlags(t *testing.T) {
	for _, c := range []struct {
		flags Preview
		want  string // of the error, "" for none
	}{
		{Preview{}, ""},
		{Preview{Every: 5}, ""},
		{Preview{Every: 5, Tiny: Tiny{"taesd"}}, ""},
		{Preview{Every: -1}, "--preview is -1, want 0 to 1000"},
		{Preview{Tiny: Tiny{"taesd"}}, "--taesd decodes previews, and there are none: give --preview K"},
	} {
		err := c.flags.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.flags, err, c.want)
		}
		if got := len(c.flags.OpenTiny()) == 1; got != (c.flags.TAESD != "") {
			t.Errorf("%+v: opened %t", c.flags, got)
		}
	}
}

// TestPreviewNeedsColours refuses what no colours are known of, before the work.
func TestPreviewNeedsColours(t *testing.T) {
	p := &diffusion.Pipeline{VAE: &vae.Model{Config: vae.Config{LatentChannels: 8}}}
	if err := (&Preview{Every: 1}).Check(p); !errors.Is(err, diffusion.ErrArgument) || !strings.Contains(err.Error(), "the model's have 8") || !strings.Contains(err.Error(), "--taesd") {
		t.Errorf("8 channels: %v", err)
	}
	if err := (&Preview{}).Check(p); err != nil {
		t.Errorf("none wanted: %v", err)
	}
	p.TAESD = &diffusion.TAESD{}
	if err := (&Preview{Every: 1}).Check(p); err != nil {
		t.Errorf("with a tiny autoencoder: %v", err)
	}
}

func TestWarnOfXL(t *testing.T) {
	var said strings.Builder
	tiny := Tiny{"models/taesdxl"}
	tiny.WarnOfXL(&said, nil)
	tiny.WarnOfXL(&said, &diffusion.Pipeline{})
	tiny.WarnOfXL(&said, &diffusion.Pipeline{TAESD: &diffusion.TAESD{}})
	if said.Len() > 0 {
		t.Errorf("said %q", &said)
	}
	tiny.WarnOfXL(&said, &diffusion.Pipeline{TAESD: &diffusion.TAESD{SeemsXL: true}})
	if !strings.Contains(said.String(), "models/taesdxl is by its name for Stable Diffusion XL") {
		t.Errorf("said %q", &said)
	}
}
