package amxtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// trace runs the test t again in a traced process.
func trace(t *testing.T) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	output, err := os.CreateTemp(t.TempDir(), "output")
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	cmd := exec.Command(binary, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), variable+"=1")
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}

	runtime.LockOSThread() // a traced process knows one thread as its tracer
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); errors.Is(err, syscall.EPERM) {
		t.Skip("this system does not let a process trace another one")
	} else if err != nil {
		t.Fatal(err)
	}
	p := process{pid: cmd.Process.Pid, machines: map[int]*machine{}}
	status, err := p.follow()
	text, _ := os.ReadFile(output.Name())
	if err != nil || status != 0 || !bytes.Contains(text, []byte("PASS")) {
		t.Fatalf("with an emulated AMX: exit status %d, %v\n%s", status, err, text)
	}
	if p.emulated == 0 {
		t.Fatalf("no instruction of AMX was executed\n%s", text)
	}
	t.Logf("%d instructions of AMX were emulated", p.emulated)
}

// process is a traced process with the AMX state of its threads.
type process struct {
	pid      int
	mem      *os.File
	machines map[int]*machine
	emulated int
	refused  error // what was not emulated
}

// follow lets the process run until it ends.
func (p *process) follow() (exitStatus int, err error) {
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(p.pid, &status, 0, nil); err != nil {
		return 0, fmt.Errorf("waiting for the process to start: %w", err)
	}
	if p.mem, err = os.OpenFile(fmt.Sprintf("/proc/%d/mem", p.pid), os.O_RDWR, 0); err != nil {
		return 0, err
	}
	defer p.mem.Close()
	const exitKill = 0x100000 // PTRACE_O_EXITKILL
	if err := syscall.PtraceSetOptions(p.pid, syscall.PTRACE_O_TRACECLONE|exitKill); err != nil {
		return 0, fmt.Errorf("tracing: %w", err)
	}
	for thread := p.pid; ; {
		if err := syscall.PtraceCont(thread, p.signal(thread, status)); err != nil && !errors.Is(err, syscall.ESRCH) {
			return 0, fmt.Errorf("letting thread %d go on: %w", thread, err)
		}
		for {
			thread, err = syscall.Wait4(-1, &status, syscall.WALL, nil)
			if err != nil && !errors.Is(err, syscall.EINTR) {
				return 0, fmt.Errorf("waiting: %w", err)
			}
			if err == nil && status.Stopped() {
				break
			}
			if err == nil && thread == p.pid {
				return status.ExitStatus(), p.refused
			}
		}
	}
}

// signal is the one that a stopped thread goes on with, 0 for none.
func (p *process) signal(thread int, status syscall.WaitStatus) int {
	switch s := status.StopSignal(); s {
	case syscall.SIGTRAP, syscall.SIGSTOP: // of tracing itself
		return 0
	case syscall.SIGILL:
		if err := p.emulate(thread); err != nil {
			p.refused = errors.Join(p.refused, err)
			return int(s)
		}
		p.emulated++
		return 0
	default:
		return int(s)
	}
}

// emulate does what the instruction does at which a thread is.
func (p *process) emulate(thread int) error {
	var r syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(thread, &r); err != nil {
		return err
	}
	var code [8]byte
	if _, err := p.mem.ReadAt(code[:], int64(r.Rip)); err != nil {
		return err
	}
	i, err := decode(code[:], [16]uint64{
		r.Rax, r.Rcx, r.Rdx, r.Rbx, r.Rsp, r.Rbp, r.Rsi, r.Rdi,
		r.R8, r.R9, r.R10, r.R11, r.R12, r.R13, r.R14, r.R15,
	})
	if err != nil {
		return err
	}
	m := p.machines[thread]
	if m == nil {
		m = &machine{}
		p.machines[thread] = m
	}
	if err := m.run(i, p.mem); err != nil {
		return fmt.Errorf("at %#x: %w", r.Rip, err)
	}
	r.Rip += uint64(i.length)
	return syscall.PtraceSetRegs(thread, &r)
}
