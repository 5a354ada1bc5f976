package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

//go:embed peers.py
var peersSource []byte

// peerResult is what peers.py prints.
type peerResult struct {
	Name    string  `json:"name"`
	Peer    string  `json:"peer"`
	Dtype   string  `json:"dtype"`
	Threads int     `json:"threads"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
	PeakRSS float64 `json:"peak_rss_gb"`
}

// ratio compares the two: above 1 is in our favour.
type ratio struct {
	Name    string  `json:"name"`
	Peer    string  `json:"peer"`
	Dtype   string  `json:"dtype"`
	Faster  float64 `json:"times_as_fast"`
	CPU     float64 `json:"times_less_cpu,omitempty"`
	Smaller float64 `json:"times_less_memory,omitempty"`
}

// runAll runs each workload in a process of its own.
func runAll(ctx context.Context, lines *json.Encoder, o options) error {
	script, remove, err := o.script()
	if err != nil {
		return err
	}
	defer remove()
	all := map[string]*result{}
	for _, name := range o.Only {
		var peers []command
		if o.Peers != "" {
			for _, peer := range find(name).peers {
				peers = append(peers, o.peer(script, peer))
			}
		}
		r, others, err := take(ctx, name, ours(o), peers)
		if err != nil {
			return err
		}
		if err := lines.Encode(r); err != nil {
			return err
		}
		for _, other := range others {
			if err := lines.Encode(other); err != nil {
				return err
			}
			if err := lines.Encode(compare(r, other)); err != nil {
				return err
			}
		}
		all[name] = r
	}
	if plain, refine := all["anomalyany.step"], all["anomalyany.refine"]; plain != nil && refine != nil {
		return lines.Encode(wholePicture(plain, refine))
	}
	return nil
}

// take runs one workload: once, or, with peers, twice each in turns, of which
// the fastest count.
func take(ctx context.Context, name string, ours command, peers []command) (*result, []*peerResult, error) {
	if len(peers) == 0 {
		r := new(result)
		return r, nil, ours.run(ctx, name, r)
	}
	var r *result
	others := make([]*peerResult, len(peers))
	for range turns {
		again := new(result)
		if err := ours.run(ctx, name, again); err != nil {
			return nil, nil, err
		}
		r = faster(r, again)
		for i, peer := range peers {
			again := new(peerResult)
			if err := peer.run(ctx, name, again); err != nil {
				return nil, nil, err
			}
			if others[i] == nil {
				others[i] = again
				continue
			}
			others[i].Seconds = min(others[i].Seconds, again.Seconds)
			others[i].CPU = min(others[i].CPU, again.CPU)
		}
	}
	return r, others, nil
}

// faster is the faster of two results, with the smaller time of all threads; r
// may be nil.
func faster(r, again *result) *result {
	if r == nil {
		return again
	}
	cpu := min(r.CPU, again.CPU)
	if again.Seconds < r.Seconds {
		r = again
	}
	r.CPU = cpu
	return r
}

func compare(r *result, peer *peerResult) ratio {
	c := ratio{Name: r.Name, Peer: peer.Peer, Dtype: r.Dtype, Faster: round(peer.Seconds/r.Seconds, 3)}
	if r.PeakRSS > 0 && r.CPU > 0 {
		c.CPU = round(peer.CPU/r.CPU, 3)
		c.Smaller = round(peer.PeakRSS/r.PeakRSS, 3)
	}
	return c
}

// command is a program and its arguments; the name of a workload is added.
type command []string

// ours is this program.
func ours(o options) command {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	c := command{self, "--dtype", o.Dtype, "--threads", strconv.Itoa(o.Threads), "--size", strconv.Itoa(o.Size)}
	if o.Model != "" {
		c = append(c, "--model", o.Model)
	}
	if o.Profile {
		c = append(c, "--profile")
	}
	return c
}

// script writes peers.py where an interpreter finds it, if it was asked for, and
// gives what removes it.
func (o options) script() (path string, remove func(), err error) {
	if o.Peers == "" {
		return "", func() {}, nil
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "peers.py")
	if err := os.WriteFile(path, peersSource, 0o644); err != nil {
		os.RemoveAll(dir)
		return "", nil, err
	}
	return path, func() { os.RemoveAll(dir) }, nil
}

// peer is the interpreter on peers.py.
func (o options) peer(script, name string) command {
	return command{o.Peers, script, "--peer", name, "--dtype", o.Dtype, "--threads", strconv.Itoa(o.Threads)}
}

// run runs a workload and decodes what it prints.
func (c command) run(ctx context.Context, name string, into any) error {
	cmd := exec.CommandContext(ctx, c[0], append(c[1:len(c):len(c)], "--child", name)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("%s printed %q: %w", filepath.Base(c[0]), out, err)
	}
	return nil
}
