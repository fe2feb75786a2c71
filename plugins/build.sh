#!/bin/sh
# Builds every plugin of this folder to target/plugins/*.wasm of the repository: core modules that carry their WIT,
# which the gateway makes components of. Uses rustup's wasm32-unknown-unknown target where it is installed, else
# Debian's rustc with its sources (apt install rustc-web cargo-web rust-web-src lld-19).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
out="$root/target/plugins"
target=wasm32-unknown-unknown
# One for all, so that the standard library and the SDK are built once.
export CARGO_TARGET_DIR="$root/target/guests-build/plugins"

libdir=$(rustc --print target-libdir --target "$target" 2>/dev/null || true)
if [ -n "$libdir" ] && [ -d "$libdir" ]; then
    build() { cargo build --quiet --release --locked --target "$target"; }
elif [ -x /usr/bin/rustc ] && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
    linker=$(command -v wasm-ld-19 || command -v wasm-ld || true)
    if [ -z "$linker" ]; then
        echo "build.sh: no wasm-ld: apt install lld-19" >&2
        exit 1
    fi
    build() {
        RUSTC=/usr/bin/rustc PATH=/usr/bin:$PATH RUSTC_BOOTSTRAP=1 \
            CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker \
            /usr/bin/cargo build --quiet --release --locked --target "$target" -Zbuild-std=std,panic_abort
    }
else
    echo "build.sh: no compiler for $target: 'rustup target add $target'," >&2
    echo "  or on Debian 'apt install rustc-web cargo-web rust-web-src lld-19'" >&2
    exit 1
fi

mkdir -p "$out"
cd "$here"
# A file that was added to the examples is a reason to build again; see the SDK.
HOOKMILL_EXAMPLES=$(echo */examples/*.json)
export HOOKMILL_EXAMPLES
# All in one go, so that the last step of each, which uses one processor, is beside that of another.
build
for manifest in */Cargo.toml; do
    plugin=$(dirname "$manifest")
    built="$CARGO_TARGET_DIR/$target/release/$(echo "$plugin" | tr - _).wasm"
    if ! cmp -s "$built" "$out/$plugin.wasm"; then
        cp "$built" "$out/$plugin.wasm.$$"
        mv "$out/$plugin.wasm.$$" "$out/$plugin.wasm"
    fi
done
