package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

const (
	mostPictures = 1_000_000 // of one command: who wants more has mistyped
	longestText  = 16 << 10  // bytes; a model reads a few hundred
)

// largest is far beyond what makes a picture, and finite.
const largest = 1e6

// Validate fills in the words that Category and Defect stand for, and those of
// pictures that only measure, and says what is wrong. Kong calls it after parsing.
func (s *Spec) Validate() error {
	s.useImages()
	if err := cmp.Or(s.useCategory(), s.usePart()); err != nil {
		return err
	}
	if s.Random {
		s.Object = orDefault(s.Object, "hazelnut")
		if len(s.Anomaly) == 0 {
			s.Anomaly = []string{"crack"}
		}
	}
	return cmp.Or(s.checkNumbers(), s.checkTexts(), s.checkTogether(), s.Places.check(), s.checkMissing(), s.DataSet.check())
}

// checkNumbers wants every number in its range.
func (s *Spec) checkNumbers() error {
	err := cmp.Or(
		cli.Within("--keep-every", s.KeepEvery, 0, cli.MostSteps),
		s.Kept.check(),
		cli.Within("--max-outside", s.MaxOutside, 0, 100),
		cli.Within("--min-inside", s.MinInside, 0, 100),
		cli.Within("--min-confidence", s.MinConfidence, -1, 1),
		cli.Within("--min-part", s.MinPart, -2, 2),
		cli.Within("--min-sees", s.MinSees, -2, 2),
		cli.Within("--min-focus", s.MinFocus, -1, 1),
		cli.Within("--min-area", s.MinArea, 0, 100),
		cli.Within("--max-area", s.MaxArea, 0, 100),
		cli.Within("--min-clip", s.MinClip, -2, 2),
		cli.Within("--min-gain", s.MinGain, -4, 4),
		cli.Within("--size", s.Size, s.leastSize(), cli.LongestSide),
		cli.Within("--steps T", s.Steps, 1, cli.MostSteps),
		cli.Within("--strength", s.Strength, 0, 1),
		cli.Within("--guidance", s.Guidance, 0, cli.MostGuidance),
		cli.Within("--lambda λ", s.Lambda, 0, largest),
		cli.Within("--mu μ", s.Mu, 0, largest),
		cli.Within("--eta-e η_e", s.EtaE, 0, largest),
		cli.Within("--refine R", s.Refine, anomalyany.Auto, cli.MostSteps),
		cli.Within("--fill", s.Fill, 0, largest),
		cli.Within("--map-factor", s.MapFactor, 0, cli.LongestSide),
		cli.Within("--n", s.N, 1, mostPictures),
		s.Preview.Validate(),
	)
	switch {
	case err != nil:
		return err
	case !(s.Memory == anomalyany.Auto || s.Memory >= 0 && s.Memory <= largest):
		return fmt.Errorf("--memory is %v, want 0 to %g, or %d for what suits the size", s.Memory, float64(largest), anomalyany.Auto)
	case !(s.Gamma >= 0 && s.Gamma < 1):
		return fmt.Errorf("--gamma γ is %g, want 0 to less than 1", s.Gamma)
	case s.MinArea > s.MaxArea:
		return fmt.Errorf("--min-area is %g %% and --max-area %g %%: no picture could pass", s.MinArea, s.MaxArea)
	case s.Seed > math.MaxUint64-uint64(s.N-1):
		return fmt.Errorf("--seed is %d, and there are no %d seeds from there: the last is %d", s.Seed, s.N, uint64(math.MaxUint64))
	}
	return nil
}

// leastSize is that of --size: 0 leaves the photograph as it is, which no model sees.
func (s *Spec) leastSize() int {
	if s.needsModel() {
		return 1
	}
	return 0
}

// checkTexts refuses what would be found out only when a picture is saved, with
// the texts in its file.
func (s *Spec) checkTexts() error {
	for _, t := range []struct{ flag, text string }{
		{"object", s.Object}, {"anomaly", strings.Join(s.Anomaly, ",")}, {"prompt", s.Prompt}, {"normal", s.Normal}, {"detail", s.Detail}, {"negative", s.Negative},
	} {
		switch {
		case len(t.text) > longestText:
			return fmt.Errorf("--%s has %d bytes, want at most %d", t.flag, len(t.text), longestText)
		case !utf8.ValidString(t.text) || strings.Contains(t.text, "\x00"):
			return fmt.Errorf("--%s is not a text in UTF-8: %.100q", t.flag, t.text)
		}
	}
	return nil
}

// checkTogether refuses what contradicts itself.
func (s *Spec) checkTogether() error {
	switch {
	case s.Again != nil && s.Resume:
		return errors.New("--from and --resume exclude each other")
	case s.Model != "" && s.Random:
		return errors.New("--model and --random exclude each other")
	case s.TAESD != "" && s.usesEmbedded():
		return errors.New("--taesd knows the latents of Stable Diffusion 1.x; those of the small model are its own, and previews of it need none")
	case s.Every > 0 && s.Drawn:
		return errors.New("--preview shows how a picture is made, and ablate measures: leave one of them out")
	case s.Clip != "" && s.Model == "":
		return errors.New("--clip needs --model")
	case s.Mask != "" && s.Image == "":
		return errors.New("--mask needs --image")
	case s.Shape != "" && s.Drawn && s.Image == "":
		return errors.New("--shape needs --image: the drawings that ablate measures have places of their own")
	case s.Paste && s.Mask == "" && s.Shape == "":
		return errors.New("--keep-outside-mask needs --mask FILE or --mask auto: outside the mask the photograph stays as it is")
	case s.Tile && s.Mask == "" && s.Shape == "":
		return errors.New("--tile needs --mask FILE or --mask auto: the mask says which region of the photograph to work on")
	case s.released() && s.leavesOut():
		return errors.New("--no-condition, --no-attention, --no-refine and --no-scheduler are ablations of --preset paper")
	}
	return nil
}

// leavesOut reports whether a part of the algorithm is to be left out.
func (s *Spec) leavesOut() bool { return s.NoCondition || s.NoAttention || s.NoRefine || s.NoScheduler }

// checkMissing wants a photograph and words, but where there is no need of them.
func (s *Spec) checkMissing() error {
	if s.isOther() {
		return s.checkOther()
	}
	drawn := s.Random || s.isDemo() || s.Drawn && s.Image == ""
	switch noModel := s.Model == "" && embedded == nil; {
	case drawn || noModel: // of this, opening it says more
		return nil
	case s.Image == "":
		return errors.New("--image FILE is missing: the photograph of a normal part")
	case len(s.Anomaly) == 0:
		return errors.New("--anomaly WORD is missing: the word that names the defect, such as crack")
	case s.Object == "" && s.Prompt == "":
		return errors.New("--object WORD is missing: what the photograph shows, such as hazelnut (or give a --prompt)")
	case s.released() && s.Object == "" && s.Normal == "":
		return errors.New("--normal TEXT is missing: preset released compares with the prompt of the photograph without the defect (or give an --object)")
	}
	return nil
}
