//! Whether this process may run code that it maps itself, which compiled plugins are. Systems can forbid that
//! (`MemoryDenyWriteExecute` of systemd, SELinux without `execmem`), and then it is nobody's plugin that is at fault.
//! Not here: mapping code (`pool`).

use std::io;

/// Bytes of the mapping that is tried; any system's page fits.
const BYTES: usize = 64 << 10;

/// Why no plugin can run here, in words for operators; nothing if they can.
pub fn hindrance() -> Option<String> {
    let error = probe().err()?;
    Some(format!(
        "this system does not let the gateway make memory executable ({error}), so no plugin can run: start it \
         without MemoryDenyWriteExecute= (systemd) or whatever else forbids that; everything else works"
    ))
}

#[expect(unsafe_code, reason = "system calls on a mapping of our own that nothing else refers to")]
fn probe() -> io::Result<()> {
    let (write, private) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let place = unsafe { libc::mmap(std::ptr::null_mut(), BYTES, write, private, -1, 0) };
    if place == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let told = match unsafe { libc::mprotect(place, BYTES, libc::PROT_READ | libc::PROT_EXEC) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    unsafe { libc::munmap(place, BYTES) };
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hinders_where_tests_run_plugins() {
        assert_eq!(hindrance(), None);
    }
}
