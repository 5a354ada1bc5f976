package unet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor"
)

func readConfig(t *testing.T, text string) (Config, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadConfig(tensor.OnDisk(dir))
}

func TestReadConfig(t *testing.T) {
	// What unet/config.json of stable-diffusion-v1-5 says, less what is the class's default.
	got, err := readConfig(t, `{"_class_name": "UNet2DConditionModel", "attention_head_dim": 8, "cross_attention_dim": 768, "mid_block_scale_factor": 1, "norm_eps": 1e-05}`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(StableDiffusion15(), got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	got, err = readConfig(t, `{"attention_head_dim": [5, 10, 20, 20], "layers_per_block": [1, 2, 3, 4]}`)
	if err != nil {
		t.Fatal(err)
	}
	if got.CrossAttentionDim != 1280 || got.heads(1) != 10 || got.LayersPerBlock.At(3) != 4 {
		t.Errorf("%+v", got)
	}
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"SDXL", `{"addition_embed_type": "text_time", "use_linear_projection": true}`, "addition_embed_type is text_time, as in Stable Diffusion XL: not supported, want null or absent"},
		{"SD 2", `{"attention_head_dim": [5, 10, 20, 20], "cross_attention_dim": 1024, "use_linear_projection": true}`, "use_linear_projection is true, as in Stable Diffusion 2 and XL"},
		{"SD 3", `{"_class_name": "SD3Transformer2DModel"}`, "_class_name is SD3Transformer2DModel"},
		{"LCM", `{"time_cond_proj_dim": 256}`, "latent consistency models"},
		{"scale and shift", `{"resnet_time_scale_shift": "scale_shift"}`, "resnet_time_scale_shift is scale_shift"},
		{"lists of different lengths", `{"block_out_channels": [320, 640]}`, "2 block_out_channels, 4 down_block_types and 4 up_block_types"},
		{"no blocks", `{"block_out_channels": [], "down_block_types": [], "up_block_types": []}`, "0 block_out_channels"},
		{"groups", `{"norm_num_groups": 48}`, "block_out_channels[0] = 320 is no multiple of norm_num_groups = 48"},
		{"no groups", `{"norm_num_groups": 0}`, "norm_num_groups 0 must be positive"},
		{"heads", `{"attention_head_dim": 7}`, "block_out_channels[0] = 320 is no multiple of the number of heads 7 (attention_head_dim)"},
		{"heads by another name", `{"num_attention_heads": [8, 8]}`, "num_attention_heads has 2 entries, want 1 or 4"},
		{"layers", `{"layers_per_block": 0}`, "layers_per_block is 0, want 1 to 1024"},
		{"layers of some blocks", `{"layers_per_block": [1, 2]}`, "layers_per_block has 2 entries, want 1 or 4"},
		{"block on the way down", `{"down_block_types": ["AttnDownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D"]}`, `down_block_types[0] is "AttnDownBlock2D"`},
		{"block on the way up", `{"up_block_types": ["UpBlock2D", "UpBlock2D", "UpBlock2D", "DownBlock2D"]}`, `up_block_types[3] is "DownBlock2D"`},
		{"long text", `{"layers_per_block": "` + strings.Repeat("2", 10_000) + `"}`, "config.json: layers_per_block: \"" + strings.Repeat("2", 59) + " is neither a whole number"},
		{"not a number", `{"layers_per_block": "two"}`, `"two" is neither a whole number nor a list of them`},
		{"many blocks", `{"block_out_channels": [` + strings.Repeat("32,", 20000) + `32]}`, "block_out_channels has 20001 entries, want 1 to 10"},
		{"many layers", `{"layers_per_block": 2000000000}`, "layers_per_block is 2000000000, want 1 to 1024"},
		{"many layers together", `{"layers_per_block": 1000, "transformer_layers_per_block": 1000}`, "layers_per_block [1000] and transformer_layers_per_block [1000] make more than 512 layers"},
		{"wide", `{"block_out_channels": [1073741824, 64, 64, 64], "norm_num_groups": 32}`, "block_out_channels[0] is 1073741824, want at most 65536"},
		{"many channels", `{"in_channels": 2000000000}`, "in_channels is 2000000000, want 1 to 65536"},
		{"negative", `{"cross_attention_dim": -1}`, "cross_attention_dim -1"},
		{"fraction", `{"in_channels": 4.5}`, "config.json: in_channels is 4.5, want a whole number"},
		{"fraction of one for all", `{"layers_per_block": 2.5}`, "config.json: layers_per_block: 2.5 is neither a whole number nor a list of them"},
		{"null of a block", `{"block_out_channels": [320, null, 640, 640]}`, "config.json: block_out_channels[1] is null, want a whole number"},
		{"null of some blocks", `{"layers_per_block": [2, 2, 2, null]}`, "config.json: layers_per_block[3] is null, want a whole number"},
		{"null of a kind", `{"down_block_types": [null, "DownBlock2D", "DownBlock2D", "DownBlock2D"]}`, "config.json: down_block_types[0] is null, want a text"},
		{"null", `{"in_channels": null}`, "config.json: in_channels is null, want a whole number"},
		{"not a number of Python's", `{"norm_eps": NaN}`, `config.json: norm_eps is "NaN", want a number`},
		{"epsilon", `{"norm_eps": -1e-5}`, "norm_eps is -1e-05, want 0 to 1"},
		{"padding", `{"downsample_padding": 0}`, "downsample_padding is 0, want 1 to 1"},
		{"shift", `{"freq_shift": 160}`, "freq_shift is 160, want 0 to less than 160"},
		{"odd", `{"block_out_channels": [33, 64, 64, 64], "norm_num_groups": 1, "attention_head_dim": 1}`, "block_out_channels[0] is 33, want an even number"},
		{"not JSON", `{`, "config.json: unexpected end of JSON input"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readConfig(t, c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	if _, err := ReadConfig(tensor.OnDisk(t.TempDir())); err == nil {
		t.Error("a file that is not there is no error")
	}
}
