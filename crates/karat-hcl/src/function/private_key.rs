//! `rsadecrypt`.

use karat_model::value::{Type, Value};
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Encrypt, RsaPrivateKey};

use super::argument::text;
use super::encoding::{base64_argument, from_base64};
use super::{Function, FunctionError, FunctionTable, Param};

pub(super) fn register(table: &mut FunctionTable) {
    let param = |name| Param::new(name, Type::String);
    table.insert(
        "rsadecrypt",
        Function::new([param("ciphertext"), param("private_key")], Type::String, |args| {
            let ciphertext = base64_argument(args, 0)?;
            let key = private_key(text(args, 1)).map_err(|reason| FunctionError::argument(1, reason))?;
            let plain = key.decrypt(Pkcs1v15Encrypt, &ciphertext);
            let plain = plain.map_err(|_| {
                FunctionError::argument(0, "it cannot be decrypted: it belongs to another key, or is damaged")
            })?;
            let plain = String::from_utf8(plain);
            plain.map(Value::from).map_err(|_| FunctionError::argument(0, "what it hides is not UTF-8 text"))
        }),
    );
}

/// A key in PEM. As in Packer it must be of the traditional kind (PKCS #1) and without a password.
fn private_key(text: &str) -> Result<RsaPrivateKey, String> {
    let convert = "openssl rsa -in KEY -traditional";
    let (label, headers, der) =
        pem_block(text).ok_or("it is not a private key in PEM, which begins with -----BEGIN")?;
    if headers.contains("ENCRYPTED") || label.contains("ENCRYPTED") {
        return Err(format!("the key is protected by a password; remove that: {convert}"));
    }
    let key = RsaPrivateKey::from_pkcs1_der(&der).map_err(|_| match label {
        "PRIVATE KEY" | "OPENSSH PRIVATE KEY" => {
            format!("\"BEGIN {label}\" is not the traditional kind of RSA key; convert it: {convert}")
        }
        _ => format!("\"BEGIN {label}\" does not begin an RSA private key"),
    })?;
    match key.size() {
        0..128 => Err("the key has fewer than 1024 bits, which protect nothing".to_owned()),
        _ => Ok(key),
    }
}

/// The first block of a text that is whole: its label, its headers, and its content.
fn pem_block(text: &str) -> Option<(&str, String, Vec<u8>)> {
    let mut lines = text.lines().map(str::trim_end);
    loop {
        let Some(label) =
            lines.next()?.strip_prefix("-----BEGIN ").and_then(|line| line.strip_suffix("-----"))
        else {
            continue;
        };
        let end = format!("-----END {label}-----");
        let mut ended = false;
        let mut inside = |line: &&str| {
            ended = *line == end;
            !ended
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| inside(line)).collect();
        let (headers, content): (Vec<&str>, Vec<&str>) =
            block.into_iter().partition(|line| line.contains(':'));
        if let Ok(der) = from_base64(&content.concat())
            && ended
        {
            return Some((label, headers.concat(), der));
        }
    }
}
