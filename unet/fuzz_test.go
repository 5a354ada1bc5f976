package unet

import (
	"testing"
	"testing/fstest"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// FuzzConfig reads configurations: what is not refused can be built.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"_class_name":"UNet2DConditionModel","block_out_channels":[32,64],"down_block_types":["CrossAttnDownBlock2D","DownBlock2D"],"up_block_types":["UpBlock2D","CrossAttnUpBlock2D"],"layers_per_block":1,"attention_head_dim":[2,4],"num_attention_heads":null,"cross_attention_dim":16,"norm_num_groups":8}`))
	f.Add([]byte(`{"layers_per_block":[1,2,3,4],"transformer_layers_per_block":[4,3,2,1],"freq_shift":1,"norm_eps":1e-6}`))
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
		m.CrossSites(c.Factor(), c.Factor())
	})
}
