package anomalyany

import (
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
)

// restUNet lets the UNet's memory go for as long as CLIP sees a picture, and CLIP's afterwards, so that a process does not
// hold both: of Stable Diffusion 1.5 and CLIP ViT-L/14, in f32 as it is published, that is 1.8 GB less at the
// peak. The system has the pages of both files still, if it has memory for them; where weights are no file's, nothing is
// let go.
//
//	defer restUNet(pipeline)()
func restUNet(p *diffusion.Pipeline) (end func()) {
	if len(p.Files()) == 0 {
		return func() {}
	}
	nn.Forget(p.UNet)
	return func() { nn.Forget(p.CLIP.VisionModel) }
}
