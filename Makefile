# `make demo` and `make test` do all their own set-up on Debian (as root or with sudo) and on macOS with Homebrew.
.PHONY: setup demo test

setup:
	@sh tools/setup.sh

# The screen on the embedded demo model.
demo: setup
	cargo run --release --workspace --locked --bin mexit-tui

test: setup
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets --locked -- -D warnings
	cargo test --release --workspace --locked
