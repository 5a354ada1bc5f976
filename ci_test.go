package sdgraph_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestFuzzScript runs .ci/fuzz with a go command that says what go test says of one target, and fails: a run fails
// with it unless the end of its time is all there is to it.
func TestFuzzScript(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the go command is replaced by a script")
	}
	for _, program := range []string{"bash", "git"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	const deadline = "--- FAIL: FuzzIt (1.03s)\n    context deadline exceeded\nFAIL\nexit status 1\nFAIL\tit\t1.1s\n"
	for name, c := range map[string]struct {
		says   string
		writes string // a file beside the package
		fails  bool
	}{
		"the end of its time":            {says: "fuzz: elapsed: 1s, execs: 0 (0/sec)\n" + deadline},
		"an input, while it made others": {says: deadline, writes: "testdata/fuzz/FuzzIt/07", fails: true},
		"an input": {says: "--- FAIL: FuzzIt (0.10s)\n    --- FAIL: FuzzIt (0.00s)\n        it_test.go:5: context deadline exceeded\n" +
			"    \n    Failing input written to testdata/fuzz/FuzzIt/07\n", fails: true},
		"a seed":                         {says: "--- FAIL: FuzzIt (0.01s)\n    --- FAIL: FuzzIt/seed#0 (0.00s)\nFAIL\n", fails: true},
		"a deadline of the target's own": {says: strings.Replace(deadline, "FAIL\nexit", "    it_test.go:5: and another\nFAIL\nexit", 1), fails: true},
		"a build":                        {says: "FAIL\tit [build failed]\n", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put := func(name, text string) {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			script, err := os.ReadFile(filepath.Join(".ci", "fuzz"))
			if err != nil {
				t.Fatal(err)
			}
			put(".ci/fuzz", string(script))
			put("it/it_test.go", "func FuzzIt")
			put("it/testdata/fuzz/FuzzIt/06", "an input of before")
			put("says", c.says)
			if c.writes == "" {
				c.writes = "nothing"
			}
			put("bin/go", `#!/usr/bin/env bash
case "$*" in
"-C it test -list ^Fuzz .") echo FuzzIt ;;
"-C it test -run ^$ -fuzz ^FuzzIt$ -fuzztime 7s -fuzzminimizetime 20x .") cat says; touch "it/$WRITES"; exit 1 ;;
*) echo "go $*"; exit 2 ;;
esac
`)
			run := func(args ...string) (string, error) {
				cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "WRITES="+c.writes, "PATH="+filepath.Join(dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
				output, err := cmd.CombinedOutput()
				return string(output), err
			}
			if output, err := run("git", "init", "-q"); err != nil {
				t.Skipf("%v: %s", err, output)
			}
			output, err := run("bash", ".ci/fuzz", "7s")
			if (err != nil) != c.fails || !strings.Contains(output, c.says) || strings.Contains(output, "==== FAILED\nit: FuzzIt\n") != c.fails {
				t.Errorf("%v, want failure %t; output:\n%s", err, c.fails, output)
			}
		})
	}
}
