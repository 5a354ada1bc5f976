package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// presetSteps make one picture each of the same photograph.
func (r *run) presetSteps() (all []*step) {
	for _, preset := range []string{"paper", "fast", "released"} {
		s := &step{Name: "preset-" + preset, Title: "AnomalyAny on one photograph, preset " + preset}
		s.depends = map[string]string{
			"steps": fmt.Sprint(r.Steps), "size": fmt.Sprint(r.Size), "words": strings.Join(r.subject.words, " "),
			"photograph": fileHash(r.subject.path),
		}
		s.lacks = lacking(when(!r.model.CLIP, "there is no CLIP, which refines the last steps: CLIP=DIR"))
		s.do = func(ctx context.Context, s *step) error { return r.preset(ctx, s, preset) }
		all = append(all, s)
	}
	return all
}

// preset makes a picture, and takes what the program says of it.
func (r *run) preset(ctx context.Context, s *step, preset string) error {
	dir := r.folder(s)
	args := []string{"--model", r.Model, "--image", r.subject.path, "--preset", preset, "--seed", "0", "--out", dir, "--resume"}
	args = append(args, r.subject.words...)
	if r.Clip != "" {
		args = append(args, "--clip", r.Clip)
	}
	if r.Device != "cpu" {
		args = append(args, "--device", r.Device)
	}
	if r.Steps > 0 {
		args = append(args, "--steps", strconv.Itoa(r.Steps))
	}
	if r.Size > 0 {
		args = append(args, "--size", strconv.Itoa(r.Size))
	}
	if _, err := r.program(ctx, s, "anomalyany", args...); err != nil {
		return err
	}
	return r.made(s, dir)
}

// madeRecord is what of a picture's record people are shown.
type madeRecord struct {
	Seed    uint64  `json:"seed"`
	Prompt  string  `json:"prompt"`
	Compute string  `json:"compute"`
	Run     int     `json:"steps_run"`
	Refined int     `json:"steps_refined"`
	Seconds float64 `json:"seconds"`
	Scores  struct {
		Area       float64  `json:"area"`
		Focus      *float64 `json:"focus"`
		Confidence *float64 `json:"confidence"`
		Inside     float64  `json:"inside"`
		Outside    struct {
			Share float64 `json:"share"`
		} `json:"outside"`
		CLIP *struct {
			Prompt float64 `json:"prompt"`
			Normal float64 `json:"normal"`
		} `json:"clip"`
	} `json:"scores"`
}

// made takes the record and the pictures of a folder with one picture.
func (r *run) made(s *step, dir string) error {
	masks, err := filepath.Glob(filepath.Join(dir, "*-mask.png"))
	if err != nil || len(masks) != 1 {
		return errors.Join(err, fmt.Errorf("%s has %d masks, want one", dir, len(masks)))
	}
	name := strings.TrimSuffix(masks[0], "-mask.png")
	data, err := files.Read(name+".json", mostRecord)
	if err != nil {
		return err
	}
	if s.Results, err = r.private.json(data); err != nil {
		return fmt.Errorf("%s.json: %w", name, err)
	}
	var record madeRecord
	if err := json.Unmarshal(data, &record); err != nil {
		return fmt.Errorf("%s.json: %w", name, err)
	}
	s.Tables = record.table()
	before, err := filepath.Glob(filepath.Join(dir, "photograph-*.png"))
	if err != nil {
		return err
	}
	for _, of := range before {
		s.show(r, "the photograph, as the model sees it", of)
	}
	s.show(r, "the picture", name+".png")
	s.show(r, "its mask", masks[0])
	s.show(r, "where attention and change say that the defect is", name+"-heat.png")
	return nil
}

// table is the record for people; anomalyany's own page says what the scores mean.
func (m madeRecord) table() string {
	var b strings.Builder
	t := show.NewTable(&b)
	t.Row("seed", "steps", "refined", "mask", "changed inside", "changed outside", "focus", "confidence", "CLIP: prompt", "CLIP: normal", "seconds")
	of := func(v *float64) string {
		if v == nil {
			return "–"
		}
		return fmt.Sprintf("%.3f", *v)
	}
	clip := [2]string{"–", "–"}
	if c := m.Scores.CLIP; c != nil {
		clip = [2]string{of(&c.Prompt), of(&c.Normal)}
	}
	t.Row(fmt.Sprint(m.Seed), fmt.Sprint(m.Run), fmt.Sprint(m.Refined), percent(m.Scores.Area), percent(m.Scores.Inside), percent(m.Scores.Outside.Share),
		of(m.Scores.Focus), of(m.Scores.Confidence), clip[0], clip[1], fmt.Sprintf("%.1f", m.Seconds))
	t.Flush()
	fmt.Fprintf(&b, "- %s, computed in %s\n", m.Prompt, m.Compute)
	return b.String()
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// show adds a picture, if it is there.
func (s *step) show(r *run, caption, path string) {
	if file, err := filepath.Rel(r.Out, path); err == nil && files.Exists(path) {
		s.Pictures = append(s.Pictures, figure{caption, filepath.ToSlash(file)})
	}
}
