#!/bin/sh
# Builds the guest for both, and compares. The first time it compiles a second engine: a quarter of an hour.
set -eu
cd "$(dirname "$0")"
root=$(cd ../../.. && pwd)
"$root/tests/guests/build.sh"

target=wasm32-unknown-unknown
libdir=$(rustc --print target-libdir --target "$target" 2>/dev/null || true)
export CARGO_TARGET_DIR="$root/target/extism"
if [ -n "$libdir" ] && [ -d "$libdir" ]; then
    cargo build --quiet --release --target "$target" --manifest-path guest/Cargo.toml
else
    # Debian's compiler, as in tests/guests/build.sh.
    linker=$(command -v wasm-ld-19 || command -v wasm-ld)
    RUSTC=/usr/bin/rustc PATH=/usr/bin:$PATH RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker \
        /usr/bin/cargo build --quiet --release --target "$target" -Zbuild-std=std,panic_abort --manifest-path guest/Cargo.toml
fi
CARGO_TARGET_DIR="$root/target" cargo run --quiet --release -- "$root/target/extism/$target/release/extism_lead.wasm"
