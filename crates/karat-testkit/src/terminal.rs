//! A person at a terminal.

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

/// What Ctrl-C types.
pub const CTRL_C: &str = "\u{3}";
/// What Ctrl-D types.
pub const CTRL_D: &str = "\u{4}";

/// A program whose standard streams are a terminal of 24 lines and 200 columns, and a test that types.
///
/// Everything waits for what is on the screen, never for time.
#[derive(Debug)]
pub struct Terminal {
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    /// Everything that was shown.
    shown: String,
    /// Up to where it has been waited for.
    read: usize,
    child: Child,
}

impl Terminal {
    /// Starts `command` at a terminal. It is the program's own, so that Ctrl-C reaches it, where the command is one of
    /// [`crate::Sandbox::at_terminal`].
    pub fn start(mut command: Command) -> Self {
        let size = Winsize { ws_row: 24, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
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
        Self { keyboard: File::from(pair.master), screen, shown: String::new(), read: 0, child }
    }

    /// Types, without a line end of its own; enter is `\r`.
    pub fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("a terminal that takes keys");
    }

    /// Waits until `text` stands on the screen, behind what was waited for before.
    #[track_caller]
    pub fn shows(&mut self, text: &str) {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(at) = self.shown[self.read..].find(text) {
                self.read += at + text.len();
                return;
            }
            match self.screen.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{text:?} never came; it ended with {:?}", &self.shown[self.read..])
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited {LIMIT:?} for {text:?}, saw {:?}", &self.shown[self.read..])
                }
            }
        }
    }

    /// Waits for a question that ends with `question`, and answers it.
    #[track_caller]
    pub fn answers(&mut self, question: &str, answer: &str) {
        self.shows(&format!("{question} "));
        self.types(&format!("{answer}\r"));
    }

    /// Sends the signal `name`, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().expect("kill");
        assert!(sent.success(), "SIG{name} cannot be sent");
    }

    /// Waits for the end of the program, and gives its exit code.
    #[track_caller]
    pub fn ends(self) -> Option<i32> {
        self.end().0
    }

    /// Waits for the end of the program, and gives its exit code and everything that was shown, without the returns
    /// before line ends.
    #[track_caller]
    pub fn end(mut self) -> (Option<i32>, String) {
        let status = crate::wait_for("the end of the program", LIMIT, || {
            self.shown
                .extend(self.screen.try_iter().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
            self.child.try_wait().expect("its state")
        });
        // Whoever it started may hold the terminal open, but what it wrote itself is there.
        while let Ok(bytes) = self.screen.recv_timeout(Duration::from_millis(100)) {
            self.shown.push_str(&String::from_utf8_lossy(&bytes));
        }
        (status.code(), self.shown.replace("\r\n", "\n"))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
