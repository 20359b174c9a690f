//! Functions of time.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use karat_model::duration;
use karat_model::value::{Type, Value};

use super::argument::{text, whole};
use super::instant::{Instant, MONTHS, WEEKDAYS};
use super::{Function, FunctionError, FunctionTable, Param};

type Result<T> = std::result::Result<T, FunctionError>;

pub(super) fn register(table: &mut FunctionTable) {
    let param = |name| Param::new(name, Type::String);
    table.insert("timestamp", Function::new([], Type::String, |_| now()));
    table.insert("timeadd", Function::new([param("time"), param("duration")], Type::String, timeadd));
    table.insert("formatdate", Function::new([param("format"), param("time")], Type::String, formatdate));
    table.insert(
        "rfc3339_parse",
        Function::new([param("time")], parts_type("unix", Type::Number), |args| {
            // Packer takes a blank between date and time too.
            let instant = instant(args, 0, "Tt ")?;
            Ok(parts(&instant, "unix", instant.unix().into()))
        }),
    );
    table.insert(
        "unix_timestamp_parse",
        Function::new([Param::new("seconds", Type::Number)], parts_type("rfc3339", Type::String), |args| {
            let instant = Instant::from_unix(whole(args, 0)?, 0, 0);
            let instant =
                instant.ok_or_else(|| FunctionError::argument(0, "it is beyond the years 0 to 9999"))?;
            Ok(parts(&instant, "rfc3339", instant.rfc3339().into()))
        }),
    );
}

fn instant(args: &[Value], at: usize, separators: &str) -> Result<Instant> {
    Instant::parse(text(args, at), separators).map_err(|reason| FunctionError::argument(at, reason))
}

fn now() -> Result<Value> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    let now = i64::try_from(seconds).ok().and_then(|seconds| Instant::from_unix(seconds, 0, 0));
    now.map(|now| now.rfc3339().into()).ok_or_else(|| FunctionError::new("the clock is beyond the year 9999"))
}

fn timeadd(args: &[Value]) -> Result<Value> {
    let start = instant(args, 0, "T")?;
    let added = duration::parse_signed(text(args, 1));
    let (negative, size) = added.map_err(|error| {
        let secret = args.get(1).is_some_and(Value::is_sensitive);
        let shown =
            if secret { "it is not a duration such as `1h30m`".to_owned() } else { error.to_string() };
        FunctionError::argument(1, shown)
    })?;
    let size = i64::try_from(size.as_nanos())
        .map_err(|_| FunctionError::argument(1, "it must not be longer than 292 years, 2562047h47m"))?;
    let size = i128::from(size);
    let start_nanos = i128::from(start.unix()) * 1_000_000_000 + i128::from(start.nanos);
    let end = if negative { start_nanos.checked_sub(size) } else { start_nanos.checked_add(size) };
    let seconds = end.and_then(|end| i64::try_from(end.div_euclid(1_000_000_000)).ok());
    let end = seconds.and_then(|seconds| Instant::from_unix(seconds, 0, start.offset));
    end.map(|end| end.rfc3339().into())
        .ok_or_else(|| FunctionError::new("the result is beyond the years 0 to 9999"))
}

fn formatdate(args: &[Value]) -> Result<Value> {
    let instant = instant(args, 1, "T")?;
    let mut output = String::new();
    let mut rest = text(args, 0);
    while let Some(first) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("''").filter(|behind| !behind.starts_with('\'')) {
            output.push('\'');
            rest = behind;
            continue;
        }
        if first == '\'' {
            rest = quoted(&rest[1..], &mut output)
                .ok_or_else(|| FunctionError::argument(0, "a quoted part has no closing quote"))?;
            continue;
        }
        let length = rest.find(|c| c != first).unwrap_or(rest.len());
        let (sequence, behind) = rest.split_at(length);
        rest = behind;
        if !first.is_ascii_alphabetic() {
            output.push_str(sequence);
            continue;
        }
        output.push_str(&part(&instant, sequence).ok_or_else(|| {
            let message =
                format!("it contains {sequence}, which is no part of a time; quote text as in 'at'");
            FunctionError::argument(0, message)
        })?);
    }
    Ok(output.into())
}

/// Writes quoted text, in which a quote is doubled. What is behind the closing quote is returned.
fn quoted<'t>(text: &'t str, output: &mut String) -> Option<&'t str> {
    let (quoted, behind) = text.split_once('\'')?;
    output.push_str(quoted);
    match behind.strip_prefix('\'') {
        Some(more) => {
            output.push('\'');
            self::quoted(more, output)
        }
        None => Some(behind),
    }
}

fn part(instant: &Instant, sequence: &str) -> Option<String> {
    let Instant { year, month, day, hour, minute, second, offset, .. } = *instant;
    let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
    let month_name =
        usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default();
    let weekday =
        usize::try_from(instant.weekday()).ok().and_then(|at| WEEKDAYS.get(at)).copied().unwrap_or_default();
    Some(match sequence {
        "YYYY" => format!("{year:04}"),
        "YY" => format!("{:02}", year % 100),
        "MMMM" => month_name.to_owned(),
        "MMM" => month_name.get(..3)?.to_owned(),
        "MM" => format!("{month:02}"),
        "M" => month.to_string(),
        "DD" => format!("{day:02}"),
        "D" => day.to_string(),
        "EEEE" => weekday.to_owned(),
        "EEE" => weekday.get(..3)?.to_owned(),
        "hh" => format!("{hour:02}"),
        "h" => hour.to_string(),
        "HH" => format!("{hour12:02}"),
        "H" => hour12.to_string(),
        "AA" => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        "aa" => if hour < 12 { "am" } else { "pm" }.to_owned(),
        "mm" => format!("{minute:02}"),
        "m" => minute.to_string(),
        "ss" => format!("{second:02}"),
        "s" => second.to_string(),
        "ZZZZZ" => instant.zone(":"),
        "ZZZZ" => instant.zone(""),
        "ZZZ" if offset == 0 => "UTC".to_owned(),
        "ZZZ" => instant.zone(""),
        "Z" if offset == 0 => "Z".to_owned(),
        "Z" => instant.zone(":"),
        _ => return None,
    })
}

/// The attributes of a time that Packer takes apart, next to the one that says all in another notation.
fn parts(instant: &Instant, whole_name: &str, whole: Value) -> Value {
    let (iso_year, iso_week) = instant.iso_week();
    let numbers = [
        ("year", instant.year),
        ("year_day", instant.year_day()),
        ("month", instant.month),
        ("day", instant.day),
        ("weekday", instant.weekday()),
        ("hour", instant.hour),
        ("minute", instant.minute),
        ("second", instant.second),
        ("iso_year", iso_year),
        ("iso_week", iso_week),
    ];
    let names = [("month_name", part(instant, "MMMM")), ("weekday_name", part(instant, "EEEE"))];
    let mut attributes: BTreeMap<_, _> =
        numbers.into_iter().map(|(name, number)| (name.to_owned(), Value::from(number))).collect();
    attributes
        .extend(names.into_iter().map(|(name, text)| (name.to_owned(), text.unwrap_or_default().into())));
    attributes.insert(whole_name.to_owned(), whole);
    Value::object(attributes)
}

fn parts_type(whole_name: &str, whole: Type) -> Type {
    let numbers =
        ["year", "year_day", "month", "day", "weekday", "hour", "minute", "second", "iso_year", "iso_week"];
    let numbers = numbers.into_iter().map(|name| (name, Type::Number));
    let texts = ["month_name", "weekday_name"].into_iter().map(|name| (name, Type::String));
    Type::object(numbers.chain(texts).chain([(whole_name, whole)]))
}
