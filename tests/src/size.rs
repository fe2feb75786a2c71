//! How much a test does: as much as finds a mistake in `make test`, and as much as was promised in `make soak`.

/// The first in `make test`, the second in `make soak`, which sets `HOOKMILL_SOAK`.
pub fn sized<T>(test: T, soak: T) -> T {
    if std::env::var_os("HOOKMILL_SOAK").is_some() { soak } else { test }
}
