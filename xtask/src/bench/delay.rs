//! A TCP proxy that delivers every byte late, in both directions, with no limit on how much is under way.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// Listens on a loopback port of its own until the process ends.
#[derive(Debug)]
pub(super) struct DelayProxy {
    address: SocketAddr,
}

impl DelayProxy {
    /// Forwards connections to `target` with `round_trip` in all, half of it each way.
    pub(super) fn start(target: SocketAddr, round_trip: Duration) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A connection that fails is seen by the client, which is told by closing it.
                drop(forward(client, target, round_trip / 2));
            }
        });
        Ok(Self { address })
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }
}

fn forward(client: TcpStream, target: SocketAddr, delay: Duration) -> Result<()> {
    let server = TcpStream::connect(target)?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    carry(client.try_clone()?, server.try_clone()?, delay);
    carry(server, client, delay);
    Ok(())
}

/// Carries bytes one way: one thread reads and notes when each piece is due, the other writes it then.
fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (send, receive) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if send.send((Instant::now() + delay, buffer[..count].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, piece) in receive {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        drop(to.shutdown(Shutdown::Write));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_arrives_and_not_too_early() {
        let echo = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let target = echo.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = echo.accept().unwrap();
            std::io::copy(&mut stream.try_clone().unwrap(), &mut stream).unwrap();
        });
        let proxy = DelayProxy::start(target, Duration::from_millis(20)).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        let sent: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        let started = Instant::now();
        let (mut writer, bytes) = (stream.try_clone().unwrap(), sent.clone());
        thread::spawn(move || {
            writer.write_all(&bytes).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut received = vec![];
        stream.read_to_end(&mut received).unwrap();
        assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
        assert!(started.elapsed() >= Duration::from_millis(20));
    }
}
