//! A program at a terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};

/// How long a program may take to show what a test waits for.
const LIMIT: Duration = Duration::from_secs(30);

/// A program whose standard streams are a terminal of 24 lines and 80 columns, and a test that types.
#[derive(Debug)]
pub struct Terminal {
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    /// What has been shown and not been waited for.
    shown: String,
    child: Child,
}

impl Terminal {
    /// Starts `command` at a terminal of its own.
    pub fn start(mut command: Command) -> Self {
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = openpty(Some(&size), None).expect("a terminal");
        let stream = |end: &OwnedFd| end.try_clone().expect("another handle of the terminal");
        command.env("TERM", "xterm").stdin(stream(&pair.slave)).stdout(stream(&pair.slave));
        let child = command.stderr(Stdio::from(pair.slave)).spawn().expect("the program");
        // The command's copies of the terminal would keep it open.
        drop(command);
        let mut master = File::from(stream(&pair.master));
        let (sender, screen) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = master.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { keyboard: File::from(pair.master), screen, shown: String::new(), child }
    }

    /// Types, without a line end of its own.
    pub fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("a terminal that takes keys");
    }

    /// Waits until `text` stands on the screen, behind what was waited for before.
    #[track_caller]
    pub fn shows(&mut self, text: &str) {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(at) = self.shown.find(text) {
                self.shown.drain(..at + text.len());
                return;
            }
            match self.screen.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{text:?} never came; it ended with {:?}", self.shown)
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited {LIMIT:?} for {text:?}, saw {:?}", self.shown)
                }
            }
        }
    }

    /// Waits for the end of the program, and gives its exit code.
    #[track_caller]
    pub fn ends(mut self) -> Option<i32> {
        crate::wait_for("the end of the program", LIMIT, || self.child.try_wait().expect("its state")).code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
