package show

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Table is a table in Markdown whose columns also line up for those who read it
// as text.
type Table struct{ w *tabwriter.Writer }

// NewTable returns a table that Flush writes.
func NewTable(to io.Writer) Table { return Table{tabwriter.NewWriter(to, 0, 0, 1, ' ', 0)} }

// Row adds a row.
func (t Table) Row(cells ...string) {
	for _, c := range cells {
		fmt.Fprintf(t.w, "| %s\t", c)
	}
	fmt.Fprintln(t.w, "|")
}

// Flush writes the rows so far; what follows is lined up by itself.
func (t Table) Flush() error { return t.w.Flush() }
