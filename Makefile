# Shortcuts; what each check does is in .ci/run.
.PHONY: ci text format lint test noasm race cross generated cuda-check cuda cuda-test gpu-test gpu-bench fuzz api notices vulncheck goldens layouts compare real bench bench-peers clean

ci:
	bash .ci/run

text format lint test noasm race cross generated:
	bash .ci/run $@

# Programs with the build tag gpu, linked without a GPU's driver; kernels/cuda/README.md.
cuda-check:
	bash .ci/run cuda

# The compiled kernels that such programs embed, and the tables about them; NVCC=nvcc takes the one in PATH.
cuda: .venv/cuda/done
	go run ./kernels/cuda/internal/build -nvcc "$(NVCC)"
	go generate ./kernels/cuda/...

# Every test of the kernels for GPUs on the emulator: all heads of Stable Diffusion's attention, whole models and runs.
# An hour.
cuda-test:
	CUDA_EMULATE_ALL=1 go test -count=1 -timeout 3h ./kernels/cuda/... ./examples/parity

# On a GPU: the suite, whole models against PyTorch's tensors, and speed, beside PyTorch where an interpreter has it
# (make .venv/bench/done, or PEERS=python3). Each prints JSON or says what failed; README of kernels/cuda.
GPU ?= cuda:0
PEERS ?= $(wildcard .venv/bench/bin/python)
gpu-test:
	SDGRAPH_TEST_DEVICE=$(GPU) go test -count=1 -timeout 30m -tags gpu -json ./kernels/cuda ./examples/parity
gpu-bench:
	go run -tags gpu ./examples/bench --device $(GPU) --dtype f16 $(if $(PEERS),--peers $(PEERS))

# Every fuzz target for so long.
FUZZTIME ?= 30s
fuzz:
	bash .ci/fuzz $(FUZZTIME)

# What goes with binaries; CI compares.
api:
	bash .ci/api >testdata/api.txt
notices:
	bash .ci/notices >THIRD_PARTY_NOTICES

# Known vulnerabilities of what is linked, by the database of vuln.go.dev or a copy, VULNDB=file:///path.
vulncheck:
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 $(if $(VULNDB),-db $(VULNDB)) ./...

# The tiny models and reference tensors of testdata, with PyTorch in an environment of its own.
goldens: .venv/goldens/done
	.venv/goldens/bin/python testdata/make_goldens.py

# Data sets, of the first command's pictures and of drawn masks, read by anomalib, Ultralytics and pycocotools in an
# environment of its own, and compared with their provenance.jsonl. LAYOUTS=DIR takes a folder of yours that has some.
layouts: .venv/layouts/done
	[ -n "$(LAYOUTS)" ] || go run ./examples/anomalyany --resume --out out/layouts --layout mvtec,anomalib,yolo,coco
	SDGRAPH_LAYOUTS=$(CURDIR)/out/layouts-drawn go test -count=1 -run TestForReaders ./diffusion/anomaly/dataset
	.venv/layouts/bin/python diffusion/anomaly/dataset/testdata/read.py out/layouts-drawn $(or $(LAYOUTS),out/layouts)

# anomalib beside evaluate, turn by turn, on the weights that ship and a data set of yours in MVTec AD's layout, DATA=DIR.
compare: .venv/compare/done
	go build -o out/bin/evaluate ./examples/evaluate
	.venv/compare/bin/python examples/evaluate/testdata/anomalib_compare.py --data "$(DATA)" --evaluate out/bin/evaluate \
		--weights nn/vision/lite0/efficientnet_lite0.safetensors --out out/compare

# The module on weights of yours, and a report of it to send in, out/real/report.html: MODEL=DIR of Stable Diffusion 1.x as
# diffusers writes it, CLIP=DIR where that is not DIR/clip, DATA=DIR of MVTec AD's layout where there is one; FLAGS are others
# of examples/real (--help). It goes on where it was stopped. PYTHON=FILE takes an interpreter of yours for the reference.
PYTHON ?= .venv/real/bin/python
real: $(if $(filter .venv/%,$(PYTHON)),.venv/real/done)
	go build -o out/bin/ ./examples/real ./examples/parity ./examples/anomalyany ./examples/evaluate
	out/bin/real --python "$(PYTHON)" $(if $(MODEL),--model "$(MODEL)") $(if $(CLIP),--clip "$(CLIP)") $(if $(DATA),--data "$(DATA)") $(FLAGS)

bench:
	go run ./examples/bench

# The same workloads through PyTorch, OpenVINO, faiss, OpenCV, anomalib and the released NSA, turn by turn with ours.
bench-peers: .venv/bench/done .venv/bench/nsa/self_sup_tasks.py
	go run ./examples/bench --peers .venv/bench/bin/python
	-go run ./examples/bench --dtype bf16 --peers .venv/bench/bin/python

.venv/goldens/done: testdata/requirements.txt
.venv/bench/done: examples/bench/requirements.txt
.venv/layouts/done: diffusion/anomaly/dataset/testdata/requirements.txt
.venv/real/done: examples/real/requirements.txt
.venv/compare/done: examples/evaluate/testdata/requirements.txt
.venv/cuda/done: kernels/cuda/requirements.txt kernels/cuda/headers.txt
.venv/cuda-headers/done: kernels/cuda/headers.txt
.venv/%/done:
	python3 -m venv .venv/$*
	.venv/$*/bin/pip install --quiet -r $<
	touch $@

# One file of NSA's repository, at a commit, for the interpreter that compares with it.
NSA = 919591685307ce030fe27cb77687509dc277189c
.venv/bench/nsa/self_sup_tasks.py: .venv/bench/done
	mkdir -p $(@D)
	git init --quiet --bare $(@D)/git
	git --git-dir=$(@D)/git fetch --quiet --depth 1 https://github.com/hmsch/natural-synthetic-anomalies $(NSA)
	git --git-dir=$(@D)/git show $(NSA):self_sup_data/self_sup_tasks.py >$@.part
	mv $@.part $@

clean:
	rm -rf .venv out
