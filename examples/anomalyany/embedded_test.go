//go:build !nodemo

package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/prompts"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/tensor"
)

// TestEmbeddedWords are the world's, which the model was trained on.
func TestEmbeddedWords(t *testing.T) {
	d, err := anomalyany.ReadDefaults(tensor.InFS(demo.FS()))
	if err != nil {
		t.Fatal(err)
	}
	v := d.Vocabulary
	var objects, anomalies []string
	unseen := map[string][]string{}
	for _, s := range world.Subjects() {
		objects = append(objects, s.Name)
		for _, defect := range world.Defects() {
			if world.Unseen(s.Name, defect.Name) {
				unseen[s.Name] = append(unseen[s.Name], defect.Name)
			}
		}
	}
	for _, defect := range world.Defects() {
		anomalies = append(anomalies, defect.Name)
	}
	for _, p := range world.Pairs(world.AllPairs) {
		if got, want := prompts.Articles(d.Articles).Defective(p.Subject.Name, p.Defect.Name), world.Caption(p.Subject.Name, p.Defect.Name); got != want {
			t.Errorf("the prompt is %q, and the model was trained on %q", got, want)
		}
	}
	for name, c := range map[string][2]any{
		"objects": {objects, v.Objects}, "anomalies": {anomalies, v.Anomalies}, "unseen": {unseen, v.Unseen},
	} {
		if diff := cmp.Diff(c[0], c[1]); diff != "" {
			t.Errorf("%s: the world's -, anomalyany.json's +:\n%s", name, diff)
		}
	}
}
