#!/bin/sh
# Installs what building llama.cpp needs and this machine lacks: cmake, a C++ compiler, libclang. Says what it does.
set -eu
missing=""
command -v cmake >/dev/null || missing="$missing cmake"
command -v c++ >/dev/null || missing="$missing g++"
# libclang itself: libclang-cpp, which comes with LLVM alone, is another library.
ls -d /usr/lib/llvm*/lib/* /usr/lib/*/* 2>/dev/null | grep -Eq '/libclang(-[0-9][0-9.]*)?\.so' || [ -n "${LIBCLANG_PATH:-}" ] ||
    missing="$missing libclang-dev"
# llama.cpp is configured once for each target folder: one from before .cargo/config.toml lacks what that asks for.
for cache in "${CARGO_TARGET_DIR:-target}"/release/build/llama-cpp-sys-2-*/out/build/CMakeCache.txt; do
    if grep -qs '^GGML_RPC:BOOL=OFF' "$cache"; then
        echo "setup: llama.cpp was built without ggml's remote backend in ${CARGO_TARGET_DIR:-target}; it is built anew"
        cargo clean --release --locked -p llama-cpp-sys-2
        break
    fi
done
case "$(uname -s)" in
Darwin)
    command -v cmake >/dev/null || { echo "setup: installing cmake with Homebrew"; brew install cmake; }
    exit 0 ;;
esac
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || { echo "setup: please install:$missing" >&2; exit 1; }
sudo=""
[ "$(id -u)" = 0 ] || sudo=sudo
echo "setup: installing$missing"
$sudo apt-get update -qq
# shellcheck disable=SC2086 # a list of package names
$sudo apt-get install -y -qq $missing
