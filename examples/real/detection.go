package main

import (
	"context"
	"strings"
)

// judging is detectors that read one network, or look through one.
type judging struct {
	name, title string
	detectors   string
	flags       []string // that name the network
	weights     string   // of it: a file or folder of the user's
	flag        string   // with which these are given; "" where they come with the program
	learns      bool     // from AnomalyAny's pictures, too
}

// judgings are all that detection is asked for.
func (r *run) judgings() []judging {
	wide := []string{"--network", "wide_resnet50_2", "--backbone", r.WideResNet50}
	small := []string{"--network", "dinov2_vits14", "--backbone", r.DINOv2}
	words := []string{"--clip", r.OpenCLIP}
	return []judging{
		{"lite0", "PatchCore and PaDiM on EfficientNet-Lite0, which comes with the program", "patchcore,padim", nil, "", "", false},
		{"lite0-generated", "the same and a probe, without and with AnomalyAny's pictures to learn from", "patchcore,padim,probe", nil, "", "", true},
		{"wide-resnet50", "PatchCore and PaDiM on Wide ResNet-50-2, as they were published", "patchcore,padim", wide, r.WideResNet50, "--wide-resnet50 FILE", false},
		{"dinov2", "AnomalyDINO and SubspaceAD's score", "anomalydino,subspace", small, r.DINOv2, "--dinov2 PATH", false},
		{"openclip", "WinCLIP+ and PromptAD", "winclip,promptad", words, r.OpenCLIP, "--openclip DIR", false},
		{"openclip-generated", "PromptAD without and with AnomalyAny's pictures", "promptad", words, r.OpenCLIP, "--openclip DIR", true},
	}
}

// detectionSteps judge detectors of one reference: on all categories, or where they learn from AnomalyAny's pictures on those
// that there are pictures for.
func (r *run) detectionSteps(made map[string]string, compare *step) (all []*step) {
	for _, j := range r.judgings() {
		s := &step{Name: "detection-" + j.name, Title: "detectors of one reference (evaluate detection): " + j.title}
		s.depends = withFiles(map[string]string{"layout": r.Layout, "all": r.known()}, j.weights)
		if j.learns {
			s.depends = withFiles(made, j.weights)
		}
		if s.lacks = lacking(when(r.data == nil, noData)); j.learns {
			s.lacks = r.without(compare)
		}
		if none := j.weights == "" && j.flag != ""; none && r.data != nil {
			s.lacks = lacking("there are no weights: FLAGS=\"" + j.flag + "\"; 'evaluate weights' says where they are to be had")
		}
		s.do = func(ctx context.Context, s *step) error { return r.detection(ctx, s, j, r.folder(compare)) }
		all = append(all, s)
	}
	return all
}

// known are the categories of the data set.
func (r *run) known() string {
	if r.data == nil {
		return ""
	}
	return strings.Join(r.data.Categories, ",")
}

// detection judges some detectors.
func (r *run) detection(ctx context.Context, s *step, j judging, compare string) error {
	args := append([]string{"detection", "--detector", j.detectors, "--shots", "1", "--out", r.folder(s)}, j.flags...)
	if j.learns {
		args = append(append(args, r.on(r.data.Chosen)...), "--seeds", r.seeds(), "--generated", madeIn(compare))
	} else {
		args = append(args, r.on(r.data.Categories)...)
	}
	if _, err := r.program(ctx, s, "evaluate", args...); err != nil {
		return err
	}
	return r.judged(s, r.folder(s))
}
