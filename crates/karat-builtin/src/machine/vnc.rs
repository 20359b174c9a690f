//! A VNC client that does one thing: type. The protocol is RFC 6143.

use std::io;

use des::Des;
use des::cipher::{BlockCipherEncrypt, KeyInit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::keyboard::KeyEvent;

/// Longest password that the protocol has room for, in bytes.
pub const MAX_PASSWORD: usize = 8;

const SECURITY_NONE: u8 = 1;
const SECURITY_PASSWORD: u8 = 2;
const MESSAGE_KEY: u8 = 4;

/// Why a VNC server could not be used.
#[derive(Debug, thiserror::Error)]
pub enum VncError {
    /// The connection broke.
    #[error("the VNC connection broke: {0}")]
    Io(#[from] io::Error),
    /// Something else than a VNC server answers.
    #[error("no VNC server answers there: it introduced itself as {0:?}")]
    NotVnc(String),
    /// The server wants to know more than we can tell.
    #[error(
        "the VNC server offers no way to log in that is known here ({0:?}); `None` and `VNC password` are"
    )]
    Security(Vec<u8>),
    /// The server wants a password.
    #[error("the VNC server asks for a password; set `vnc_use_password`")]
    PasswordNeeded,
    /// The server said no.
    #[error("the VNC server refused us: {0}")]
    Refused(String),
}

/// A connection that types.
pub struct Vnc {
    stream: TcpStream,
}

impl Vnc {
    /// Shakes hands on `stream`. The connection is shared: whoever watches the screen goes on watching.
    pub async fn handshake(mut stream: TcpStream, password: Option<&str>) -> Result<Self, VncError> {
        stream.set_nodelay(true)?;
        let mut version = [0; 12];
        stream.read_exact(&mut version).await?;
        let minor = match &version {
            b"RFB 003.008\n" => 8,
            b"RFB 003.007\n" => 7,
            known if known.starts_with(b"RFB ") => 3,
            other => return Err(VncError::NotVnc(String::from_utf8_lossy(other).into_owned())),
        };
        stream.write_all(format!("RFB 003.00{minor}\n").as_bytes()).await?;

        let security = if minor == 3 {
            given_security(&mut stream).await?
        } else {
            chosen_security(&mut stream, password).await?
        };
        if security == SECURITY_PASSWORD {
            let mut challenge = [0; 16];
            stream.read_exact(&mut challenge).await?;
            let answer = answer(challenge, password.ok_or(VncError::PasswordNeeded)?);
            stream.write_all(&answer).await?;
        }
        // Before version 3.8 an open door had no result to tell.
        if (security == SECURITY_PASSWORD || minor == 8) && stream.read_u32().await? != 0 {
            let reason = if minor == 8 { reason(&mut stream).await? } else { "wrong password".to_string() };
            return Err(VncError::Refused(reason));
        }

        stream.write_u8(1).await?;
        let mut screen = [0; 20];
        stream.read_exact(&mut screen).await?;
        reason(&mut stream).await?; // The name of the screen has the same shape.
        Ok(Self { stream })
    }

    /// Presses or releases a key.
    pub async fn key(&mut self, event: KeyEvent) -> io::Result<()> {
        let [a, b, c, d] = event.keysym.to_be_bytes();
        self.stream.write_all(&[MESSAGE_KEY, u8::from(event.down), 0, 0, a, b, c, d]).await
    }
}

/// Version 3.3: the server decides.
async fn given_security(stream: &mut TcpStream) -> Result<u8, VncError> {
    match stream.read_u32().await? {
        0 => Err(VncError::Refused(reason(stream).await?)),
        security @ 1..=2 => Ok(security as u8),
        other => Err(VncError::Security(vec![other as u8])),
    }
}

/// Version 3.7 and later: the server offers, we choose.
async fn chosen_security(stream: &mut TcpStream, password: Option<&str>) -> Result<u8, VncError> {
    let mut offered = vec![0; usize::from(stream.read_u8().await?)];
    if offered.is_empty() {
        return Err(VncError::Refused(reason(stream).await?));
    }
    stream.read_exact(&mut offered).await?;
    let chosen = if password.is_some() && offered.contains(&SECURITY_PASSWORD) {
        SECURITY_PASSWORD
    } else if offered.contains(&SECURITY_NONE) {
        SECURITY_NONE
    } else if offered.contains(&SECURITY_PASSWORD) {
        return Err(VncError::PasswordNeeded);
    } else {
        return Err(VncError::Security(offered));
    };
    stream.write_u8(chosen).await?;
    Ok(chosen)
}

/// A text with its length before it; cut where no honest server goes on.
async fn reason(stream: &mut TcpStream) -> Result<String, VncError> {
    let length = stream.read_u32().await?.min(4096);
    let mut text = vec![0; length as usize];
    stream.read_exact(&mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The challenge, encrypted with the password: DES, with the bits of each byte of the key in reverse.
fn answer(mut challenge: [u8; 16], password: &str) -> [u8; 16] {
    let mut key = [0; MAX_PASSWORD];
    for (slot, byte) in key.iter_mut().zip(password.bytes()) {
        *slot = byte.reverse_bits();
    }
    let cipher = Des::new(&key.into());
    for block in challenge.chunks_exact_mut(8) {
        if let Ok(block) = block.try_into() {
            cipher.encrypt_block(block);
        }
    }
    challenge
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// Plays a server: sends and expects bytes in turn, then collects what is typed until the client goes.
    async fn server(script: Vec<Result<Vec<u8>, Vec<u8>>>) -> (TcpStream, tokio::task::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            for turn in script {
                match turn {
                    Ok(say) => stream.write_all(&say).await.unwrap(),
                    Err(expect) => {
                        let mut heard = vec![0; expect.len()];
                        stream.read_exact(&mut heard).await.unwrap();
                        assert_eq!(heard, expect);
                    }
                }
            }
            let mut typed = Vec::new();
            stream.read_to_end(&mut typed).await.unwrap();
            typed
        });
        (TcpStream::connect(address).await.unwrap(), task)
    }

    fn screen() -> Vec<u8> {
        let mut screen = vec![0; 20];
        screen.extend([0, 0, 0, 4]);
        screen.extend(b"QEMU");
        screen
    }

    #[tokio::test]
    async fn qem_07_types_over_an_open_connection() {
        let (stream, task) = server(vec![
            Ok(b"RFB 003.008\n".to_vec()),
            Err(b"RFB 003.008\n".to_vec()),
            Ok(vec![1, SECURITY_NONE]),
            Err(vec![SECURITY_NONE]),
            Ok(vec![0, 0, 0, 0]),
            Err(vec![1]),
            Ok(screen()),
        ])
        .await;
        let mut vnc = Vnc::handshake(stream, None).await.unwrap();
        vnc.key(KeyEvent { keysym: 0xFF0D, down: true }).await.unwrap();
        vnc.key(KeyEvent { keysym: 0xFF0D, down: false }).await.unwrap();
        drop(vnc);
        assert_eq!(task.await.unwrap(), [4, 1, 0, 0, 0, 0, 0xFF, 0x0D, 4, 0, 0, 0, 0, 0, 0xFF, 0x0D]);
    }

    #[tokio::test]
    async fn qem_08_answers_a_password_challenge() {
        // A key of zeros is what an empty password gives; DES of a zero block under it is a published test vector.
        let expected = [0x8C, 0xA6, 0x4D, 0xE9, 0xC1, 0xB1, 0x23, 0xA7].repeat(2);
        assert_eq!(answer([0; 16], "").to_vec(), expected);
        let challenge: Vec<u8> = (0..16).collect();
        let (stream, task) = server(vec![
            Ok(b"RFB 003.008\n".to_vec()),
            Err(b"RFB 003.008\n".to_vec()),
            Ok(vec![1, SECURITY_PASSWORD]),
            Err(vec![SECURITY_PASSWORD]),
            Ok(challenge.clone()),
            Err(answer(challenge.try_into().unwrap(), "secret").to_vec()),
            Ok(vec![0, 0, 0, 0]),
            Err(vec![1]),
            Ok(screen()),
        ])
        .await;
        drop(Vnc::handshake(stream, Some("secret")).await.unwrap());
        assert!(task.await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn qem_08_says_why_a_server_refuses() {
        let mut refusal = vec![0, 0, 0, 1, 0, 0, 0, 14];
        refusal.extend(b"Wrong password");
        let (stream, _task) = server(vec![
            Ok(b"RFB 003.008\n".to_vec()),
            Err(b"RFB 003.008\n".to_vec()),
            Ok(vec![1, SECURITY_PASSWORD]),
            Err(vec![SECURITY_PASSWORD]),
            Ok(vec![7; 16]),
            Err(answer([7; 16], "wrong").to_vec()),
            Ok(refusal),
        ])
        .await;
        let error = Vnc::handshake(stream, Some("wrong")).await.err().unwrap().to_string();
        assert_eq!(error, "the VNC server refused us: Wrong password");
    }

    #[tokio::test]
    async fn qem_08_notices_what_is_no_vnc_server() {
        let (stream, _task) = server(vec![Ok(b"SSH-2.0-Open\n".to_vec())]).await;
        let error = Vnc::handshake(stream, None).await.err().unwrap().to_string();
        assert!(error.contains("SSH-2.0-Open"), "{error}");
    }
}
