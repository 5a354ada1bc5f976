package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

func TestFindShard(t *testing.T) {
	for _, c := range []struct {
		flag, env string
		want      string // "" for all, "error: …" for one that says it
	}{
		{"", "", ""},
		{"2/3", "", "2/3"},
		{"0/1", "JOB_COMPLETION_INDEX=3", ""},
		{"1/4", "SLURM_ARRAY_TASK_ID=3", "1/4"},
		{"3/3", "", "error: I from 0 to N-1"},
		{"-1/3", "", "error: I from 0 to N-1"},
		{"1", "", "error: want I/N"},
		{"a/b", "", "error: want I/N"},
		{"0/1000000", "", "error: N from 1 to 100000"},
		{"", "JOB_COMPLETION_INDEX=2 JOB_COMPLETIONS=5", "2/5"},
		{"", "JOB_COMPLETION_INDEX=2", "error: --shard 2/N"},
		{"", "JOB_COMPLETION_INDEX=5 JOB_COMPLETIONS=5", "error: JOB_COMPLETIONS"},
		{"", "SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_MIN=2 SLURM_ARRAY_TASK_COUNT=6", "2/6"},
		{"", "SLURM_ARRAY_TASK_ID=6 SLURM_ARRAY_TASK_MIN=2 SLURM_ARRAY_TASK_STEP=2 SLURM_ARRAY_TASK_COUNT=3", "2/3"},
		{"", "SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=3", "error: Slurm's array"}, // 1,3,7
		{"", "SLURM_ARRAY_TASK_ID=7", "error: Slurm's array"},
	} {
		env := map[string]string{}
		for _, e := range strings.Fields(c.env) {
			name, value, _ := strings.Cut(e, "=")
			env[name] = value
		}
		s, err := findShard(c.flag, func(name string) string { return env[name] })
		if says, fails := strings.CutPrefix(c.want, "error: "); fails {
			wantError(t, err, says)
		} else if err != nil || s.String() != c.want {
			t.Errorf("%q, %q: %s, %v, want %s", c.flag, c.env, s, err, c.want)
		}
	}
}

// TestShards: three shards, of which one is late, make the table of one run.
func TestShards(t *testing.T) {
	data, whole, out := drawn(t, two), t.TempDir(), t.TempDir()
	args := []string{"--data", data, "--detector", "padim,patchcore", "--shots", "1", "--seeds", "0,1", "--out"}
	if err := evaluate(t, fake{}, append(args, whole)...); err != nil {
		t.Fatal(err)
	}
	args = append(args, out)
	wantError(t, evaluate(t, fake{}, append(args, "--merge")...), "no rows", "results-0-of-N.jsonl")
	for _, i := range []string{"0", "2"} {
		if err := evaluate(t, fake{}, append(args, "--shard", i+"/3")...); err != nil {
			t.Fatal(err)
		}
	}
	if files, want := strings.Join(clitest.Written(t, out), " "), "results-0-of-3.jsonl results-2-of-3.jsonl"; files != want {
		t.Errorf("shards have written %s, want %s", files, want)
	}
	wantError(t, evaluate(t, fake{}, append(args, "--merge")...), "2 of 8 rows are missing", "bolt, padim, 1-shot, seed 1", "bolt, patchcore, 1-shot, seed 1")
	t.Setenv("JOB_COMPLETION_INDEX", "1")
	t.Setenv("JOB_COMPLETIONS", "3")
	if err := evaluate(t, fake{}, args...); err != nil {
		t.Fatal(err)
	}
	made := 0
	if err := evaluate(t, fake{made: &made}, append(args, "--merge")...); err != nil || made > 0 {
		t.Fatalf("%v, and %d rows were computed", err, made)
	}
	for _, name := range []string{"table.md", "results.json"} {
		if a, b := read(t, whole, name), read(t, out, name); a != b {
			t.Errorf("%s differs:\n%s\n%s", name, a, b)
		}
	}
	wantError(t, evaluate(t, fake{}, append(args, "--merge", "--shard", "0/3")...), "--merge", "leave --shard out")
	wantError(t, evaluate(t, fake{}, append(args, "--merge", "--reading", "anomalib")...), "--reading was official and is anomalib")
	if err := os.WriteFile(filepath.Join(out, "results-7-of-9.jsonl"), []byte("{}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	wantError(t, evaluate(t, fake{}, append(args, "--merge")...), "results-7-of-9.jsonl, line 1", "no row of this version")
}
