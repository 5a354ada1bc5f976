package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// teach runs the command detection with one reference of each part: the probe with the pictures of a method, or without one
// PatchCore, which learns from the reference alone.
func (c *Compare) teach(ctx context.Context, g *ground, method string) (*Summary, error) {
	var seeds []string
	for _, s := range c.Seeds {
		seeds = append(seeds, fmt.Sprint(s))
	}
	args := []string{
		"detection", "--data", g.data, "--layout", g.layout, "--categories", strings.Join(g.categories(), ","), "--seeds", strings.Join(seeds, ","),
		"--resolution", c.Resolution,
	}
	if method == "" {
		args = append(args, "--detector", "patchcore", "--out", filepath.Join(g.dir, "detection", "nothing"))
	} else {
		args = append(args, "--detector", "probe", "--generated", filepath.Join(g.folderOf(method), errandFolder), "--out", filepath.Join(g.dir, "detection", method))
	}
	if c.Overwrite {
		args = append(args, "--overwrite")
	}
	fmt.Fprintf(os.Stderr, "evaluate %s\n", strings.Join(args, " "))
	var line commandLine
	if _, err := newParser(&line).Parse(args); err != nil {
		return nil, err
	}
	d := &line.Detection
	d.plain, d.open = true, c.open
	p, err := d.plan(ctx)
	if err != nil {
		return nil, err
	}
	defer p.detectors.close()
	rows, err := d.judge(ctx, p)
	if err != nil {
		return nil, err
	}
	report, err := d.report(p, rows)
	if err != nil {
		return nil, err
	}
	if n := len(report.Summaries); n != 1 {
		return nil, fmt.Errorf("detection has %d summaries, want 1", n)
	}
	return report.Summaries[0], nil
}
