package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/detect"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/nn/vision"
	"github.com/sdgraph/sdgraph/nn/vision/lite0"
)

// ScoreCommand is the command score.
type ScoreCommand struct {
	Photographs
	Good []string `group:"data" sep:"none" placeholder:"FILE" help:"Normal pictures that the detector has not learnt from, files and folders: what scores higher than all of them is called defective. Several by repeating the flag."`

	Detector  string `group:"detector" required:"" placeholder:"FILE" help:"What 'evaluate fit' has written."`
	Backbone  string `group:"detector" placeholder:"FILE" help:"The weights of the network that the detector was fitted with; lite0's come with the program."`
	cli.Hub   `group:"detector"`
	Threshold *float64 `group:"detector" placeholder:"SCORE" help:"What scores higher is called defective, in place of --good."`

	Scale   []float32 `group:"run" placeholder:"LOW,HIGH" help:"Numbers of a map that are black and light yellow in heat pictures (default: the smallest and the largest of all maps; with --good black is the smallest of theirs, and the largest is halfway)."`
	Out     string    `group:"run" placeholder:"DIR" help:"A folder, not there yet, for scores.json, and of each picture the map as a NumPy array and a heat picture (default: scores are printed, and nothing is written)."`
	JSON    bool      `group:"run" help:"Print JSON, a line for each picture."`
	Threads int       `group:"run" placeholder:"N" help:"Threads to compute with (default: one a processor)."`
}

// Validate is called by kong after parsing.
func (s *ScoreCommand) Validate() error {
	switch {
	case s.Threshold != nil && len(s.Good) > 0:
		return errors.New("--threshold and --good both say what is defective: leave one out")
	case s.Threshold != nil && (math.IsNaN(*s.Threshold) || math.IsInf(*s.Threshold, 0)):
		return fmt.Errorf("--threshold is %v, want a finite number", *s.Threshold)
	case len(s.Scale) != 0 && (len(s.Scale) != 2 || !(s.Scale[0] < s.Scale[1]) || math.IsInf(float64(s.Scale[1])-float64(s.Scale[0]), 0)):
		return fmt.Errorf("--scale is %v, want two numbers, the lower one first, such as 0,2.5", s.Scale)
	case len(s.Scale) != 0 && s.Out == "":
		return errors.New("--scale is about heat pictures, which --out DIR asks for")
	}
	return errors.Join(s.check(), cli.Within("--threads", s.Threads, 0, 4096))
}

// ScoreReport is scores.json.
type ScoreReport struct {
	Format    int             `json:"evaluate_score"`
	Detector  ScoringDetector `json:"detector"`
	Threshold *Threshold      `json:"threshold"`      // null where none was asked for
	Heat      *heatScale      `json:"heat,omitempty"` // of all heat pictures
	Pictures  []Scored        `json:"pictures"`
}

// scoreFormat changes when fields come to mean something else.
const scoreFormat = 1

// ScoringDetector says by what pictures were scored.
type ScoringDetector struct {
	SHA256     string          `json:"sha256"` // of its file
	Kind       string          `json:"kind"`
	Options    json.RawMessage `json:"options"`
	Network    string          `json:"network"`
	Weights    string          `json:"weights_sha256"` // of the network
	References []string        `json:"references"`     // names of the normal pictures that it has learnt from
	Defective  []string        `json:"defective,omitempty"`
}

// Threshold is the score above which a picture is called defective.
type Threshold struct {
	Score float64 `json:"score"`
	From  string  `json:"from"`
}

// Scored is a picture.
type Scored struct {
	Picture   string  `json:"picture"`
	Score     float64 `json:"score"`
	Defective *bool   `json:"defective"` // null without a threshold
	Map       string  `json:"map,omitempty"`
	Heat      string  `json:"heat,omitempty"`
}

// run scores pictures one after another.
func (s *ScoreCommand) run(ctx context.Context) error {
	(&Networked{Threads: s.Threads}).useThreads()
	paths, err := s.list()
	if err != nil {
		return err
	}
	var good []string
	if len(s.Good) > 0 {
		if good, err = pictures("--good", s.Good); err != nil {
			return err
		}
	}
	out, err := newScoreFolder(s.Out, paths)
	if err != nil {
		return err
	}
	defer out.discard()
	detector, about, end, err := s.load(ctx)
	if err != nil {
		return fmt.Errorf("--detector: %w", err)
	}
	defer end()
	report := &ScoreReport{Format: scoreFormat, Detector: about}
	bar := show.NewProgress(ctx, os.Stderr, float64(len(good)+len(paths)))
	bar.Tenths = true
	bar.Begin("", "%d of %d pictures, ", len(good)+len(paths))
	defer bar.End()
	if err := s.learn(ctx, detector, good, report, out, bar); err != nil {
		return fmt.Errorf("--good: %w", err)
	}
	err = scan(ctx, detector, paths, bar, func(path string, found anomaly.Detection) error {
		p := Scored{Picture: path, Score: found.Score}
		if report.Threshold != nil {
			defective := found.Score > report.Threshold.Score
			p.Defective = &defective
		}
		if err := out.keep(&p, found.Map); err != nil {
			return err
		}
		report.Pictures = append(report.Pictures, p)
		return s.print(p)
	})
	if err != nil {
		return err
	}
	return out.finish(ctx, report)
}

// load reads the detector.
func (s *ScoreCommand) load(ctx context.Context) (detector anomaly.Detector, about ScoringDetector, end func(), err error) {
	end = func() {}
	d, err := detect.Describe(s.Detector)
	if err != nil {
		return nil, about, end, err
	}
	about = ScoringDetector{Kind: d.Kind, Options: d.Options, Network: d.Network, Weights: d.SHA256, References: d.References, Defective: d.Defective}
	if about.SHA256, err = files.Hash(s.Detector); err != nil {
		return nil, about, end, err
	}
	found, err := s.Networks().Find(ctx, s.Backbone)
	if err != nil {
		return nil, about, end, err
	}
	s.Backbone = found[0].Path
	detector, err = detect.Load(ctx, s.Detector, func(name, sha256 string) (detect.Network, error) {
		switch {
		case s.Backbone != "":
			f, err := vision.Open(ctx, name, s.Backbone)
			if err != nil {
				return detect.Network{}, fmt.Errorf("--backbone: %w", err)
			}
			end = func() { f.Close() }
			return detect.Network{Backbone: f, Name: f.Name, SHA256: f.SHA256}, nil
		case sha256 != lite0.SHA256:
			return detect.Network{}, errors.New("its weights do not come with the program: want --backbone FILE, the file that the detector was fitted with")
		}
		net, err := lite0.Open()
		return detect.Network{Backbone: net, Name: name, SHA256: lite0.SHA256}, err
	})
	return detector, about, end, err
}

// learn finds the threshold and the scale of heat pictures, as far as they are known before the pictures.
func (s *ScoreCommand) learn(ctx context.Context, detector anomaly.Detector, good []string, report *ScoreReport, out *scoreFolder, bar *show.Progress) error {
	if s.Threshold != nil {
		report.Threshold = &Threshold{*s.Threshold, "--threshold"}
	}
	if len(good) > 0 {
		highest, all := math.Inf(-1), heatScale{}
		err := scan(ctx, detector, good, bar, func(path string, found anomaly.Detection) error {
			all = all.with(found.Map, math.IsInf(highest, -1))
			highest = max(highest, found.Score)
			return nil
		})
		if err != nil {
			return err
		}
		report.Threshold = &Threshold{highest, "the highest score of " + counted(len(good), "normal picture")}
		out.scale = &heatScale{all.Black, 2*all.Yellow - all.Black}
		bar.Say(fmt.Sprintf("defective is what scores above %.6g, %s", highest, report.Threshold.From))
	}
	if len(s.Scale) > 0 {
		out.scale = &heatScale{s.Scale[0], s.Scale[1]}
	}
	return nil
}

// scan has a detector see pictures.
func scan(ctx context.Context, detector anomaly.Detector, paths []string, bar *show.Progress, use func(path string, found anomaly.Detection) error) error {
	for p, err := range ahead(ctx, normals(ctx, paths)) {
		if err != nil {
			return err
		}
		found, err := detector.Detect(ctx, p.Picture)
		if err == nil {
			err = check(p.Picture, found)
		}
		if err == nil {
			err = use(p.Path, found)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.Path, err)
		}
		bar.Step(1, "")
	}
	return nil
}

// print prints a line.
func (s *ScoreCommand) print(p Scored) error {
	if s.JSON {
		line, err := json.Marshal(p)
		if err == nil {
			_, err = fmt.Printf("%s\n", line)
		}
		return err
	}
	verdict := ""
	if p.Defective != nil {
		verdict = map[bool]string{true: "defective  ", false: "normal     "}[*p.Defective]
	}
	_, err := fmt.Printf("%-12.6g %s%s\n", p.Score, verdict, p.Picture)
	return err
}
