//! What builders of virtual machines share: media to boot from, ports, a keyboard, and a web server for the installer.

pub mod boot_command;
pub mod cd;
pub mod download;
pub mod http_server;
pub mod keyboard;
pub mod port;
pub mod vnc;
