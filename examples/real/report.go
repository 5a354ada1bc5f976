package main

import (
	"encoding/json"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/kernels"
)

const (
	reportName = "report.json"
	pageName   = "report.html"
)

// report is report.json: what was computed, on what and by what. Nothing in it says where files lie, or whose they are.
type report struct {
	Format     int      `json:"real"`
	Program    string   `json:"program"`
	Machine    machine  `json:"machine"`
	Model      model    `json:"model"`
	Data       *data    `json:"data"`
	Photograph string   `json:"photograph"` // relative to DATA or OUT
	Words      []string `json:"words"`      // what is asked for on it
	Seeds      []uint32 `json:"seeds"`
	Pictures   int      `json:"pictures_of_each_reference"`
	Steps      []*step  `json:"steps"`
}

// reportFormat changes when fields come to mean something else.
const reportFormat = 1

type machine struct {
	System     string `json:"system"`
	Go         string `json:"go"`
	Kernels    string `json:"kernels"` // what the processor multiplies with
	Processors int    `json:"processors"`
	Device     string `json:"device"`
}

func (r *run) report() report {
	return report{
		Format: reportFormat, Program: version(), Model: r.model, Data: r.data, Photograph: r.private.text(r.subject.path), Words: r.subject.words,
		Machine: machine{runtime.GOOS + "/" + runtime.GOARCH, runtime.Version(), kernels.ISA(), runtime.NumCPU(), r.Device},
		Seeds:   r.Seeds, Pictures: r.Pictures, Steps: r.steps,
	}
}

// write writes the report as it is so far: figures, and the page with its pictures inside.
func (r *run) write() error {
	of := r.report()
	data, err := json.MarshalIndent(of, "", " ")
	if err != nil {
		return err
	}
	page, err := r.page(of)
	if err != nil {
		return err
	}
	return files.WriteAll(files.File{Path: filepath.Join(r.Out, reportName), Data: append(data, '\n')}, files.File{Path: filepath.Join(r.Out, pageName), Data: page})
}

// parity is whether a step is one of comparing with diffusers.
func (s *step) parity() bool { return strings.HasPrefix(s.Name, parityName) }
