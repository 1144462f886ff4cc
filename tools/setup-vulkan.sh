#!/bin/sh
# Installs what a build with `--features vulkan` needs, and Mesa's lavapipe, a Vulkan device made of the processor. Says on
# stderr what it does; on stdout are assignments for a shell to evaluate, each only where the system's own will not do:
#   VULKAN_SDK       the headers to build with
#   MEXIT_LAVAPIPE   lavapipe, for VK_DRIVER_FILES
# Needs no network once everything is there.
set -eu

# ggml calls functions of Vulkan's C++ headers that came after 1.3.239, Debian 12's. These are Debian 13's.
wanted=1.4.309
# Lavapipe 22.3, Debian 12's, frees buffers that it goes on to use (valgrind shows it, and glibc aborts); that of Debian's
# backports, 25.0, does not.
sound=23.0

cache="${XDG_CACHE_HOME:-$HOME/.cache}/mexit-vulkan"
sdk="$cache/headers-$wanted/usr"
lavapipe="$cache/lavapipe/lvp_icd.json"
keys=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "setup-vulkan: $*" >&2; }

# Whether one of some files is there.
any() {
    for file in "$@"; do
        [ ! -e "$file" ] || return 0
    done
    return 1
}

# Whether a version is at least another.
least() {
    [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$2" "$1" | sort -t . -k 1,1n -k 2,2n -k 3,3n | head -n 1)" = "$2" ]
}

# The version of the headers in a folder that holds vulkan/, say 1.4.309; nothing where there are none.
headers() {
    core="$1/vulkan/vulkan_core.h"
    [ -e "$1/vulkan/vulkan.hpp" ] && [ -e "$core" ] || return 0
    sed -n 's/^#define VK_HEADER_VERSION_COMPLETE VK_MAKE_API_VERSION(0, *\([0-9]*\), *\([0-9]*\),.*/\1.\2/p' "$core" | tr '\n' .
    sed -n 's/^#define VK_HEADER_VERSION \([0-9]*\)$/\1/p' "$core"
}

install() {
    missing=""
    command -v glslc >/dev/null || any "${VULKAN_SDK:-/nowhere}/bin/glslc" || missing="$missing glslc"
    any /usr/include/spirv/unified1/spirv.hpp "${VULKAN_SDK:-/nowhere}/include/spirv/unified1/spirv.hpp" || missing="$missing spirv-headers"
    any /usr/lib/*/libvulkan.so /usr/lib64/libvulkan.so /usr/lib/libvulkan.so "${VULKAN_SDK:-/nowhere}"/lib/libvulkan.so ||
        missing="$missing libvulkan-dev"
    any /usr/share/vulkan/icd.d/lvp_icd*.json || missing="$missing mesa-vulkan-drivers"
    [ -n "$missing" ] || return 0
    if ! command -v apt-get >/dev/null; then
        say "please install, by your system's names, what Debian calls:$missing"
        say "on Fedora: dnf install glslc spirv-headers-devel vulkan-headers vulkan-loader-devel mesa-vulkan-drivers"
        exit 1
    fi
    sudo=""
    [ "$(id -u)" = 0 ] || sudo=sudo
    say "installing$missing"
    $sudo apt-get update -qq >&2
    # shellcheck disable=SC2086 # a list of package names
    $sudo apt-get install -y -qq $missing >&2
}

# Unpacks a package of a Debian suite into a new folder in $scratch. It is apt itself that fetches, with its checks of
# signatures, and with sources, lists and cache of our own: the system's stay as they are.
unpack() {
    folder="$scratch/$2" suite="$1" package="$2"
    mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
    printf 'Types: deb\nURIs: http://deb.debian.org/debian\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$suite" "$keys" >"$folder/of.sources"
    for step in update "download $package"; do
        # shellcheck disable=SC2086 # a command and its argument
        (cd "$folder" && apt-get -qq -o Dir::Etc::sourcelist="$folder/of.sources" -o Dir::Etc::sourceparts=- \
            -o Dir::State::lists="$folder/lists" -o Dir::Cache="$folder/cache" -o APT::Default-Release="$suite" \
            -o APT::Sandbox::User="$(id -un)" $step >&2)
    done
    dpkg-deb -x "$folder/$package"_*.deb "$folder/whole"
}

if [ "$(uname -s)" = Darwin ]; then
    say "there is no lavapipe on macOS, and Metal needs none of this; for Vulkan: https://vulkan.lunarg.com"
    exit 1
fi
install

# Unpacked beside its place and then moved there: what is cut short leaves nothing that looks whole.
mkdir -p "$cache"
scratch=$(mktemp -d "$cache/fetching.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

found=$(headers "${VULKAN_SDK:-/usr}/include")
if ! least "$found" "$wanted"; then
    if ! least "$(headers "$sdk/include")" "$wanted"; then
        if [ -n "${VULKAN_SDK:-}" ] || [ ! -e "$keys" ]; then
            say "the Vulkan headers in ${VULKAN_SDK:-/usr}/include are ${found:-not there}: expected $wanted or later"
            say "please install the Vulkan SDK from https://vulkan.lunarg.com and set VULKAN_SDK"
            exit 1
        fi
        say "the system's Vulkan headers are ${found:-not there}: fetching those of Debian 13 into $cache"
        unpack trixie libvulkan-dev
        # It leads to a library of another package, and the linker would find it before the system's.
        find "$scratch/libvulkan-dev/whole" -name 'libvulkan.so*' -type l -delete
        rm -rf "${sdk%/usr}"
        mv "$scratch/libvulkan-dev/whole" "${sdk%/usr}"
    fi
    echo "export VULKAN_SDK='$sdk'"
fi

found=$(dpkg-query -W -f '${Version}' mesa-vulkan-drivers 2>/dev/null | sed 's/[^0-9.].*//') || found=""
if [ -n "$found" ] && ! least "$found" "$sound"; then
    if [ ! -e "$lavapipe" ]; then
        say "the system's lavapipe is $found, which crashes: fetching that of Debian 12's backports into $cache"
        unpack bookworm-backports mesa-vulkan-drivers
        whole="$scratch/mesa-vulkan-drivers/whole"
        library=$(cd "$whole" && ls usr/lib/*/libvulkan_lvp.so)
        sed "s|\"library_path\": *\"[^\"]*\"|\"library_path\": \"${lavapipe%/*}/$library\"|" "$whole"/usr/share/vulkan/icd.d/lvp_icd*.json \
            >"$whole/lvp_icd.json"
        rm -rf "${lavapipe%/*}"
        mv "$whole" "${lavapipe%/*}"
    fi
    echo "export MEXIT_LAVAPIPE='$lavapipe'"
fi
