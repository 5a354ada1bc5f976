package main

import (
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
)

// Series is the part of a Spec that is not about a picture but about which ones
// are made again, gone on with and kept.
type Series struct {
	Again     *again `group:"again" name:"from" placeholder:"PICTURE" help:"Make a picture of this program again, from the options in its PNG file; flags beside it override them. Without --out into the folder 'again' beside it." json:"-"`
	Resume    bool   `group:"again" help:"Go on with an interrupted run: finished pictures stay, the one under way goes on at its step (with preset released at its beginning)." json:"-"`
	Overwrite bool   `group:"again" help:"Replace pictures of this program in DIR that were made with other options; what others have put there, or was changed since, never is." json:"-"`
	KeepEvery int    `group:"again" default:"5" placeholder:"K" help:"Steps between two states of a run that --resume can go on from; 0 for none (default: ${default})." json:"keep_every"`

	Keep          string  `group:"good" default:"all" enum:"all,good" help:"all or good: good leaves failed pictures out of DIR and of its page (default: ${default})." json:"keep"`
	MaxOutside    float64 `group:"good" default:"5" help:"How many of the pixels outside the defect may clearly change, in percent: the part is to stay the part." json:"max_outside"`
	MinInside     float64 `group:"good" default:"20" help:"How many of the mask's pixels clearly change at least, in percent." json:"min_inside"`
	MinConfidence float64 `group:"good" default:"0" help:"How clear it is where the defect is, at least, 0 to 1: what attention and change say together, inside the mask less outside." json:"min_confidence"`
	MinPart       float64 `group:"good" default:"-0.1" help:"By how much CLIP's cosine with --normal may fall, outside the defect; -2 to let all pass." json:"min_part"`
	MinSees       float64 `group:"good" default:"-0.1" help:"How much more CLIP sees of the defect than of any other in the mask, at least, as a difference of cosines; -2 to let all pass." json:"min_sees"`
	MinFocus      float64 `group:"good" default:"0.15" help:"How much more of the word's attention lies inside the mask than outside, at least, 0 to 1: the soft map's means." json:"min_focus"`
	MinArea       float64 `group:"good" default:"0.2" help:"How much of the picture the mask covers at least, in percent." json:"min_area"`
	MaxArea       float64 `group:"good" default:"50" help:"How much of the picture the mask covers at most, in percent." json:"max_area"`
	MinClip       float64 `group:"good" default:"0" help:"How much more the picture looks like the prompt than like --normal, at least: the difference of their cosines in CLIP; -2 to let all pass." json:"min_clip"`
	MinGain       float64 `group:"good" default:"0" help:"How much of that difference the photograph did not have, at least; -4 to let all pass." json:"min_gain"`

	DataSet
}

// limits are what the scores of a picture that passed keep.
func (s *Series) limits() anomalyany.Limits {
	return anomalyany.Limits{
		MinFocus: s.MinFocus, MinArea: s.MinArea / 100, MaxArea: s.MaxArea / 100, MinMargin: s.MinClip, MinGain: s.MinGain,
		MaxOutside: s.MaxOutside / 100, MinInside: s.MinInside / 100, MinPart: s.MinPart, MinSees: s.MinSees, MinConfidence: s.MinConfidence,
	}
}

// judge says why a picture failed, and which flag would have let it pass; nothing
// if it did not.
func (s *Series) judge(scores anomalyany.Scores) []string {
	var why []string
	for _, f := range s.limits().Check(scores) {
		why = append(why, fmt.Sprintf("%s (%s)", f.Reason, limitFlags[f.Limit]))
	}
	return why
}

// limitFlags are the flags of the fields of anomalyany.Limits.
var limitFlags = map[string]string{
	"MinConfidence": "--min-confidence", "MaxOutside": "--max-outside", "MinInside": "--min-inside", "MinPart": "--min-part", "MinSees": "--min-sees", "MinFocus": "--min-focus", "MinArea": "--min-area", "MaxArea": "--max-area", "MinMargin": "--min-clip", "MinGain": "--min-gain",
}
