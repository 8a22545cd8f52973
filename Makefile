# The everyday commands; each installs what it needs first and says so.
.PHONY: demo install test check format bench bench-models bench-dependencies candidates dependencies

PREFIX ?= /usr/local
STATIC := $(if $(filter Linux,$(shell uname)),--static-swift-stdlib)

# Builds the program and enlarges the photograph that ships with it.
demo: dependencies
	swift build -c release --product kakudai
	@mkdir -p out
	.build/release/kakudai upscale Examples/Photographs/chelsea.png -o out/chelsea-x2.png --overwrite

# The program alone: on Linux with Swift's libraries in it, so that it needs no toolchain and starts sooner.
install: dependencies
	swift build -c release --product kakudai $(STATIC) --scratch-path .build/install
	install -d $(DESTDIR)$(PREFIX)/bin
	install -s -m 755 .build/install/release/kakudai $(DESTDIR)$(PREFIX)/bin/kakudai

# All tests, optimised: the C kernels are ten times slower in debug builds.
test: dependencies
	swift build -c release --build-tests
	swift test -c release --skip-build

# Format, import arrows, file sizes, warnings as errors.
check: dependencies
	swift format lint --strict --recursive Package.swift Sources Tests Examples Benchmarks
	Scripts/check-arrows
	Scripts/check-size
	KAKUDAI_STRICT=1 swift build -c release --build-tests

# Times ours and other libraries in turns: convolutions, their gradients (SHAPES=grad), functions of pictures (bicubic).
# SHAPES selects by name, THREADS=2 takes two threads.
# A library that cannot be had is left out.
bench: bench-dependencies
	.venv/bin/python Benchmarks/compare.py $(SHAPES) --threads $(or $(THREADS),1)

# Whole networks; `make bench-models MODELS=fsrcnn THREADS=2` selects.
bench-models: bench-dependencies
	.venv/bin/python Benchmarks/models.py $(MODELS) --threads $(or $(THREADS),1)

bench-dependencies: dependencies
	test -d .venv || python3 -m venv .venv
	.venv/bin/pip install --quiet torch==2.13.0+cpu safetensors numpy --extra-index-url https://download.pytorch.org/whl/cpu
	for library in onnx onnxruntime openvino ncnn opencv-python-headless; do .venv/bin/pip install --quiet $$library || true; done
	swift build -c release --package-path Benchmarks

# After `make bench`: the algorithms that a convolution chooses from, in turns, and where the choice is not the best.
candidates:
	.venv/bin/python Benchmarks/candidates.py $(SHAPES) --threads $(or $(THREADS),1)

format:
	swift format --in-place --recursive Package.swift Sources Tests Examples Benchmarks

dependencies:
	@Scripts/install-dependencies
