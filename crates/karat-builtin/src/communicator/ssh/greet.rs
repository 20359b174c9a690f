//! From an address to a TCP connection on which an SSH server has begun to speak.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use karat_sdk::CommError;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::communicator::connect::Address;

/// One connection may take this long to be made.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// How long a silent connection is waited for in all.
const BANNER_LIMIT: Duration = Duration::from_secs(20);
/// When a connection says nothing, another one is tried beside it: behind QEMU's user network the first was accepted
/// before the guest had a network, and is answered much later than a new one.
const HEDGE_AFTER: Duration = Duration::from_millis(500);
/// Never more connections than this at once: servers drop clients that open many.
const HEDGES: usize = 4;

/// A connection on which the server's banner waits to be read.
pub(super) async fn greet(address: &Address) -> Result<TcpStream, CommError> {
    let mut attempts = FuturesUnordered::new();
    attempts.push(attempt(address));
    let mut started = 1;
    loop {
        tokio::select! {
            Some(outcome) = attempts.next() => match outcome {
                Ok(stream) => return Ok(stream),
                // As long as another one waits it may still be answered.
                Err(error) if attempts.is_empty() => return Err(error),
                Err(_) => {}
            },
            () = sleep(HEDGE_AFTER * started), if started < HEDGES as u32 => {
                attempts.push(attempt(address));
                started += 1;
            }
        }
    }
}

async fn attempt(address: &Address) -> Result<TcpStream, CommError> {
    let stream = match timeout(CONNECT_LIMIT, TcpStream::connect((address.host.as_str(), address.port))).await
    {
        Ok(connected) => connected.map_err(|error| unreachable(address, &error))?,
        Err(_) => return Err(no_route(address, "nothing answers")),
    };
    // Fails only on a socket that is broken already, and then the next read tells.
    let _ = stream.set_nodelay(true);
    let mut begin = [0; 64];
    let silent = |cause: String| CommError::NoBanner { address: address.to_string(), cause };
    match timeout(BANNER_LIMIT, stream.peek(&mut begin)).await {
        Ok(Ok(0)) => Err(silent("the connection was closed at once".into())),
        Ok(Ok(length)) => match begin.get(..length) {
            Some(text) if speaks_something_else(text) => {
                let text = String::from_utf8_lossy(text);
                Err(silent(format!("it answers {:?}", text.lines().next().unwrap_or_default())))
            }
            _ => Ok(stream),
        },
        Ok(Err(error)) => Err(silent(error.to_string())),
        Err(_) => Err(silent(format!("it accepted the connection and said nothing for {BANNER_LIMIT:?}"))),
    }
}

/// Servers may send lines before `SSH-`, so only what is surely another protocol counts.
fn speaks_something_else(begin: &[u8]) -> bool {
    [b"HTTP/".as_slice(), b"RFB ", b"220 ", b"* OK"].iter().any(|other| begin.starts_with(other))
}

fn unreachable(address: &Address, error: &Error) -> CommError {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => {
            CommError::PortClosed { address: address.to_string(), cause: error.to_string() }
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::TimedOut => {
            no_route(address, &error.to_string())
        }
        // The resolver's errors have no kind of their own and no number of the system.
        _ if error.raw_os_error().is_none() => {
            CommError::NoAddress { host: address.host.clone(), cause: error.to_string() }
        }
        _ => no_route(address, &error.to_string()),
    }
}

fn no_route(address: &Address, cause: &str) -> CommError {
    CommError::NoRoute { address: address.to_string(), cause: cause.to_string() }
}
