package vae

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor"
)

func readConfig(t *testing.T, text string) (Config, error) { return ReadConfig(configDir(t, text)) }

func readTinyConfig(t *testing.T, text string) (TinyConfig, error) {
	return ReadTinyConfig(configDir(t, text))
}

// configDir is a directory with a config.json.
func configDir(t *testing.T, text string) tensor.Dir {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return tensor.OnDisk(dir)
}

func TestReadConfig(t *testing.T) {
	// vae/config.json of stable-diffusion-v1-5, which has no scaling_factor.
	got, err := readConfig(t, `{"_class_name": "AutoencoderKL", "_diffusers_version": "0.6.0", "act_fn": "silu",
		"block_out_channels": [128, 256, 512, 512],
		"down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
		"in_channels": 3, "latent_channels": 4, "layers_per_block": 2, "norm_num_groups": 32, "out_channels": 3, "sample_size": 512,
		"up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"]}`)
	if err != nil {
		t.Fatal(err)
	}
	got.DownBlockTypes, got.UpBlockTypes = nil, nil
	if diff := cmp.Diff(StableDiffusion15(), got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if got.Factor() != 8 {
		t.Errorf("factor %d, want 8", got.Factor())
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"SD 3", `{"shift_factor": 0.0609}`, "shift_factor is 0.0609, as in Stable Diffusion 3: not supported, want null or absent"},
		{"class", `{"_class_name": "AutoencoderTiny"}`, "_class_name is AutoencoderTiny"},
		{"block", `{"block_out_channels": [64], "down_block_types": ["AttnDownEncoderBlock2D"]}`, `down_block_types[0] is "AttnDownEncoderBlock2D"`},
		{"number of blocks", `{"block_out_channels": [64, 64], "up_block_types": ["UpDecoderBlock2D"]}`, "up_block_types: 1 block types (UpDecoderBlock2D) for 2 block_out_channels"},
		{"no blocks", `{"block_out_channels": []}`, "block_out_channels is empty"},
		{"groups", `{"block_out_channels": [40]}`, "block_out_channels[0] = 40 is no multiple of norm_num_groups = 32"},
		{"layers", `{"layers_per_block": 0}`, "layers_per_block 0"},
		{"scale", `{"scaling_factor": 0}`, "scaling_factor is 0, want more than 0"},
		{"many blocks", `{"block_out_channels": [` + strings.Repeat("32,", 20000) + `32]}`, "block_out_channels has 20001 entries, want 1 to 10"},
		{"many layers", `{"layers_per_block": 2000000000}`, "layers_per_block is 2000000000, want 1 to 64"},
		{"wide", `{"block_out_channels": [1073741824]}`, "block_out_channels[0] is 1073741824, want at most 65536"},
		{"many channels", `{"latent_channels": 2000000000}`, "latent_channels is 2000000000, want 1 to 65536"},
		{"small scale", `{"scaling_factor": 1e-40}`, "scaling_factor is 1e-40, want 1e-6 to 1e6"},
		{"no scale", `{"scaling_factor": null}`, "config.json: scaling_factor is null, want a number"},
		{"null of a block", `{"block_out_channels": [64, null]}`, "config.json: block_out_channels[1] is null, want a whole number"},
		{"fraction", `{"layers_per_block": 1.5}`, "config.json: layers_per_block is 1.5, want a whole number"},
		{"not JSON", `[`, "config.json: unexpected end of JSON input"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readConfig(t, c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
