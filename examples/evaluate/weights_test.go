package main

import (
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/nn/vision"
)

// TestWeights knows where the weights of every network are to be had, and what files are.
func TestWeights(t *testing.T) {
	for _, name := range vision.Names() {
		if title := titleOf(name); title == name && name != "efficientnet_lite0" {
			t.Errorf("nothing is said of %s", name)
		}
	}
	for path, says := range map[string]string{
		lite0File:                                "efficientnet_lite0 (SHA-256 ",
		"../../testdata/models/b/clip":           "a CLIP of pictures of 64×64",
		"../../testdata/openclip":                "for pictures alone",
		"../../testdata/openclip/io.safetensors": "",
		"nowhere":                                "",
	} {
		text, err := lookAtWeights(t.Context(), path)
		if (err == nil) != (says != "") || !strings.Contains(text, says) {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
	for path, says := range map[string]string{"../../testdata/openclip/io.safetensors": "weights of none of", "weights.go": "no safetensors file"} {
		_, err := lookAtWeights(t.Context(), path)
		wantError(t, err, path, says)
	}
}

// TestUnlikePublished tells a file from the published one where that one's hash is known.
func TestUnlikePublished(t *testing.T) {
	for _, c := range []struct {
		network, hash string
		other         bool
	}{{"inception_v3_fidelity", "6726825d00", false}, {"inception_v3_fidelity", "806d226d", true}, {"vgg16", "806d226d", false}} {
		if text := unlikePublished(c.network, c.hash); (text != "") != c.other {
			t.Errorf("%s of SHA-256 %s: %q", c.network, c.hash, text)
		}
	}
}
