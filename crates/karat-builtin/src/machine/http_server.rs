//! The web server that installers fetch their answers from: `http_directory` or `http_content`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use karat_model::event::LogLevel;
use karat_sdk::config::{Config, Problems};
use karat_sdk::context::StepContext;
use karat_sdk::error::StepError;

use super::port::HeldPort;

mod answer;

/// What to serve, and where.
#[derive(Config, Clone, Debug)]
pub struct HttpOptions {
    /// Directory whose files the guest can fetch. Not together with `http_content`.
    pub http_directory: String,
    /// Texts that the guest can fetch, by path (`/ks.cfg`). Not together with `http_directory`.
    pub http_content: BTreeMap<String, String>,
    /// Lowest port to listen on.
    #[config(default = 8000)]
    pub http_port_min: u16,
    /// Highest port to listen on.
    #[config(default = 9000)]
    pub http_port_max: u16,
    /// Address to listen on.
    #[config(default = "0.0.0.0".to_string())]
    pub http_bind_address: String,
    /// Network interface to listen on, instead of an address.
    pub http_interface: String,
    /// `tcp`, `tcp4` or `tcp6`.
    #[config(default = "tcp".to_string())]
    pub http_network_protocol: String,
}

impl HttpOptions {
    /// Whether there is anything to serve.
    pub fn is_used(&self) -> bool {
        !self.http_directory.is_empty() || !self.http_content.is_empty()
    }

    /// What is wrong with it.
    pub fn check(&self, problems: &mut Problems) {
        if self.http_port_min > self.http_port_max {
            problems.add("http_port_min", "http_port_min must be less than http_port_max");
        }
        if !self.http_directory.is_empty() && !self.http_content.is_empty() {
            problems.add("http_content", "http_content cannot be used in conjunction with http_directory");
        }
        if !self.http_interface.is_empty() && self.http_bind_address != "0.0.0.0" {
            problems.add(
                "http_interface",
                "either http_interface or http_bind_address can be specified, not both",
            );
        }
        match self.http_network_protocol.as_str() {
            "tcp" | "tcp4" | "tcp6" => {}
            "unix" | "unixpacket" => problems.add(
                "http_network_protocol",
                format!(
                    "http_network_protocol = {:?} is not supported yet: a guest cannot reach a Unix socket; use tcp",
                    self.http_network_protocol
                ),
            ),
            other => problems.add(
                "http_network_protocol",
                format!("http_network_protocol {other:?} is invalid; must be one of tcp, tcp4, tcp6"),
            ),
        }
        for path in self.http_content.keys().filter(|path| !path.starts_with('/')) {
            problems.add("http_content", format!("http_content: the path {path:?} must begin with '/'"));
        }
    }

    fn bind_address(&self) -> Result<String, StepError> {
        if self.http_interface.is_empty() {
            let wants_v6 = self.http_network_protocol == "tcp6" && self.http_bind_address == "0.0.0.0";
            return Ok(if wants_v6 { "::".to_string() } else { self.http_bind_address.clone() });
        }
        interface_address(&self.http_interface, self.http_network_protocol == "tcp6").ok_or_else(|| {
            StepError::failed(format!(
                "http_interface: no network interface {:?} with a usable address on this host",
                self.http_interface
            ))
        })
    }

    /// Starts the server, if there is anything to serve. It stops at teardown.
    pub async fn serve(&self, cx: &StepContext) -> Result<Option<HttpServer>, StepError> {
        if !self.is_used() {
            return Ok(None);
        }
        let site = if self.http_directory.is_empty() {
            let content = self.http_content.iter().map(|(path, text)| (clean(path), text.clone()));
            Site::Content(content.collect())
        } else {
            let root = cx.resolve(&self.http_directory);
            match tokio::fs::metadata(&root).await {
                Ok(found) if found.is_dir() => {}
                Ok(_) => {
                    return Err(StepError::failed(format!(
                        "Error finding {:?}: not a directory",
                        self.http_directory
                    )));
                }
                Err(error) => {
                    return Err(StepError::io(format!("Error finding {:?}", self.http_directory), error));
                }
            }
            Site::Directory(root)
        };
        let mut port = HeldPort::hold(
            &cx.info().cache.join("port"),
            self.http_port_min..=self.http_port_max,
            &self.bind_address()?,
            "http_port",
        )
        .map_err(|error| StepError::because("HTTP server", error))?;
        let listener = port.take_listener().ok_or_else(|| StepError::failed("the HTTP port is not open"))?;
        let listener = listener
            .set_nonblocking(true)
            .and_then(|()| tokio::net::TcpListener::from_std(listener))
            .map_err(|error| StepError::io("cannot listen for HTTP", error))?;
        cx.say(format!("Starting HTTP server on port {}", port.number()));
        let number = port.number();
        let served = Served { site, cx: cx.clone() };
        let server = tokio::spawn(async move {
            let _held = port;
            let router = Router::new().fallback(answer).with_state(Arc::new(served));
            // Ends only by the abort at teardown.
            let _ = axum::serve(listener, router).await;
        });
        cx.defer(move || {
            Box::pin(async move {
                server.abort();
                let _ = server.await;
                Ok(())
            })
        });
        Ok(Some(HttpServer { port: number }))
    }
}

/// A server that runs until teardown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpServer {
    /// Where it listens.
    pub port: u16,
}

/// What is served.
#[derive(Debug)]
enum Site {
    /// By clean path.
    Content(BTreeMap<String, String>),
    /// Files below this directory.
    Directory(PathBuf),
}

/// What is served, and who hears of it.
struct Served {
    site: Site,
    cx: StepContext,
}

async fn answer(State(served): State<Arc<Served>>, request: Request) -> Response {
    let request = request.into_parts().0;
    let response = answer::answer(&served.site, &request).await;
    let level = if response.status().is_success() { LogLevel::Debug } else { LogLevel::Warn };
    let text = format!("HTTP server: {} {}: {}", request.method, request.uri, response.status());
    served.cx.log(level, text);
    response
}

/// A path without `.`, `..`, doubled and trailing slashes; it never leaves the root.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn interface_address(name: &str, v6: bool) -> Option<String> {
    let addresses = nix::ifaddrs::getifaddrs().ok()?;
    addresses.filter(|found| found.interface_name == name).find_map(|found| {
        let address = found.address?;
        let ip = match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
            (Some(v4), _) if !v6 => IpAddr::V4(v4.ip()),
            (_, Some(found)) if v6 => IpAddr::V6(found.ip()),
            _ => return None,
        };
        Some(ip.to_string())
    })
}

/// The file that a clean path names below `root`.
fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests;
