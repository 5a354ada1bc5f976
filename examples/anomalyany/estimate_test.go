package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/kernels"
)

func TestSpan(t *testing.T) {
	for _, c := range []struct {
		least, most float64
		want        string
	}{
		{0, 0.1, "1 second"}, {0.4, 3, "1 to 3 seconds"}, {5.8, 6.2, "6 seconds"}, {60, 119, "60 to 119 seconds"},
		{70, 150, "1 to 3 minutes"}, {480, 840, "8 to 14 minutes"}, {3000, 7100, "50 to 118 minutes"}, {3600, 7200, "1 to 2 hours"},
	} {
		if got := span(c.least, c.most); got != c.want {
			t.Errorf("%g to %g s: %q, want %q", c.least, c.most, got, c.want)
		}
	}
}

// TestEstimate is a length of time, from a speed that some processor has.
func TestEstimate(t *testing.T) {
	if v := speed(kernels.Float32); !(v > 1e6 && v < 1e16) {
		t.Errorf("%g operations a second", v)
	}
	f := small(t)
	cmd := clitest.Program(t, "--model", modelA, "--image", f.Image, "--object=hazelnut", "--anomaly=crack", "--size=64", "--steps=3", "--no-refine", "--out", f.Out)
	said, err := cmd.CombinedOutput()
	if err != nil || !regexp.MustCompile(`(?m)^about [0-9]+( to [0-9]+)? (second|minute|hour)s? a picture$`).Match(said) {
		t.Errorf("error %v, or no estimate in\n%s", err, said)
	}
}

func TestWarnOfSize(t *testing.T) {
	for _, c := range []struct {
		size, made int
		says       string
	}{
		{512, 0, ""}, {768, 512, ""}, {384, 0, ""}, {128, 128, ""}, {192, 128, ""},
		{1024, 0, "made for pictures of 512 pixels, and --size is 1024: expect parts that are repeated or misshapen, and at least 4 times the time of --size 512"},
		{512, 128, "at least 16 times the time of --size 128"}, {256, 0, "little that is recognisable"},
	} {
		var out strings.Builder
		s := Spec{Size: c.size}
		s.warnOfSize(&out, c.made)
		if (out.Len() > 0) != (c.says != "") || !strings.Contains(out.String(), c.says) {
			t.Errorf("%d of a model for %d: %q, want %q", c.size, c.made, &out, c.says)
		}
	}
}

// TestShorter names preset fast where the paper's takes minutes.
func TestShorter(t *testing.T) {
	half := anomalyany.Paper()
	half.Steps = 50
	for _, c := range []struct {
		o    anomalyany.Options
		long string
		says bool
	}{
		{anomalyany.Paper(), "about 8 to 14 minutes a picture", true}, {anomalyany.Paper(), "about 1 to 2 hours a picture", true},
		{anomalyany.Paper(), "about 3 to 9 seconds a picture", false}, {half, "about 4 to 7 minutes a picture", false},
		{anomalyany.Fast(), "about 1 to 2 minutes a picture", false}, {anomalyany.Released(), "about 1 to 2 hours a picture", false},
	} {
		if got := shorter(c.o, c.long); strings.Contains(got, "--preset fast") != c.says {
			t.Errorf("preset %s of %d steps, %s: %q", c.o.Preset, c.o.Steps, c.long, got)
		}
	}
}

func TestFewSteps(t *testing.T) {
	if got := fewSteps(8); got != "" {
		t.Errorf("8 steps: %q", got)
	}
	if got := fewSteps(7); !strings.Contains(got, "no more than 7 steps") || !strings.Contains(got, "--strength") {
		t.Errorf("7 steps: %q", got)
	}
}
