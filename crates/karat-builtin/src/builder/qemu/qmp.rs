//! QEMU's control socket: as much of QMP as a build needs.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// How long a new QEMU may take to open its socket, in tries of 20 ms.
const TRIES: u32 = 500;

/// A connection to QEMU's control socket.
pub(super) struct Qmp {
    stream: BufReader<UnixStream>,
}

impl Qmp {
    /// Connects as soon as QEMU listens, and greets.
    pub(super) async fn connect(socket: &Path) -> Result<Self, String> {
        let mut tries = 0;
        let stream = loop {
            match UnixStream::connect(socket).await {
                Ok(stream) => break stream,
                Err(error) if tries == TRIES => {
                    return Err(format!("cannot connect to {}: {error}", socket.display()));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
            tries += 1;
        };
        let mut qmp = Self { stream: BufReader::new(stream) };
        let greeting = qmp.receive().await?;
        if greeting.get("QMP").is_none() {
            return Err(format!("{} does not speak QMP: {greeting}", socket.display()));
        }
        qmp.execute("qmp_capabilities", json!({})).await?;
        Ok(qmp)
    }

    /// Runs a command; events in between are of no interest.
    pub(super) async fn execute(&mut self, command: &str, arguments: Json) -> Result<Json, String> {
        let line = json!({ "execute": command, "arguments": arguments }).to_string() + "\n";
        self.stream.write_all(line.as_bytes()).await.map_err(|error| format!("QMP {command}: {error}"))?;
        loop {
            let mut answer = self.receive().await?;
            if let Some(error) = answer.get("error") {
                let text = error.get("desc").and_then(Json::as_str).unwrap_or("no reason given");
                return Err(format!("QMP {command}: {text}"));
            }
            if let Some(result) = answer.get_mut("return") {
                return Ok(result.take());
            }
        }
    }

    async fn receive(&mut self) -> Result<Json, String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await {
            Ok(0) => Err("QEMU closed its control socket".to_string()),
            Ok(_) => serde_json::from_str(&line)
                .map_err(|error| format!("QEMU's control socket sent {line:?}: {error}")),
            Err(error) => Err(format!("QEMU's control socket broke: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;

    /// Plays QEMU: answers each line with the next of `answers`, the greeting first; returns what it heard.
    async fn talk(answers: Vec<&'static str>) -> (Result<Json, String>, Vec<String>) {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("qmp");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut heard = Vec::new();
            for answer in answers {
                stream.write_all(answer.as_bytes()).await.unwrap();
                let mut line = String::new();
                stream.read_line(&mut line).await.unwrap();
                heard.push(line.trim_end().to_string());
            }
            heard
        });
        let result = async {
            let mut qmp = Qmp::connect(&socket).await?;
            qmp.execute("change-vnc-password", json!({ "password": "secret" })).await
        };
        let result = result.await;
        (result, server.await.unwrap())
    }

    #[tokio::test]
    async fn qem_08_sets_the_vnc_password() {
        let (result, heard) = talk(vec![
            "{\"QMP\": {}}\n",
            "{\"event\": \"RESUME\"}\n{\"return\": {}}\n",
            "{\"return\": {}}\n",
        ])
        .await;
        assert_eq!(result, Ok(json!({})));
        assert_eq!(
            heard[..2],
            [
                "{\"execute\":\"qmp_capabilities\",\"arguments\":{}}",
                "{\"execute\":\"change-vnc-password\",\"arguments\":{\"password\":\"secret\"}}",
            ]
        );
    }

    #[tokio::test]
    async fn qem_08_errors_are_told() {
        let refusal = "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no VNC display\"}}\n";
        let (result, _) = talk(vec!["{\"QMP\": {}}\n", "{\"return\": {}}\n", refusal]).await;
        assert_eq!(result, Err("QMP change-vnc-password: no VNC display".to_string()));
    }
}
