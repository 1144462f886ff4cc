# `make test` does all its own set-up on Debian (as root or with sudo) and on macOS with Homebrew.
.PHONY: setup test

setup:
	@sh tools/setup.sh

test: setup
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets --locked -- -D warnings
	cargo test --release --workspace --locked
