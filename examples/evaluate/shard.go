package main

import (
	"fmt"
	"strconv"
	"strings"
)

// shard is which part of the work is done: of every so many categories and seeds the one of number i. The zero value
// is all of it.
type shard struct{ i, of int }

// mostShards is more than anybody has machines.
const mostShards = 100_000

// has reports whether a piece of work, counted from 0, is the shard's.
func (s shard) has(n int) bool { return s.of <= 1 || n%s.of == s.i }

// String is as the flag has it; empty for all.
func (s shard) String() string {
	if s.of <= 1 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.i, s.of)
}

// findShard is what the flag says or, without it, the environment of a Slurm array's task or of the pod of a
// Kubernetes indexed job.
func findShard(flag string, env func(string) string) (shard, error) {
	if flag != "" {
		return parseShard(flag)
	}
	if id := env("SLURM_ARRAY_TASK_ID"); id != "" {
		return slurmShard(id, env)
	}
	if index := env("JOB_COMPLETION_INDEX"); index != "" {
		of := env("JOB_COMPLETIONS")
		if of == "" {
			return shard{}, fmt.Errorf("JOB_COMPLETION_INDEX is %s, and of how many pods is not known: set JOB_COMPLETIONS to the job's completions in its template, or give --shard %s/N (0/1 for all of the work)", index, index)
		}
		s, err := parseShard(index + "/" + of)
		if err != nil {
			return s, fmt.Errorf("JOB_COMPLETION_INDEX and JOB_COMPLETIONS: %w", err)
		}
		return s, nil
	}
	return shard{}, nil
}

func parseShard(text string) (s shard, err error) {
	i, of, ok := strings.Cut(text, "/")
	s.i, err = strconv.Atoi(i)
	if err == nil && ok {
		s.of, err = strconv.Atoi(of)
	}
	switch {
	case err != nil || !ok:
		return shard{}, fmt.Errorf("--shard is %.100q, want I/N, such as 0/8 to 7/8", text)
	case s.of < 1 || s.of > mostShards || s.i < 0 || s.i >= s.of:
		return shard{}, fmt.Errorf("--shard is %.100q, want I/N with N from 1 to %d and I from 0 to N-1", text, mostShards)
	}
	return s, nil
}

// slurmShard is the place of a task in its array, whose numbers begin anywhere and may be apart by a step.
func slurmShard(id string, env func(string) string) (shard, error) {
	number := func(text string, otherwise int) int {
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
		return otherwise
	}
	task, first, step := number(id, -1), number(env("SLURM_ARRAY_TASK_MIN"), -1), number(env("SLURM_ARRAY_TASK_STEP"), 1)
	s := shard{of: number(env("SLURM_ARRAY_TASK_COUNT"), -1)}
	if task < 0 || first < 0 || step < 1 || s.of < 1 || s.of > mostShards || task < first || (task-first)%step != 0 || (task-first)/step >= s.of {
		return shard{}, fmt.Errorf("the task's place in Slurm's array is not known: SLURM_ARRAY_TASK_ID is %q, _MIN %q, _STEP %q and _COUNT %q; want an array like 0-7, or give --shard (0/1 for all of the work)",
			id, env("SLURM_ARRAY_TASK_MIN"), env("SLURM_ARRAY_TASK_STEP"), env("SLURM_ARRAY_TASK_COUNT"))
	}
	s.i = (task - first) / step
	return s, nil
}
