package show

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	var b strings.Builder
	table := NewTable(&b)
	table.Row("part", "AUROC")
	table.Row("---", "---")
	table.Row("hazelnut", "0.9")
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "| part     | AUROC |\n| ---      | ---   |\n| hazelnut | 0.9   |\n"; got != want {
		t.Errorf("%s want\n%s", got, want)
	}
}
