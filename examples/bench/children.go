package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate/textures"
)

//go:embed peers*.py
var peersSource embed.FS

// peerResult is what peers.py prints.
type peerResult struct {
	Name    string  `json:"name"`
	Peer    string  `json:"peer"`
	Dtype   string  `json:"dtype"`
	Threads int     `json:"threads"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
	PeakRSS float64 `json:"peak_rss_gb"`
	Device  float64 `json:"peak_device_gb,omitempty"`
}

// ratio compares the two: above 1 is in our favour.
type ratio struct {
	Name    string  `json:"name"`
	Peer    string  `json:"peer"`
	Dtype   string  `json:"dtype"`
	Faster  float64 `json:"times_as_fast"`
	CPU     float64 `json:"times_less_cpu,omitempty"`
	Smaller float64 `json:"times_less_memory,omitempty"` // of the GPU on one
}

// runAll runs each workload in a process of its own.
func runAll(ctx context.Context, lines *json.Encoder, o options) error {
	script, remove, err := o.script()
	if err != nil {
		return err
	}
	defer remove()
	all := map[string]measured{}
	for _, name := range o.Only {
		var peers []command
		if o.Peers != "" {
			for _, peer := range find(name).peers {
				if o.onGPU() && peer == "openvino" {
					continue // it has no kernels for these
				}
				peers = append(peers, o.peer(script, peer))
			}
		}
		r, others, err := take(ctx, name, ours(o), peers)
		if err != nil {
			if stopped := ctx.Err(); stopped != nil {
				return stopped // which ended the children, too
			}
			return err
		}
		all[name] = measured{r, others}
		if err := all[name].print(lines); err != nil {
			return err
		}
	}
	for _, s := range sums {
		if m := s.of(all); m.ours != nil {
			if err := m.print(lines); err != nil {
				return err
			}
		}
	}
	return nil
}

// measured is a workload's result beside those of its peers.
type measured struct {
	ours  *result
	peers []*peerResult
}

func (m measured) print(lines *json.Encoder) error {
	if err := lines.Encode(m.ours); err != nil {
		return err
	}
	for _, peer := range m.peers {
		if err := lines.Encode(peer); err != nil {
			return err
		}
		if err := lines.Encode(compare(m.ours, peer)); err != nil {
			return err
		}
	}
	return nil
}

func compare(r *result, peer *peerResult) ratio {
	c := ratio{Name: r.Name, Peer: peer.Peer, Dtype: r.Dtype, Faster: round(peer.Seconds/r.Seconds, 3)}
	if r.Device > 0 {
		c.Smaller = round(peer.Device/r.Device, 3)
		return c
	}
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
	c := command{self, "--device", o.Device, "--dtype", o.Dtype, "--threads", strconv.Itoa(o.Threads), "--size", strconv.Itoa(o.Size),
		"--memory", strconv.FormatFloat(o.Memory, 'g', -1, 64)}
	if o.Model != "" {
		c = append(c, "--model", o.Model)
	}
	if o.Profile {
		c = append(c, "--profile")
	}
	return c
}

// script writes peers.py where an interpreter finds it, if it was asked for, and
// beside it what it imports and the pictures that it reads; it gives what removes them.
func (o options) script() (path string, remove func(), err error) {
	if o.Peers == "" {
		return "", func() {}, nil
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "peers.py")
	if err := errors.Join(os.CopyFS(dir, peersSource), os.CopyFS(dir, textures.FS())); err != nil {
		os.RemoveAll(dir)
		return "", nil, err
	}
	return path, func() { os.RemoveAll(dir) }, nil
}

// peer is the interpreter on peers.py.
func (o options) peer(script, name string) command {
	return command{o.Peers, script, "--peer", name, "--device", o.Device, "--dtype", o.Dtype, "--threads", strconv.Itoa(o.Threads)}
}
