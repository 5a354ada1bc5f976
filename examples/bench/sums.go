package main

import "slices"

// sum is a row that is added up of others.
type sum struct {
	name  string
	parts []part
}

// part is how many times a workload is in a sum.
type part struct {
	workload string
	times    float64
}

// sums are whole pictures of AnomalyAny with the numbers of its presets, of 512×512 pixels where nothing else is asked for.
var sums = []sum{
	// 75 steps, the last 30 with refinement.
	{"anomalyany.image", []part{{"anomalyany.step", 45}, {"anomalyany.refine", 30}}},
	// The photograph, nine steps, in the last five of which CLIP looks at the latent, and the picture.
	{"anomalyany.fast", []part{{"vae.encode", 1}, {"anomalyany.step", 9}, {"anomalyany.look", 5}, {"vae.decode", 1}}},
}

// withParts puts the parts of sums that are asked for in their place.
func withParts(only []string) []string {
	var all []string
	add := func(name string) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	for _, name := range only {
		i := slices.IndexFunc(sums, func(s sum) bool { return s.name == name })
		if i < 0 {
			add(name)
			continue
		}
		for _, p := range sums[i].parts {
			add(p.workload)
		}
	}
	return all
}

// of adds up what was measured, ours nil where a part was not.
func (s sum) of(all map[string]measured) measured {
	first := all[s.parts[0].workload]
	if first.ours == nil {
		return measured{}
	}
	m := measured{ours: new(result)}
	m.ours.Name, m.ours.Dtype, m.ours.Threads, m.ours.ISA = s.name, first.ours.Dtype, first.ours.Threads, first.ours.ISA
	for _, peer := range first.peers {
		m.peers = append(m.peers, &peerResult{Name: s.name, Peer: peer.Peer, Dtype: peer.Dtype, Threads: peer.Threads})
	}
	peak := 0.0
	for _, p := range s.parts {
		one := all[p.workload]
		if one.ours == nil {
			return measured{}
		}
		if one.ours.OfPeak > 0 {
			peak = one.ours.GFLOPS / one.ours.OfPeak
		}
		r := m.ours
		r.Seconds, r.CPU, r.GFLOP = r.Seconds+p.times*one.ours.Seconds, r.CPU+p.times*one.ours.CPU, r.GFLOP+p.times*one.ours.GFLOP
		r.PeakRSS, r.Device = max(r.PeakRSS, one.ours.PeakRSS), max(r.Device, one.ours.Device)
		m.peers = slices.DeleteFunc(m.peers, func(all *peerResult) bool { return !all.add(one.peers, p.times) })
	}
	r := m.ours
	r.Seconds, r.CPU, r.GFLOP = round(r.Seconds, 4), round(r.CPU, 4), round(r.GFLOP, 4)
	r.GFLOPS = round(r.GFLOP/r.Seconds, 4)
	if peak > 0 { // none on a GPU
		r.OfPeak = round(r.GFLOPS/peak, 3)
	}
	for _, peer := range m.peers {
		peer.Seconds, peer.CPU = round(peer.Seconds, 4), round(peer.CPU, 4)
	}
	return m
}

// add adds what the same peer took for a part, and reports whether it has that part.
func (r *peerResult) add(part []*peerResult, times float64) bool {
	for _, p := range part {
		if p.Peer == r.Peer {
			r.Seconds, r.CPU = r.Seconds+times*p.Seconds, r.CPU+times*p.CPU
			r.PeakRSS, r.Device = max(r.PeakRSS, p.PeakRSS), max(r.Device, p.Device)
			return true
		}
	}
	return false
}
