package main

import (
	"bytes"
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
	Faster  float64 `json:"times_as_fast"`
	CPU     float64 `json:"times_less_cpu,omitempty"`
	Smaller float64 `json:"times_less_memory,omitempty"`
}

// runAll runs each workload in a process of its own.
func runAll(ctx context.Context, lines *json.Encoder, o options) error {
	theirs, remove, err := peers(o)
	if err != nil {
		return err
	}
	defer remove()
	all := map[string]*result{}
	for _, name := range o.Only {
		r, peer, err := take(ctx, name, ours(o), theirs)
		if err != nil {
			return err
		}
		if err := lines.Encode(r); err != nil {
			return err
		}
		if peer != nil {
			if err := lines.Encode(peer); err != nil {
				return err
			}
			if err := lines.Encode(compare(r, peer)); err != nil {
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

// take runs one workload: once, or, with a peer, twice each in turns, of which
// the fastest count. peer is nil where there is none.
func take(ctx context.Context, name string, ours, theirs command) (r *result, peer *peerResult, err error) {
	for range turns {
		again := new(result)
		if err := ours.run(ctx, name, again); err != nil {
			return nil, nil, err
		}
		if r == nil || again.Seconds < r.Seconds {
			r, again = again, r
		}
		if again != nil {
			r.CPU = min(r.CPU, again.CPU)
		}
		if theirs == nil || !hasPeer(name) {
			return r, nil, nil
		}
		other := new(peerResult)
		if err := theirs.run(ctx, name, other); err != nil {
			return nil, nil, err
		}
		if peer == nil || other.Seconds < peer.Seconds {
			peer, other = other, peer
		}
		if other != nil {
			peer.CPU = min(peer.CPU, other.CPU)
		}
	}
	return r, peer, nil
}

func compare(r *result, peer *peerResult) ratio {
	c := ratio{Name: r.Name, Peer: peer.Peer, Faster: round(peer.Seconds/r.Seconds, 3)}
	if r.PeakRSS > 0 && r.CPU > 0 {
		c.CPU = round(peer.CPU/r.CPU, 3)
		c.Smaller = round(peer.PeakRSS/r.PeakRSS, 3)
	}
	return c
}

// hasPeer tells whether peers.py has the workload.
func hasPeer(name string) bool {
	return bytes.Contains(peersSource, []byte(strconv.Quote(name)+": ("))
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

// peers is the interpreter on peers.py, nil if it was not asked for, and what
// removes the script afterwards.
func peers(o options) (c command, remove func(), err error) {
	if o.Peers == "" {
		return nil, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, nil, err
	}
	script := filepath.Join(dir, "peers.py")
	if err := os.WriteFile(script, peersSource, 0o644); err != nil {
		os.RemoveAll(dir)
		return nil, nil, err
	}
	return command{o.Peers, script, "--dtype", o.Dtype, "--threads", strconv.Itoa(o.Threads)}, func() { os.RemoveAll(dir) }, nil
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
