//! Functions of digests and of names that are unique.

use karat_model::value::{Type, Value};
use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512};
use uuid::{Builder, Uuid};

use super::argument::{shown, text, whole};
use super::{Function, FunctionError, FunctionTable, Param};

pub(super) fn register(table: &mut FunctionTable) {
    let param = |name| Param::new(name, Type::String);
    let mut digest = |name: &str, run: fn(&str) -> String| {
        table.insert(
            name,
            Function::new([param("text")], Type::String, move |args| Ok(run(text(args, 0)).into())),
        );
    };
    digest("md5", hexadecimal::<Md5>);
    digest("sha1", hexadecimal::<Sha1>);
    digest("sha256", hexadecimal::<Sha256>);
    digest("sha512", hexadecimal::<Sha512>);
    table.insert(
        "bcrypt",
        Function::new([param("password")], Type::String, bcrypt).variadic(Param::new("cost", Type::Number)),
    );
    table.insert("uuidv4", Function::new([], Type::String, |_| Ok(Uuid::new_v4().to_string().into())));
    table.insert("uuidv5", Function::new([param("namespace"), param("name")], Type::String, uuidv5));
}

fn hexadecimal<D: Digest>(text: &str) -> String {
    D::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash of a password, with salt that is new each time. The cost is 10 unless it is given.
fn bcrypt(args: &[Value]) -> Result<Value, FunctionError> {
    let cost = match args.len() {
        1 => 10,
        2 => whole(args, 1)?,
        count => {
            return Err(FunctionError::new(format!("it takes 1 or 2 arguments, but {count} were given")));
        }
    };
    let cost = match u32::try_from(cost.max(0)) {
        // As in Go, a cost that is too low to be meant is not taken at its word.
        Ok(0..=3) => 10,
        Ok(cost @ 4..=31) => cost,
        _ => return Err(FunctionError::argument(1, "it must not be above 31")),
    };
    if text(args, 0).len() > 72 {
        return Err(FunctionError::argument(0, "it must not be longer than 72 bytes"));
    }
    let hash = bcrypt::hash_with_result(text(args, 0), cost);
    let hash = hash.map_err(|error| FunctionError::new(format!("the password cannot be hashed: {error}")))?;
    // The version that Go writes.
    Ok(hash.format_for_version(bcrypt::Version::TwoA).into())
}

fn uuidv5(args: &[Value]) -> Result<Value, FunctionError> {
    let namespace = match text(args, 0) {
        "dns" => Uuid::NAMESPACE_DNS,
        "url" => Uuid::NAMESPACE_URL,
        "oid" => Uuid::NAMESPACE_OID,
        "x500" => Uuid::NAMESPACE_X500,
        other => Uuid::parse_str(other).map_err(|_| {
            let message = format!("it must be dns, url, oid, x500 or a UUID, but it is {}", shown(args, 0));
            FunctionError::argument(0, message)
        })?,
    };
    let digest = Sha1::new().chain_update(namespace.as_bytes()).chain_update(text(args, 1)).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest.iter()).for_each(|(byte, digested)| *byte = *digested);
    Ok(Builder::from_sha1_bytes(bytes).into_uuid().to_string().into())
}
