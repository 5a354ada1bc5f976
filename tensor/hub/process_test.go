package hub

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// serverOf makes the test binary a program that fetches from a server into HF_HUB_CACHE, and prints the path.
const serverOf = "SDGRAPH_TEST_HUB"

func TestMain(m *testing.M) {
	if endpoint := os.Getenv(serverOf); endpoint != "" {
		path, err := Open(context.Background(), testRepo, Options{Endpoint: endpoint})
		if err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Stdout.WriteString(path)
		return
	}
	os.Exit(m.Run())
}

func program(t *testing.T, endpoint, cache string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), serverOf+"="+endpoint, "HF_HUB_CACHE="+cache)
	return cmd
}

// TestTwoProcesses: of two programs that fetch the same one waits for the other, and every file comes once.
func TestTwoProcesses(t *testing.T) {
	s := newStub(t, tiny(t))
	o := s.options(t)
	s.faulty(func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		if strings.HasPrefix(r.URL.Path, "/cdn/") {
			time.Sleep(50 * time.Millisecond) // long enough for the other to come to it, too
		}
		return false
	})
	type end struct {
		out []byte
		err error
	}
	ends := make(chan end, 2)
	for range 2 {
		cmd := program(t, s.URL, o.Cache)
		go func() { out, err := cmd.CombinedOutput(); ends <- end{out, err} }()
	}
	for range 2 {
		if e := <-ends; e.err != nil {
			t.Errorf("%v: %s", e.err, e.out)
		} else {
			s.checkWhole(t, string(e.out))
		}
	}
	for _, name := range wanted {
		most := 1
		if name == indexFile {
			most = 3 // each reads it before it asks, and one of them fetches it
		}
		if n := len(s.asked("/resolve/" + testCommit + "/" + name)); n > most {
			t.Errorf("%s was asked for %d times", name, n)
		}
	}
}

// TestKilledProcess: what a program leaves that is killed in the middle, the next goes on with.
func TestKilledProcess(t *testing.T) {
	s := newStub(t, one(100_000))
	o := s.options(t)
	sent, hold := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(hold) })
	s.faulty(func(w http.ResponseWriter, r *http.Request, before int) bool {
		if !strings.HasPrefix(r.URL.Path, "/cdn/") || before > 0 {
			return false
		}
		w.Header().Set("Content-Length", "100000")
		w.Write(s.files[oneFile][:50_000])
		w.(http.Flusher).Flush()
		close(sent)
		<-hold
		return true
	})
	cmd := program(t, s.URL, o.Cache)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-sent
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if info, err := os.Stat(s.partialPath(o)); err == nil && info.Size() == 50_000 {
			break
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	s.fetchOne(t, o)
	if at := s.asked("/cdn/" + oneFile); len(at) != 2 || at[1].bytes != "bytes=50000-" {
		t.Errorf("asked for %+v", at)
	}
}
