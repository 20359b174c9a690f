//! Ports of this host that belong to one build: held open until the program that needs them starts, and locked against
//! other builds of this user for as long as it runs.

use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{TcpListener, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::path::Path;

/// A port that nobody else gets while this lives.
pub struct HeldPort {
    number: u16,
    listener: Option<TcpListener>,
    _lock: File,
}

/// Why there is no port.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// All are taken.
    #[error(
        "no free port between {first} and {last} on {address}: every one is in use or held by another build; \
         widen `{option}_min`/`{option}_max`, or stop what uses them"
    )]
    NoneLeft {
        /// First of the range.
        first: u16,
        /// Last of the range.
        last: u16,
        /// Address that was tried.
        address: String,
        /// The option, without `_min` and `_max`.
        option: &'static str,
    },
    /// The address is not one of this host's.
    #[error("cannot listen on {address}: {error}")]
    Address {
        /// Address that was tried.
        address: String,
        /// Why.
        error: io::Error,
    },
    /// The lock cannot be kept.
    #[error("cannot lock a port in {directory}: {error}")]
    Lock {
        /// Where locks are.
        directory: String,
        /// Why.
        error: io::Error,
    },
}

impl HeldPort {
    /// Takes a free port of `range`, from a random place on, so that builds that start together rarely meet.
    ///
    /// `locks` is the directory of lock files; `option` names the range in errors.
    pub fn hold(
        locks: &Path,
        range: RangeInclusive<u16>,
        address: &str,
        option: &'static str,
    ) -> Result<Self, PortError> {
        let failed = |error| PortError::Lock { directory: locks.display().to_string(), error };
        std::fs::create_dir_all(locks).map_err(failed)?;
        let (first, last) = (*range.start(), *range.end());
        let count = u64::from(last.saturating_sub(first)) + 1;
        let start = RandomState::new().hash_one(std::process::id()) % count;
        for offset in 0..count {
            let number = first + ((start + offset) % count) as u16;
            let Some(lock) = lock(&locks.join(number.to_string())).map_err(failed)? else { continue };
            match listen(address, number) {
                Ok(listener) => return Ok(Self { number, listener: Some(listener), _lock: lock }),
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) => {
                }
                Err(error) => return Err(PortError::Address { address: address.to_string(), error }),
            }
        }
        Err(PortError::NoneLeft { first, last, address: address.to_string(), option })
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// The listener itself, for who serves it here.
    pub fn take_listener(&mut self) -> Option<TcpListener> {
        self.listener.take()
    }

    /// Closes it, because the program that will listen starts now. It stays locked.
    pub fn hand_over(&mut self) {
        self.listener = None;
    }
}

/// `None` if another build has it.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn listen(address: &str, number: u16) -> io::Result<TcpListener> {
    let addresses: Vec<_> = (address, number).to_socket_addrs()?.collect();
    TcpListener::bind(addresses.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A port that is free now, so that its neighbours need not be.
    fn free() -> u16 {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }

    #[test]
    fn qem_09_a_held_port_is_open_then_locked_then_free() {
        let locks = tempfile::tempdir().unwrap();
        let number = free();
        let hold = || HeldPort::hold(locks.path(), number..=number, "127.0.0.1", "host_port");
        let mut held = hold().unwrap();
        assert_eq!(held.number(), number);
        assert!(hold().is_err());
        held.hand_over();
        TcpListener::bind(("127.0.0.1", number)).unwrap();
        assert!(hold().is_err(), "handed over, still locked");
        drop(held);
        assert!(hold().is_ok());
    }

    #[test]
    fn qem_09_busy_ports_are_skipped_and_a_full_range_is_named() {
        let locks = tempfile::tempdir().unwrap();
        let busy = TcpListener::bind("127.0.0.1:0").unwrap();
        let number = busy.local_addr().unwrap().port();
        let error = HeldPort::hold(locks.path(), number..=number, "127.0.0.1", "vnc_port").err().unwrap();
        assert_eq!(
            error.to_string(),
            format!(
                "no free port between {number} and {number} on 127.0.0.1: every one is in use or held by another \
                 build; widen `vnc_port_min`/`vnc_port_max`, or stop what uses them"
            )
        );
        let first = number.saturating_sub(5);
        let last = number.saturating_add(5);
        for _ in 0..20 {
            let held = HeldPort::hold(locks.path(), first..=last, "127.0.0.1", "vnc_port").unwrap();
            assert!((first..=last).contains(&held.number()) && held.number() != number);
        }
    }

    #[test]
    fn qem_09_an_address_of_another_host_is_an_error() {
        let locks = tempfile::tempdir().unwrap();
        let error = HeldPort::hold(locks.path(), 5900..=6000, "192.0.2.1", "vnc_port").err().unwrap();
        assert!(error.to_string().starts_with("cannot listen on 192.0.2.1: "), "{error}");
    }
}
