package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Our process and those of the peers have each loaded and warmed up their workload
// before the first turn. Then they take turns, of one run or, where that is short, of
// up to ten that fill a tenth of a second, so that whatever else the machine does meets all
// of them alike; those that wait use no processor. A single short run would find the
// caches and the clock as another process has left them.

const (
	fewestTurns = 2
	mostTurns   = 10
	shortest    = 100 * time.Millisecond // of a turn of fewer than the most runs
	mostRuns    = 10                     // of a turn
	longEnough  = 30 * time.Second       // of turns: after that there are only the fewest
)

// take runs one workload in turns with its peers. The fastest runs count.
func take(ctx context.Context, name string, ours command, peers []command) (*result, []*peerResult, error) {
	all := make([]*child, 0, 1+len(peers))
	defer func() {
		for _, c := range all {
			c.stop()
		}
	}()
	for _, program := range append([]command{ours}, peers...) {
		c, err := program.start(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, c)
		if err := c.wait(); err != nil {
			return nil, nil, err
		}
	}
	start := time.Now()
	for turn := 0; turn < fewestTurns || turn < mostTurns && time.Since(start) < longEnough; turn++ {
		for _, c := range all {
			if err := c.turn(); err != nil {
				return nil, nil, err
			}
		}
	}
	r, others := new(result), make([]*peerResult, len(peers))
	if err := all[0].end(r); err != nil {
		return nil, nil, err
	}
	for i := range others {
		others[i] = new(peerResult)
		if err := all[1+i].end(others[i]); err != nil {
			return nil, nil, err
		}
	}
	return r, others, nil
}

// child is a process with a workload. It writes a line after its first run, and
// after one more for each line that it reads; at the end of its input it writes
// its result.
type child struct {
	name string // of program and workload, for errors
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// start starts the program on a workload.
func (c command) start(ctx context.Context, name string) (*child, error) {
	cmd := exec.CommandContext(ctx, c[0], append(c[1:len(c):len(c)], "--child", name, "--wait")...)
	cmd.Stderr = os.Stderr
	p := &child{name: filepath.Base(c[0]) + " on " + name, cmd: cmd}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	p.in, p.out = in, bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	return p, nil
}

// turn lets the process run its workload, once at least.
func (p *child) turn() error {
	start := time.Now()
	for range mostRuns {
		if _, err := fmt.Fprintln(p.in); err != nil {
			return p.failed(err)
		}
		if err := p.wait(); err != nil || time.Since(start) >= shortest {
			return err
		}
	}
	return nil
}

// wait waits for the end of a run.
func (p *child) wait() error {
	if _, err := p.out.ReadString('\n'); err != nil {
		return p.failed(err)
	}
	return nil
}

// end ends the process and decodes its result.
func (p *child) end(into any) error {
	p.in.Close()
	line, err := io.ReadAll(p.out)
	if err != nil {
		return p.failed(err)
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	if err := json.Unmarshal(line, into); err != nil {
		return fmt.Errorf("%s printed %q: %w", p.name, line, err)
	}
	return nil
}

// failed is the error of a process that has ended too early: how it ended if that
// says more than what came of its end.
func (p *child) failed(err error) error {
	p.in.Close()
	if ended := p.cmd.Wait(); ended != nil {
		err = ended
	}
	return fmt.Errorf("%s: %w", p.name, err)
}

// stop ends a process that is still running.
func (p *child) stop() {
	if p.cmd.ProcessState == nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	}
}

// alone is the pace of a process that nobody waits for.
func alone() func() bool {
	left := fewestTurns
	return func() bool {
		left--
		return left >= 0
	}
}

// waiting is the pace of a child process: see child.
func waiting(in io.Reader, out io.Writer) func() bool {
	lines := bufio.NewReader(in)
	return func() bool {
		fmt.Fprintln(out)
		_, err := lines.ReadString('\n')
		return err == nil
	}
}
