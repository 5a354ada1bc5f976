package vae

import (
	"testing"
	"testing/fstest"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// FuzzConfig reads configurations: what is not refused can be built.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"_class_name":"AutoencoderKL","block_out_channels":[32,64],"down_block_types":["DownEncoderBlock2D","DownEncoderBlock2D"],"up_block_types":["UpDecoderBlock2D","UpDecoderBlock2D"],"layers_per_block":1,"norm_num_groups":8,"latent_channels":4,"scaling_factor":0.18}`))
	f.Add([]byte(`{"mid_block_add_attention":false,"use_quant_conv":false,"use_post_quant_conv":false}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ReadConfig(tensor.InFS(fstest.MapFS{"config.json": {Data: data}}))
		if err != nil {
			if len(err.Error()) > 2000 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		m, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := nn.Params(m); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzTinyConfig does the same for the tiny autoencoder.
func FuzzTinyConfig(f *testing.F) {
	f.Add([]byte(`{"_class_name":"AutoencoderTiny","encoder_block_out_channels":[8,8],"decoder_block_out_channels":[8,8],"num_encoder_blocks":[1,1],"num_decoder_blocks":[1,1]}`))
	f.Add([]byte(`{"latent_channels":16,"num_decoder_blocks":[0,0,0,0]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ReadTinyConfig(tensor.InFS(fstest.MapFS{"config.json": {Data: data}}))
		if err != nil {
			if len(err.Error()) > 2000 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		m, err := NewTiny(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := nn.Params(m); err != nil {
			t.Fatal(err)
		}
	})
}
