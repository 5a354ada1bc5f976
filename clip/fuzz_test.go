package clip

import (
	"testing"
	"testing/fstest"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// FuzzConfig reads configurations, of text encoders and of both: what is not
// refused can be built.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"model_type":"clip","text_config":{"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":1,"intermediate_size":4,"vocab_size":10},"vision_config":{"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":1,"patch_size":2,"image_size":4},"projection_dim":8}`))
	f.Add([]byte(`{"model_type":"clip_text_model","hidden_size":8,"num_attention_heads":2,"eos_token_id":2,"hidden_act":"gelu"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := tensor.InFS(fstest.MapFS{"config.json": {Data: data}})
		build := func(err error, model func() (any, error)) {
			if err != nil {
				if len(err.Error()) > 2000 {
					t.Fatalf("an error of %d bytes", len(err.Error()))
				}
				return
			}
			m, err := model()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := nn.Params(m); err != nil {
				t.Fatal(err)
			}
		}
		whole, err := ReadConfig(dir)
		build(err, func() (any, error) { return New(whole) })
		text, err := ReadTextConfig(dir)
		build(err, func() (any, error) { return NewText(text) })
	})
}
