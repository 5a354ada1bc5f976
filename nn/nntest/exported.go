package nntest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// Misuse is calls of a package's exported functions with arguments that are nil,
// empty, scalar or of the wrong shape or size, by the functions' names, methods as
// "Type.Method".
type Misuse struct {
	// Refused have an error as their result, which none of the calls may leave nil.
	Refused map[string][]func() error
	// Harmless have none: they only must not panic.
	Harmless map[string][]func()
	// Exempt functions are not called, each for the reason that is given.
	Exempt map[string]string
}

// Check makes all calls and fails for what panics and for what is not refused. It
// also fails where the exported functions of the package in the working directory
// are not those that m names, so that none is forgotten.
func (m Misuse) Check(t *testing.T) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(m.Refused)) {
		for i, call := range m.Refused[name] {
			if err := calm(t, name, i, call); err == nil {
				t.Errorf("%s, call %d: no error", name, i)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Harmless)) {
		for i, call := range m.Harmless[name] {
			_ = calm(t, name, i, func() error { call(); return nil })
		}
	}
	all := exported(t)
	named := slices.Concat(slices.Collect(maps.Keys(m.Refused)), slices.Collect(maps.Keys(m.Harmless)), slices.Collect(maps.Keys(m.Exempt)))
	for _, name := range all {
		if !slices.Contains(named, name) {
			t.Errorf("%s is exported, and is not called with wrong arguments", name)
		}
	}
	for _, name := range named {
		if !slices.Contains(all, name) {
			t.Errorf("%s is not among the exported functions", name)
		}
	}
}

// calm calls f and fails where it panics.
func calm(t *testing.T, name string, i int, f func() error) (err error) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s, call %d: panics: %v", name, i, r)
			err, _ = r.(error)
		}
	}()
	return f()
}

// exported lists the exported functions, and methods of exported types, of the
// package in the working directory.
func exported(t *testing.T) []string {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.IsExported() {
				if name := qualified(f); ast.IsExported(name) {
					names = append(names, name)
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names) // a function may be there once for each system
}

// qualified is a function's name, behind that of its receiver's type.
func qualified(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	of := f.Recv.List[0].Type
	for {
		switch x := of.(type) {
		case *ast.StarExpr:
			of = x.X
		case *ast.IndexExpr:
			of = x.X
		case *ast.Ident:
			return x.Name + "." + f.Name.Name
		default:
			return ""
		}
	}
}
