//! The signature that AWS wants to see on requests: version 4, with a digest of the whole body.

use hmac::{Hmac, KeyInit, Mac};
use karat_gotmpl::time::Moment;
use sha2::{Digest, Sha256};

use super::profile::Credentials;

/// A request before it is signed.
pub(super) struct Unsigned<'r> {
    pub(super) method: &'r str,
    /// Percent-encoded.
    pub(super) path: &'r str,
    /// Percent-encoded and sorted, without a question mark.
    pub(super) query: &'r str,
    /// In lower case and sorted by name, with `host` and `x-amz-date` among them.
    pub(super) headers: &'r [(&'r str, &'r str)],
    pub(super) body: &'r [u8],
    pub(super) region: &'r str,
    pub(super) service: &'r str,
    pub(super) time: Moment,
}

/// How AWS writes times.
pub(super) fn amz_date(time: &Moment) -> String {
    time.format("20060102T150405Z")
}

impl Unsigned<'_> {
    /// What the header `authorization` is to say.
    pub(super) fn authorization(&self, credentials: &Credentials) -> String {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let Self { method, path, query, region, service, .. } = self;
        let body = hexadecimal(&Sha256::digest(self.body));
        let request = format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{body}");
        let date = self.time.format("20060102");
        let scope = format!("{date}/{region}/{service}/aws4_request");
        let digest = hexadecimal(&Sha256::digest(request.as_bytes()));
        let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{digest}", amz_date(&self.time));
        let secret = format!("AWS4{}", credentials.key.expose()).into_bytes();
        let parts = [date.as_str(), region, service, "aws4_request", &to_sign];
        let signature = parts.into_iter().fold(secret, |key, part| authenticate(&key, part));
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            credentials.key_id,
            hexadecimal(&signature)
        )
    }
}

fn authenticate(key: &[u8], text: &str) -> Vec<u8> {
    // Keys of every length are fine.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use karat_model::secret::Secret;

    use super::*;

    /// The example in AWS's documentation of the signing process.
    #[test]
    fn the_published_example_has_this_signature() {
        let unsigned = Unsigned {
            method: "GET",
            path: "/",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &[
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                ("host", "iam.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
            ],
            body: b"",
            region: "us-east-1",
            service: "iam",
            time: Moment::from_unix(1_440_938_160, 0),
        };
        let credentials = Credentials {
            key_id: "AKIDEXAMPLE".to_owned(),
            key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session: None,
        };
        assert_eq!(
            unsigned.authorization(&credentials),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }
}
