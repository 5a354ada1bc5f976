package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// someProvenance is that of a picture whose files have short hashes.
func someProvenance(t *testing.T) Provenance {
	t.Helper()
	spec, err := parse(t, "--model=m", "--image=nut.png", "--mask=auto", "--object=hazelnut", "--anomaly=crack,hole", "--guidance=3.3", "--eta-e=1e-7",
		"--seed=3", "--n=2", "--out=elsewhere", "--keep=good", "--memory=2")
	if err != nil {
		t.Fatal(err)
	}
	return Provenance{
		Options: spec, Seed: 4, Prompt: "a photo of a hazelnut", Detail: "a nut",
		Inputs: map[string]string{"image": "00ff"}, Model: map[string]string{"unet": "1234", "vae": "5678"}, Texts: map[string]string{"config.json": "9abc"},
		Compute: "float32 avx2",
	}
}

// TestCarriedText is what files carry from version to version, byte for byte.
func TestCarriedText(t *testing.T) {
	p := someProvenance(t)
	p.Options.Kept = Kept{KeepPart: true, Margin: 6, Feather: 4, Blend: 0.45}
	texts, err := p.texts()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"format":1,"options":{"anomaly":["crack","hole"],"articles":"fitting","blend":0.45,"categories":"","category":"","clip":"","defect":"","detail":"","eta_e":1e-7` +
		`,"feather":4,"fill":0,"gamma":0.25,"guidance":3.3,"image":"nut.png","keep_part":true,"lambda":20,"map_factor":4,"margin":6,"mask":"auto","memory":2,"model":"m","mu":1,"negative":""` +
		`,"no_attention":false,"no_condition":false,"no_refine":false,"no_scheduler":false,"normal":"","object":"hazelnut","paste":false,"precision":"auto","preset":"paper","prompt":"","random":false,"refine":-1,"size":512,"steps":100,"tile":false}` +
		`,"seed":4,"prompt":"a photo of a hazelnut","detail":"a nut","inputs_sha256":{"image":"00ff"},"model_sha256":{"unet":"1234","vae":"5678"},"config_sha256":{"config.json":"9abc"},"compute":"float32 avx2"}`
	if diff := cmp.Diff(want, texts[2].Value); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	earlier := strings.NewReplacer(`"blend":0.45,`, "", `"feather":4,`, "", `"keep_part":true,`, "", `"margin":6,`, "").Replace(want)
	c, err := readCarried(carrying(t, t.TempDir(), earlier))
	if err != nil {
		t.Fatal(err)
	}
	back, err := c.whole()
	if err != nil {
		t.Fatal(err)
	}
	o := &p.Options                                                                 // those of the series and the device are not in the file
	o.Seed, o.N, o.Out, o.Device, o.Series, o.Kept = 0, 0, "", "", Series{}, Kept{} // nor in an earlier version's the last
	if diff := cmp.Diff(p, *back); diff != "" {
		t.Errorf("written -, read +:\n%s", diff)
	}
}

// TestIdentityStays the same from version to version, and for what does not
// change a picture: folders are gone on with by it.
func TestIdentityStays(t *testing.T) {
	p := someProvenance(t)
	p.Options.Kept = Kept{Margin: 6, Feather: 4, Blend: 0.45} // which do not count where the part is not kept
	for name, change := range map[string]func(p *Provenance){
		"nothing": func(*Provenance) {},
		"seed":    func(p *Provenance) { p.Seed, p.Options.Seed, p.Options.N = 9, 8, 7 },
		"places": func(p *Provenance) {
			p.Options.Out, p.Options.Image, p.Options.Model, p.Options.Clip = "o", "i", "m", "c"
		},
		"limits":             func(p *Provenance) { p.Options.Series = Series{Keep: "all", MinGain: -1, KeepEvery: 1} },
		"memory":             func(p *Provenance) { p.Options.Memory = 7 },
		"names of the model": func(p *Provenance) { p.Model = map[string]string{"a": "1234", "b": "5678"} },
	} {
		same := p
		change(&same)
		id, err := same.identity()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := id.Hash(), "b32f48f48bb701d4"; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
