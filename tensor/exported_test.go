package tensor

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	gt "gorgonia.org/tensor"
)

// odd are tensors that are none, have no numbers, one, or are of other kinds.
func odd() map[string]*gt.Dense {
	return map[string]*gt.Dense{
		"nil": nil, "zero": {}, "scalar": FromFloat32s([]float32{1}), "empty": FromFloat32s(nil, 0, 3),
		"doubles": gt.New(gt.WithShape(1, 1), gt.WithBacking([]float64{1})), "flags": gt.New(gt.WithShape(2), gt.WithBacking([]bool{true, false})),
	}
}

// everyCall calls each exported function and method with values that make no
// sense, by its name. Those that can fail must.
func everyCall(t *testing.T) map[string]func(d *gt.Dense) []error {
	missing := OnDisk(t.TempDir()).Path("missing")
	must := func(_ any, err error) []error { return []error{err} }
	no := func(any) []error { return nil }
	f, s, nowhere := &File{}, &Set{}, InFS(nil)
	return map[string]func(d *gt.Dense) []error{
		"Elements":     func(d *gt.Dense) []error { Elements(d); return nil },
		"ToFloat32":    func(d *gt.Dense) []error { return no(ToFloat32(d)) },
		"Float32s":     func(d *gt.Dense) []error { return no(Float32s(d)) },
		"NonFinite":    func(d *gt.Dense) []error { return no(NonFinite(d)) },
		"Rows":         func(d *gt.Dense) []error { return no([]*gt.Dense{Rows(d, -1, 1), Rows(d, 0, 1<<62), Rows(d, 1, 1)}) },
		"FromFloat32s": func(*gt.Dense) []error { return no(FromFloat32s(nil, 2, -3)) },
		"FromFloat32sAs": func(*gt.Dense) []error {
			return no([]*gt.Dense{FromFloat32sAs(gt.Dtype{}, nil), FromFloat32sAs(BFloat16, nil, 1)})
		},
		"Save": func(d *gt.Dense) []error {
			return []error{Save(missing+"/x", map[string]*gt.Dense{"a": d}, nil), Save("", nil, nil)}
		},
		"WriteFile": func(*gt.Dense) []error { return []error{WriteFile("", nil), WriteFile(missing+"/x", nil)} },
		"CreateTemporary": func(*gt.Dense) []error {
			return append(must(CreateTemporary(missing)), must(CreateTemporary("\x00"))...)
		},
		"IsTemporary":  func(*gt.Dense) []error { return no(IsTemporary("\xff")) },
		"Kind":         func(*gt.Dense) []error { return no(Kind(^fs.FileMode(0))) },
		"SyncDir":      func(*gt.Dense) []error { return no(errors.Join(SyncDir(""), SyncDir(missing))) },
		"ToBF16":       func(*gt.Dense) []error { return no(ToBF16(0)) },
		"BF16.Float32": func(*gt.Dense) []error { return no(BF16(0xffff).Float32()) },
		"BF16.String":  func(*gt.Dense) []error { return no(BF16(0xffff).String()) },
		"Open":         func(*gt.Dense) []error { return append(must(Open("")), must(Open("\x00"))...) },
		"OpenParts": func(*gt.Dense) []error {
			none := func(io.ReaderAt, int64) ([]Part, error) { return nil, nil }
			return append(must(OpenParts(missing, none)), must(OpenParts(os.DevNull, nil))...)
		},
		"Read":    func(*gt.Dense) []error { return append(must(Read("", -1)), must(Read(os.DevNull, -1))...) },
		"OpenSet": func(*gt.Dense) []error { return append(must(OpenSet("")), must(OpenSet(missing, "", "/", ".."))...) },
		"NewRand": func(*gt.Dense) []error { return no(NewRand(0).Randn(-1)) },
		"Rand.Randn": func(*gt.Dense) []error {
			return no([][]float32{new(Rand).Randn(-5), new(Rand).Randn(0), new(Rand).Randn(17)})
		},
		"NewPhilox":    func(*gt.Dense) []error { return no(NewPhilox(0).Randn(-1)) },
		"Philox.Randn": func(*gt.Dense) []error { return no((&Philox{Threads: -1}).Randn(3)) },
		"OnDisk":       func(*gt.Dense) []error { return no(OnDisk("\x00").Exists("")) },
		"InFS":         func(*gt.Dense) []error { return no(InFS(nil).Exists("")) },
		"Dir.String":   func(*gt.Dense) []error { return no(nowhere.String()) },
		"Dir.Noting":   func(*gt.Dense) []error { return must(nowhere.Noting(nil).ReadFile("")) },
		"Texts.Hashes": func(*gt.Dense) []error { return no((*Texts)(nil).Hashes()) },
		"Dir.Path":     func(*gt.Dense) []error { return no(nowhere.Path("")) },
		"Dir.Sub":      func(*gt.Dense) []error { return no(nowhere.Sub("..").Exists("")) },
		"Dir.Prefer":   func(*gt.Dense) []error { return must(nowhere.Prefer("\x00").OpenSet("")) },
		"Dir.Exists":   func(*gt.Dense) []error { return no(nowhere.Exists("/")) },
		"Dir.Stat":     func(*gt.Dense) []error { return must(nowhere.Stat("")) },
		"Dir.ReadFile": func(*gt.Dense) []error { return append(must(nowhere.ReadFile("")), must(Dir{}.ReadFile(""))...) },
		"Dir.ReadUpTo": func(*gt.Dense) []error { return append(must(nowhere.ReadUpTo("", -1)), must(Dir{}.ReadUpTo("", 0))...) },
		"Dir.ReadDir":  func(*gt.Dense) []error { return must(nowhere.ReadDir()) },
		"Dir.Open":     func(*gt.Dense) []error { return append(must(nowhere.Open("")), must(Dir{}.Open(""))...) },
		"Dir.OpenSet":  func(*gt.Dense) []error { return must(nowhere.OpenSet("")) },
		"File.Names":   func(*gt.Dense) []error { return no(f.Names()) },
		"File.Info":    func(*gt.Dense) []error { f.Info(""); return nil },
		"File.Metadata": func(*gt.Dense) []error {
			return no(f.Metadata())
		},
		"File.Paths":    func(*gt.Dense) []error { return no(f.Paths()) },
		"File.Get":      func(*gt.Dense) []error { return must(f.Get("")) },
		"File.Forget":   func(*gt.Dense) []error { f.Forget(""); return nil },
		"File.Changed":  func(*gt.Dense) []error { return no(f.Changed()) },
		"File.Replaced": func(*gt.Dense) []error { return no(f.Replaced()) },
		"File.Hashes":   func(*gt.Dense) []error { return must(f.Hashes(context.Background())) },
		"File.Close":    func(*gt.Dense) []error { return no(f.Close()) },
		"Set.Names":     func(*gt.Dense) []error { return no(s.Names()) },
		"Set.Info":      func(*gt.Dense) []error { s.Info(""); return nil },
		"Set.Paths":     func(*gt.Dense) []error { return no(s.Paths()) },
		"Set.Get":       func(*gt.Dense) []error { return must(s.Get("")) },
		"Set.Forget":    func(*gt.Dense) []error { s.Forget(""); return nil },
		"Set.Changed":   func(*gt.Dense) []error { return no(s.Changed()) },
		"Set.Replaced":  func(*gt.Dense) []error { return no(s.Replaced()) },
		"Set.Hashes":    func(*gt.Dense) []error { _, err := s.Hashes(context.Background()); return no(err) },
		"Set.Close":     func(*gt.Dense) []error { return no(s.Close()) },
	}
}

// TestNothingPanics calls everything that the package exports.
func TestNothingPanics(t *testing.T) {
	calls := everyCall(t)
	for _, name := range exported(t) {
		call := calls[name]
		if call == nil {
			t.Errorf("%s is exported and is not called here", name)
			continue
		}
		for kind, d := range odd() {
			func() {
				defer func() {
					if r := recover(); r != nil {
						t.Errorf("%s, %s: panic: %v", name, kind, r)
					}
				}()
				for _, err := range call(d) {
					if err == nil {
						t.Errorf("%s, %s: no error", name, kind)
					}
				}
			}()
		}
	}
}

// exported are the functions of the package, and its methods as Type.Method.
func exported(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			if of := receiver(f); of == "" {
				names = append(names, f.Name.Name)
			} else if ast.IsExported(of) {
				names = append(names, of+"."+f.Name.Name)
			}
		}
	}
	if len(names) == 0 {
		t.Fatal("the package exports nothing")
	}
	return names
}

// receiver is the name of a method's type, "" for a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	if name, ok := of.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}
