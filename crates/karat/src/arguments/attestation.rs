//! `karat verify-attestation`, `karat sbom-generate`, `karat execute`: what Packer's own components and CI call.

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  karat verify-attestation -key=cosign.pub -artifact=disk.qcow2 attestation.json";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct VerifyAttestation {
    /// A file with a signed attestation (DSSE)
    #[arg(value_name = "ATTESTATION")]
    pub(crate) attestation: String,
    /// How it was signed: key, kms or keyless
    #[arg(long, value_name = "MODE")]
    pub(crate) signing_mode: Option<String>,
    /// A key: a PEM file, or the address of one in a KMS or Vault
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// A public key to verify with: a PEM file
    #[arg(long, value_name = "FILE")]
    pub(crate) verifier: Option<String>,
    /// What it must be about
    #[arg(long, value_name = "TYPE")]
    pub(crate) predicate_type: Option<String>,
    /// Who must have built it (SLSA)
    #[arg(long, value_name = "ID")]
    pub(crate) builder_id: Option<String>,
    /// What it must have been built from
    #[arg(long, value_name = "URI")]
    pub(crate) source_uri: Option<String>,
    /// A file that must be a subject of it
    #[arg(long, value_name = "FILE")]
    pub(crate) artifact: Option<String>,
    /// Sigstore's trusted roots: a JSON file
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root_path: Option<String>,
    /// Who must have signed it, without a key
    #[arg(long, value_name = "IDENTITY")]
    pub(crate) keyless_identity: Option<String>,
    /// Who must vouch for that identity
    #[arg(long, value_name = "ISSUER")]
    pub(crate) keyless_oidc_issuer: Option<String>,
    /// A Sigstore bundle: a JSON file
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<String>,
    /// It must be in Rekor's transparency log
    #[arg(long)]
    pub(crate) require_rekor: bool,
    /// Its time must be vouched for
    #[arg(long)]
    pub(crate) require_timestamp: bool,
}

/// Packer reads these words in a way of its own; there are no flags to declare.
#[derive(Args, Debug)]
pub(crate) struct Words {
    /// -o FORMAT, --exclude GLOB, --scope squashed|all-layers, and the path to look at
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Execute {
    /// A component, such as packer-provisioner-shell
    #[arg(value_name = "PLUGIN")]
    pub(crate) component: Option<String>,
    /// Speak protobuf
    #[arg(long)]
    pub(crate) protobuf: bool,
}
