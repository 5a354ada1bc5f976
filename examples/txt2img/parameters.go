package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

// samplers are the web UI's names of the schedulers.
var samplers = map[string]string{
	"ddim": "DDIM", "pndm": "PLMS", "euler": "Euler", "euler-a": "Euler a", "dpmpp2m": "DPM++ 2M",
	"dpmpp2m-sde": "DPM++ 2M SDE", "unipc": "UniPC", "lcm": "LCM", "tcd": "TCD",
}

// samplerName says which scheduler runs, for people.
func (j *job) samplerName() string {
	if schedule := j.scheduleType(); schedule == "Karras" {
		return samplers[j.flags.Scheduler] + " " + schedule
	}
	return samplers[j.flags.Scheduler]
}

// scheduleType is the web UI's name of the spacing of the noise levels, ""
// where its samplers have no choice.
func (j *job) scheduleType() string {
	switch {
	case !j.flags.hasLevels():
		return ""
	case j.config.KarrasSigmas:
		return "Karras"
	}
	return "Uniform"
}

// parameters says how the picture of a seed is made, in the form of the Stable
// Diffusion web UI's text chunk "parameters" (create_infotext in its
// modules/processing.py; read back by parse_generation_parameters).
func (j *job) parameters(seed uint64) string {
	f := j.flags
	var b strings.Builder
	b.WriteString(f.Prompt)
	separator := "\n"
	if f.Prompt == "" { // the web UI strips the text
		separator = ""
	}
	if f.Negative != "" {
		b.WriteString(separator + "Negative prompt: " + f.Negative)
		separator = "\n"
	}
	add := func(key, value string) {
		if value != "" {
			b.WriteString(separator + key + ": " + quote(value))
			separator = ", "
		}
	}
	add("Steps", strconv.Itoa(f.Steps))
	add("Sampler", samplers[f.Scheduler])
	add("Schedule type", j.scheduleType())
	add("CFG scale", strconv.FormatFloat(f.Guidance, 'g', -1, 64))
	add("Seed", strconv.FormatUint(seed, 10))
	add("Size", fmt.Sprintf("%dx%d", j.width, j.height))
	add("Model", j.modelName())
	if j.picture != nil {
		add("Denoising strength", strconv.FormatFloat(f.strength(), 'g', -1, 64))
	}
	add("TI hashes", j.learned())
	// Its source NV is the CUDA generator, computed elsewhere.
	add("RNG", map[string]string{"cpu": "CPU", "cuda": "NV"}[f.Noise])
	return b.String()
}

// learned names the words of the prompts that were learned, each with its file, as the web UI does.
func (j *job) learned() string {
	var all []string
	for _, e := range j.pipeline.Embeddings() {
		for _, text := range []string{j.flags.Prompt, j.flags.Negative} {
			if _, err := j.pipeline.Tokenizer.FindWord(text, e.Word); err == nil {
				all = append(all, fmt.Sprintf("%s: %.12s", strings.NewReplacer(",", "", ":", "").Replace(e.Word), e.SHA256))
				break
			}
		}
	}
	return strings.Join(all, ", ")
}

// modelName is the name of the model's directory or file.
func (j *job) modelName() string {
	if j.flags.Random {
		return "random weights"
	}
	path, err := filepath.Abs(j.flags.Model)
	if err != nil {
		path = j.flags.Model
	}
	if repo, _, isCommit := strings.Cut(j.flags.Model, "@"); isCommit && cli.IsHub(j.flags.Model) {
		path = repo
	}
	name := strings.TrimSuffix(filepath.Base(path), ".safetensors")
	return strings.ToValidUTF8(strings.NewReplacer(",", "", ":", "").Replace(name), "\uFFFD")
}

// quote puts a value between quotation marks that would otherwise end early.
func quote(value string) string {
	if !strings.ContainsAny(value, ",:\n") {
		return value
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil { // no string has one
		return value
	}
	return strings.TrimSuffix(b.String(), "\n")
}
