//! The boot command language: text in which `<wait5>`, `<enter>` or `<leftCtrlOn>` stand for what cannot be written.
//!
//! The grammar is Packer 1.16's, oddities included: whatever is not a tag is typed as it stands.

use std::time::Duration;

use karat_model::duration;

use super::keyboard::{Key, KeyEvent};

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Do nothing for a while.
    Wait(Duration),
    /// Press and release.
    Press(Key),
    /// Press.
    Hold(Key),
    /// Release.
    Release(Key),
}

/// One thing to do, as a keyboard understands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// Do nothing for a while.
    Wait(Duration),
    /// Tell the machine.
    Key(KeyEvent),
}

impl Action {
    /// What the keyboard does for it.
    pub fn strokes(self) -> Vec<Stroke> {
        match self {
            Self::Wait(time) => vec![Stroke::Wait(time)],
            Self::Press(key) => key.down().chain(key.up()).map(Stroke::Key).collect(),
            Self::Hold(key) => key.down().map(Stroke::Key).collect(),
            Self::Release(key) => key.up().map(Stroke::Key).collect(),
        }
    }
}

/// Reads a boot command. Fails only for waits that are not positive.
pub fn parse(mut text: &str) -> Result<Vec<Action>, String> {
    let mut actions = Vec::new();
    while let Some(first) = text.chars().next() {
        let (action, rest) = match tag(text)? {
            Some(found) => found,
            None => (Action::Press(Key::Character(first)), &text[first.len_utf8()..]),
        };
        actions.push(action);
        text = rest;
    }
    Ok(actions)
}

/// The tag at the start of `text`, and what follows it.
fn tag(text: &str) -> Result<Option<(Action, &str)>, String> {
    let Some(inner) = text.strip_prefix('<') else { return Ok(None) };
    if let Some(found) = wait(inner)? {
        return Ok(Some(found));
    }
    Ok(toggle(inner).or_else(|| special(inner)))
}

/// `wait>`, `wait5>`, `wait1m30s>`.
fn wait(inner: &str) -> Result<Option<(Action, &str)>, String> {
    let Some((time, rest)) = inner.strip_prefix("wait").and_then(|inner| inner.split_once('>')) else {
        return Ok(None);
    };
    let time = match time {
        "" => Duration::from_secs(1),
        time if is_integer(time) => positive(&format!("{time}s"), time)?,
        time if is_duration(time) => positive(time, time)?,
        _ => return Ok(None),
    };
    Ok(Some((Action::Wait(time), rest)))
}

fn positive(duration: &str, written: &str) -> Result<Duration, String> {
    match duration::parse_signed(duration) {
        Ok((false, time)) if !time.is_zero() => Ok(time),
        Ok(_) => Err(format!("Expecting a positive wait value. Got {written}")),
        Err(error) => Err(format!("<wait{written}>: {error}")),
    }
}

fn is_integer(text: &str) -> bool {
    text == "0"
        || (!text.starts_with('0') && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A sequence of numbers with units, such as `1m30s`, `0.5s` or `-3s`.
fn is_duration(mut text: &str) -> bool {
    while !text.is_empty() {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
        let (number, tail) = digits.split_at(end);
        let number_is_one = match number.split_once('.') {
            None => is_integer(number),
            Some((whole, part)) => {
                is_integer(whole) && !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
            }
        };
        let unit = ["ns", "us", "µs", "ms", "s", "m", "h"].into_iter().find(|unit| tail.starts_with(unit));
        let (true, Some(unit)) = (number_is_one, unit) else { return false };
        text = &tail[unit.len()..];
    }
    true
}

/// `XOn>` or `XOff>` for any single character X.
fn toggle(inner: &str) -> Option<(Action, &str)> {
    let character = inner.chars().next()?;
    let (switch, rest) = inner[character.len_utf8()..].split_once('>')?;
    let key = Key::Character(character);
    if switch.eq_ignore_ascii_case("on") {
        Some((Action::Hold(key), rest))
    } else if switch.eq_ignore_ascii_case("off") {
        Some((Action::Release(key), rest))
    } else {
        None
    }
}

/// `enter>`, `leftCtrlOn>`, `leftCtrlOff>`.
fn special(inner: &str) -> Option<(Action, &str)> {
    let (name, rest) = inner.split_once('>')?;
    let ends_with = |suffix: &str| {
        let start = name.len().checked_sub(suffix.len())?;
        name.get(start..)?.eq_ignore_ascii_case(suffix).then(|| &name[..start])
    };
    let action = if let Some(key) = Key::named(name) {
        Action::Press(key)
    } else if let Some(key) = ends_with("on").and_then(Key::named) {
        Action::Hold(key)
    } else {
        Action::Release(ends_with("off").and_then(Key::named)?)
    };
    Some((action, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A boot command as the events that reach the machine: `+41` presses keysym 0x41, `-41` releases it.
    fn played(text: &str) -> String {
        let strokes = parse(text).unwrap().into_iter().flat_map(Action::strokes);
        let words = strokes.map(|stroke| match stroke {
            Stroke::Wait(time) => duration::Go(time).to_string(),
            Stroke::Key(KeyEvent { keysym, down }) => format!("{}{keysym:x}", if down { '+' } else { '-' }),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn qem_07_characters_are_pressed_and_released_with_shift_where_a_us_keyboard_needs_it() {
        assert_eq!(played("aB"), "+61 -61 +ffe1 +42 -42 -ffe1");
        assert_eq!(played("1!"), "+31 -31 +ffe1 +21 -21 -ffe1");
        for character in "~!@#$%^&*()_+{}\\|:\"<>?".chars() {
            assert!(played(&character.to_string()).starts_with("+ffe1 "), "{character}");
        }
        for character in "`1234567890-=[];',./".chars() {
            assert!(!played(&character.to_string()).contains("ffe1"), "{character}");
        }
        assert_eq!(played("é€"), "+e9 -e9 +10020ac -10020ac");
    }

    #[test]
    fn qem_07_special_keys_in_any_case() {
        assert_eq!(played("<enter><ENTER><Return>"), "+ff0d -ff0d +ff0d -ff0d +ff0d -ff0d");
        assert_eq!(played("<f1><f10><f12>"), "+ffbe -ffbe +ffc7 -ffc7 +ffc9 -ffc9");
        assert_eq!(played("<pageUp><pagedown><spacebar>"), "+ff55 -ff55 +ff56 -ff56 +20 -20");
        assert_eq!(played("<leftSuper><rightSuper>"), "+ffeb -ffeb +ffec -ffec");
    }

    #[test]
    fn qem_07_keys_can_be_held() {
        assert_eq!(played("<leftCtrlOn>c<leftCtrlOff>"), "+ffe3 +63 -63 -ffe3");
        assert_eq!(played("<aOn><aoff>"), "+61 -61");
        assert_eq!(played("<AON>"), "+ffe1 +41");
        assert_eq!(played("<leftOn><delOFF>"), "+ff51 -ffff");
        assert_eq!(played("<>on>"), "+ffe1 +3e");
    }

    #[test]
    fn qem_07_waits() {
        assert_eq!(played("<wait><wait5><wait1m30s><wait0.5s><wait10ms>"), "1s 5s 1m30s 500ms 10ms");
        for bad in ["<wait0>", "<wait0s>", "<wait-5s>"] {
            let error = parse(bad).unwrap_err();
            assert!(error.starts_with("Expecting a positive wait value. Got "), "{error}");
        }
    }

    #[test]
    fn qem_07_what_is_not_a_tag_is_typed() {
        for text in ["<Wait>", "<wait05>", "<wait-5>", "<waitx>", "<unknown>", "<", "<wait", "< enter>"] {
            assert_eq!(parse(text).unwrap().len(), text.chars().count(), "{text}");
        }
        assert_eq!(parse("a<b<enter>").unwrap().len(), 4);
    }
}
