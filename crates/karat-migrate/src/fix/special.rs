//! What is more than dropping or renaming an option.

use super::rule::Stuck;
use crate::json::{Json, Object};

type Mended = Result<(), Stuck>;

/// `iso_md5` is a checksum whose type was in its name.
pub(super) fn iso_md5(options: &mut Object, _: bool) -> Mended {
    if let Some(sum) = take_text(options, "iso_md5") {
        set(options, "iso_checksum", text(sum));
        set(options, "iso_checksum_type", text("md5"));
    }
    Ok(())
}

/// The type of a checksum, or the URL of a file with checksums, stands in front of it. An address goes before a sum.
///
/// Packer forgets that there was none to be checked; or makes it a sum of the type `none`, which there is not.
pub(super) fn iso_checksum(options: &mut Object, strict: bool) -> Mended {
    let mut take = |name| options.remove(name).and_then(into_text).filter(|text| !text.is_empty());
    let (url, kind) = (take("iso_checksum_url"), take("iso_checksum_type"));
    let sum = options.get("iso_checksum").and_then(Json::as_text).filter(|sum| !sum.is_empty());
    let checksum = match (url, kind, sum) {
        (_, Some(kind), _) if !strict && kind.eq_ignore_ascii_case("none") => kind.to_ascii_lowercase(),
        (Some(url), _, _) => format!("file:{url}"),
        (None, Some(kind), Some(sum)) => format!("{kind}:{sum}"),
        _ => return Ok(()),
    };
    set(options, "iso_checksum", text(checksum));
    Ok(())
}

/// The time was a variable of some options before it was a function of all.
pub(super) fn create_time(options: &mut Object, _: bool) -> Mended {
    for name in ["ami_name", "bundle_prefix", "snapshot_name"] {
        if let Some(Json::Text(text)) = options.get_mut(name) {
            *text = with_timestamp(text);
        }
    }
    Ok(())
}

fn with_timestamp(mut rest: &str) -> String {
    let white = [' ', '\t', '\n', '\r', '\u{c}'];
    let mut text = String::new();
    while let Some(at) = rest.find("{{") {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let call = from.trim_start_matches('{');
        // Of more than two braces, the last two count.
        let braces = from.len() - call.len() - 2;
        text.push_str(from.get(..braces).unwrap_or_default());
        let behind = call.trim_start_matches(white).strip_prefix(".CreateTime");
        match behind.and_then(|behind| behind.trim_start_matches(white).strip_prefix("}}")) {
            Some(behind) => {
                text.push_str("{{timestamp}}");
                rest = behind;
            }
            None => {
                text.push_str("{{");
                rest = call;
            }
        }
    }
    text + rest
}

/// The function that makes a name fit for an image has one name for all clouds, also one level deeper.
pub(super) fn clean_names(options: &mut Object, _: bool) -> Mended {
    let clean = |value: &mut Json| {
        if let Json::Text(text) = value {
            let one_name = text.replace("clean_image_name", "clean_resource_name");
            *text = one_name.replace("clean_ami_name", "clean_resource_name");
        }
    };
    for value in options.values_mut() {
        match value {
            Json::Object(inner) => inner.values_mut().for_each(clean),
            value => clean(value),
        }
    }
    Ok(())
}

/// Attached was the one way beside uploaded.
pub(super) fn guest_additions(options: &mut Object, _: bool) -> Mended {
    if let Some(Json::Bool(attach)) = options.get("guest_additions_attach") {
        let mode = text(if *attach { "attach" } else { "upload" });
        options.remove("guest_additions_attach");
        set(options, "guest_additions_mode", mode);
    }
    Ok(())
}

/// Options for one provider have a place of their own.
pub(super) fn vagrant_overrides(options: &mut Object, _: bool) -> Mended {
    let taken =
        ["aws", "digitalocean", "virtualbox", "vmware"].map(|provider| options.remove_entry(provider));
    let overrides: Object = taken.into_iter().flatten().collect();
    if !overrides.is_empty() {
        set(options, "override", Json::Object(overrides));
    }
    Ok(())
}

/// Overrides are for a builder's name, which is its type where it has none. Several objects count as one.
pub(super) fn virtualbox_override(options: &mut Object, _: bool) -> Mended {
    let parts = match options.get("override") {
        None | Some(Json::Null) => return Ok(()),
        Some(Json::List(parts)) => parts.as_slice(),
        Some(alone) => std::slice::from_ref(alone),
    };
    let mut overrides = Object::new();
    for part in parts {
        match part {
            Json::Object(part) => overrides.extend(part.clone()),
            Json::Null => {}
            _ => return Err(Stuck { option: "override", must_be: "an object" }),
        }
    }
    if let Some(own) = overrides.remove("virtualbox") {
        set(&mut overrides, "virtualbox-iso", own);
        set(options, "override", Json::Object(overrides));
    }
    Ok(())
}

/// Whether to use the private address is one answer to the question which address to use.
pub(super) fn private_ip(options: &mut Object, _: bool) -> Mended {
    if options.contains_key("ssh_interface") {
        return Ok(());
    }
    let truth = match options.get("ssh_private_ip") {
        None => return Ok(()),
        Some(Json::Bool(truth)) => Some(*truth),
        Some(Json::Text(text)) => go_bool(text),
        Some(_) => None,
    };
    let truth = truth.ok_or(Stuck { option: "ssh_private_ip", must_be: "true or false" })?;
    options.remove("ssh_private_ip");
    set(options, "ssh_interface", text(if truth { "private_ip" } else { "public_ip" }));
    Ok(())
}

/// A truth in Go's spellings.
fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// There can be several networks that may reach the machine.
pub(super) fn security_group_cidrs(options: &mut Object, _: bool) -> Mended {
    if let Some(cidr) = take_text(options, "temporary_security_group_source_cidr") {
        set(options, "temporary_security_group_source_cidrs", Json::List(vec![text(cidr)]));
    }
    Ok(())
}

/// There can be several tags: those of both options, each once.
///
/// Packer forgets those that are no strings.
pub(super) fn docker_tags(options: &mut Object, strict: bool) -> Mended {
    let mut tags: Vec<Json> = Vec::new();
    for option in ["tag", "tags"] {
        let stuck = Stuck { option, must_be: "a string, or a list of strings" };
        let here = match options.get(option) {
            Some(Json::Text(list)) => list.split(',').map(|tag| text(tag.trim())).collect(),
            Some(Json::List(list)) if list.iter().all(|tag| tag.as_text().is_some()) => list.clone(),
            None | Some(Json::Null) => Vec::new(),
            Some(Json::List(_)) => return Err(stuck),
            Some(_) if !strict => return Err(stuck),
            Some(_) => Vec::new(),
        };
        for tag in here {
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
    }
    options.remove("tag");
    set(options, "tags", Json::List(tags));
    Ok(())
}

/// What Packer escapes itself now.
pub(super) fn powershell_escapes(options: &mut Object, _: bool) -> Mended {
    let is_text = |value: &Json| matches!(value, Json::Text(_) | Json::Null);
    let variables = match options.get("environment_vars") {
        None => None,
        Some(Json::Null) => Some(Vec::new()),
        Some(Json::List(list)) if list.iter().all(is_text) => {
            Some(list.iter().map(|variable| text(unescaped(variable.as_text().unwrap_or("")))).collect())
        }
        // Where Packer cannot read these, it leaves the others alone, too.
        Some(_) => return Ok(()),
    };
    for name in ["elevated_user", "elevated_password"] {
        if let Some(Json::Text(text)) = options.get_mut(name) {
            *text = unescaped(text);
        }
    }
    if let Some(variables) = variables {
        set(options, "environment_vars", Json::List(variables));
    }
    Ok(())
}

/// Without the backticks that make a character mean itself.
fn unescaped(text: &str) -> String {
    let mut characters = text.chars().peekable();
    let mut plain = String::with_capacity(text.len());
    while let Some(c) = characters.next() {
        let escaped = characters.next_if(|next| c == '`' && matches!(next, '$' | '"' | '`' | '\''));
        plain.push(escaped.unwrap_or(c));
    }
    plain
}

/// A disk on ESXi that is not thin cannot be compacted; without a type it is not thin.
pub(super) fn skip_compaction(options: &mut Object, _: bool) -> Mended {
    if options.get("remote_type").and_then(Json::as_text) != Some("esx5") {
        return Ok(());
    }
    match options.entry("disk_type_id".to_owned()).or_insert_with(|| text("zeroedthick")) {
        Json::Text(kind) if kind != "thin" => {}
        _ => return Ok(()),
    }
    let skip = options.entry("skip_compaction".to_owned()).or_insert(Json::Bool(true));
    if let Json::Bool(skip) = skip {
        *skip = true;
    }
    Ok(())
}

/// Sizes have units. What is behind a point never counted.
pub(super) fn disk_size(options: &mut Object, _: bool) -> Mended {
    if let Some(Json::Number(size)) = options.get("disk_size") {
        // Not minus zero.
        let whole = size.trunc() + 0.0;
        set(options, "disk_size", text(format!("{whole}M")));
    }
    Ok(())
}

/// There can be several network cards and disks: what was said about the one is the first of them.
pub(super) fn vsphere_adapters(options: &mut Object, _: bool) -> Mended {
    let card = [("network", "network"), ("networkCard", "network_card"), ("network_card", "network_card")];
    first_of(options, "network_adapters", &card)?;
    let disk = ["disk_size", "disk_thin_provisioned", "disk_eagerly_scrub"].map(|name| (name, name));
    first_of(options, "storage", &disk)
}

/// Moves options into an object that becomes the first of a list.
fn first_of(options: &mut Object, list: &'static str, names: &[(&str, &str)]) -> Mended {
    if !names.iter().any(|(name, _)| options.contains_key(*name)) {
        return Ok(());
    }
    let others = match options.remove(list) {
        None => Vec::new(),
        Some(Json::List(others)) => others,
        Some(other) => {
            set(options, list, other);
            return Err(Stuck { option: list, must_be: "a list" });
        }
    };
    let moved = names.iter().filter_map(|(name, new)| Some(((*new).to_owned(), options.remove(*name)?)));
    let first = Json::Object(moved.collect());
    set(options, list, Json::List([first].into_iter().chain(others).collect()));
    Ok(())
}

/// A typing error, one level deeper.
pub(super) fn exclude_from_latest(options: &mut Object, _: bool) -> Mended {
    if let Some(Json::Object(destination)) = options.get_mut("shared_image_destination")
        && let Some(value) = destination.remove("exlude_from_latest")
    {
        set(destination, "exclude_from_latest", value);
    }
    Ok(())
}

fn set(options: &mut Object, name: &str, value: Json) {
    options.insert(name.to_owned(), value);
}

fn text(text: impl Into<String>) -> Json {
    Json::Text(text.into())
}

fn into_text(value: Json) -> Option<String> {
    match value {
        Json::Text(text) => Some(text),
        _ => None,
    }
}

/// Takes an option away if it is a string.
fn take_text(options: &mut Object, name: &str) -> Option<String> {
    options.get(name)?.as_text()?;
    options.remove(name).and_then(into_text)
}
