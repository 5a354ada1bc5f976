package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// profile is a small colour profile about a space, without a name.
func profile(space string) images.Profile {
	p := make([]byte, 132)
	copy(p[12:], "mntr")
	copy(p[16:], space)
	copy(p[36:], "acsp")
	binary.BigEndian.PutUint32(p, uint32(len(p)))
	return p
}

// TestGreyAndProfile: the picture of a grey photograph is grey, has its profile, and the record says both; the heat
// map stays coloured.
func TestGreyAndProfile(t *testing.T) {
	f := small(t)
	photograph, err := images.Read(t.Context(), f.Image)
	if err != nil {
		t.Fatal(err)
	}
	grey := images.Colours{Grey: true, Profile: profile("GRAY")}
	data, err := grey.EncodePNG(images.Desaturate(photograph), nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Image = filepath.Join(t.TempDir(), "nut.png")
	if err := os.WriteFile(f.Image, data, 0o600); err != nil {
		t.Fatal(err)
	}
	runAll(t, f)

	p, err := images.ReadPhotograph(t.Context(), filepath.Join(f.Out, "hazelnut-crack-0000.png"))
	if err != nil {
		t.Fatal(err)
	}
	if !p.Grey || string(p.Profile) != string(grey.Profile) {
		t.Errorf("the picture's colours are %q", p.Colours)
	}
	if heat := readPicture(t, f, "hazelnut-crack-0000-heat.png"); images.IsGrey(heat) {
		t.Error("the heat map is grey")
	}
	if r := readRecord(t, f, "hazelnut-crack-0000.json"); !strings.HasSuffix(r.Fit, `, grey, colour profile "unnamed"`) {
		t.Errorf("the record says of the photograph %q", r.Fit)
	}
}

// TestColoursStay: the picture of a photograph with colours has colours, and its profile.
func TestColoursStay(t *testing.T) {
	f := small(t)
	photograph, err := images.Read(t.Context(), f.Image)
	if err != nil {
		t.Fatal(err)
	}
	rgb := images.Colours{Profile: profile("RGB ")}
	data, err := rgb.EncodePNG(photograph, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Image = filepath.Join(t.TempDir(), "nut.png")
	if err := os.WriteFile(f.Image, data, 0o600); err != nil {
		t.Fatal(err)
	}
	runAll(t, f)
	onPage, err := filepath.Glob(filepath.Join(f.Out, "photograph-*-profile.png"))
	if err != nil || len(onPage) != 1 {
		t.Fatalf("the photograph on the page is %q, error %v", onPage, err)
	}
	for _, name := range []string{"hazelnut-crack-0000.png", "hazelnut-crack-0000-heat.png", filepath.Base(onPage[0])} {
		p, err := images.ReadPhotograph(t.Context(), filepath.Join(f.Out, name))
		if err != nil || p.Grey || string(p.Profile) != string(rgb.Profile) {
			t.Errorf("%s: its colours are %q, error %v", name, p.Colours, err)
		}
	}
	mask, err := images.ReadPhotograph(t.Context(), filepath.Join(f.Out, "hazelnut-crack-0000-mask.png"))
	if err != nil || mask.Profile != nil {
		t.Errorf("the mask has the profile %v, error %v", mask.Profile, err)
	}
}
