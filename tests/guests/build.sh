#!/bin/sh
# Builds every guest of this folder to target/guests/*.wasm of the repository: core modules that carry their WIT.
# Uses rustup's wasm32-unknown-unknown target where it is installed, else Debian's rustc with its sources
# (apt install rustc-web cargo-web rust-web-src lld-19).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out="$root/target/guests"
target=wasm32-unknown-unknown
# That of the plugins, so that the standard library is built once.
export CARGO_TARGET_DIR="$root/target/guests-build/plugins"
# 2 MiB of memory from the start: small events then never call memory.grow. For the linker alone: flags for the compiler
# would make another standard library.
memory="-C link-arg=--initial-memory=2097152"
cd "$here"

libdir=$(rustc --print target-libdir --target "$target" 2>/dev/null || true)
if [ -n "$libdir" ] && [ -d "$libdir" ]; then
    build() { cargo rustc --quiet --release --locked --target "$target" "$@"; }
elif [ -x /usr/bin/rustc ] && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
    linker=$(command -v wasm-ld-19 || command -v wasm-ld || true)
    if [ -z "$linker" ]; then
        echo "build.sh: no wasm-ld: apt install lld-19" >&2
        exit 1
    fi
    build() {
        RUSTC=/usr/bin/rustc PATH=/usr/bin:$PATH RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker \
            /usr/bin/cargo rustc --quiet --release --locked --target "$target" -Zbuild-std=std,panic_abort "$@"
    }
else
    echo "build.sh: no compiler for $target: 'rustup target add $target'," >&2
    echo "  or on Debian 'apt install rustc-web cargo-web rust-web-src lld-19'" >&2
    exit 1
fi

# Tests run this side by side: each writes a file of its own, and only where something changed.
mkdir -p "$out"
for guest in hostile lead tally; do
    # shellcheck disable=SC2086
    build -p "guest-$guest" -- $memory
    built="$CARGO_TARGET_DIR/$target/release/guest_$guest.wasm"
    if ! cmp -s "$built" "$out/$guest.wasm"; then
        cp "$built" "$out/$guest.wasm.$$"
        mv "$out/$guest.wasm.$$" "$out/$guest.wasm"
    fi
done
