# `make demo` and `make test` do all their own set-up on Debian (as root or with sudo) and on macOS with Homebrew.
.PHONY: setup demo test test-vulkan test-device install instructions instructions-update

setup:
	@sh tools/setup.sh

# The screen on the embedded demo model. Built as the tests build it: another choice of packages would build llama.cpp again.
demo: setup
	cargo build --release --workspace --locked
	@"$${CARGO_TARGET_DIR:-target}/release/mexit-tui"

test: setup
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets --locked -- -D warnings
	cargo test --release --workspace --locked

# tests/device on Mesa's lavapipe, a Vulkan device made of the processor: see .ci/vulkan.
test-vulkan: setup
	@.ci/vulkan

# The same on any device that `mexit-tui devices` lists, as in `make test-device DEVICE=CUDA0`. Metal is built in on macOS.
FEATURES ?= $(if $(filter Vulkan%,$(DEVICE)),vulkan)$(if $(filter CUDA% ROCm%,$(DEVICE)),cuda)
test-device: setup
	@[ -n "$(DEVICE)" ] || { echo "test-device: which one? make test-device DEVICE=NAME [FEATURES=cuda|metal|vulkan]" >&2; exit 1; }
	if [ "$(FEATURES)" = vulkan ]; then words=$$(sh tools/setup-vulkan.sh) && eval "$$words"; fi && \
	MEXIT_DEVICE=$(DEVICE) cargo test --release --workspace --locked $(if $(FEATURES),--features $(FEATURES)) \
		--test device -- --ignored --nocapture --test-threads 1

# Compiled for this machine's processor, ggml's kernels included (see README); apart, so that the other build stays as it is.
install: setup
	RUSTFLAGS="-C target-cpu=native" cargo install --path . --locked --target-dir "$${CARGO_TARGET_DIR:-target}/native"

# Needs valgrind. Not a part of `test`: counts move with the C library and the compiler.
instructions:
	@tools/instructions.sh check

instructions-update:
	@tools/instructions.sh update
