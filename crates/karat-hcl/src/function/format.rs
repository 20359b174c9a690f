//! `format` and `formatlist`.

use karat_model::value::{Type, Value};
use num_bigint::BigInt;
use unicode_segmentation::UnicodeSegmentation;

use super::argument::text;
use super::decimal::Decimal;
use super::encoding::json_text;
use super::{Function, FunctionError, FunctionTable, Param};

type Result<T> = std::result::Result<T, FunctionError>;

/// The largest width or precision.
const MAX_SIZE: usize = 100_000;

pub(super) fn register(table: &mut FunctionTable) {
    let format = || Param::new("format", Type::String);
    let args = || Param::new("args", Type::Any).or_null().or_unknown();
    table.insert(
        "format",
        Function::new([format()], Type::String, |args| {
            if args.iter().any(|arg| !arg.is_wholly_known()) {
                return Ok(Value::unknown(Type::String));
            }
            render(text(args, 0), args.get(1..).unwrap_or_default()).map(Value::from)
        })
        .variadic(args()),
    );
    table.insert(
        "formatlist",
        Function::new([format()], Type::list(Type::String), formatlist).variadic(args()),
    );
}

/// Lists run in step; what is no list is the same in every row.
fn formatlist(args: &[Value]) -> Result<Value> {
    // How many rows there are, only lists that are known tell.
    let is_list = |ty: &Type| matches!(ty, Type::List(_) | Type::Tuple(_) | Type::Any);
    let is_open = |arg: &Value| match arg.ty() {
        Type::Set(_) => !arg.is_wholly_known(),
        ty => !arg.is_known() && is_list(ty),
    };
    if args.iter().any(is_open) {
        return Ok(Value::unknown(Type::list(Type::String)));
    }
    let (format, args) = (text(args, 0), args.get(1..).unwrap_or_default());
    let mut rows = None;
    for (at, list) in args.iter().enumerate() {
        let Some(list) = list.as_slice() else { continue };
        match rows {
            Some((_, length)) if length == list.len() => {}
            Some((first, length)) => {
                let message = format!("it has {} elements, but argument {first} has {length}", list.len());
                return Err(FunctionError::argument(at + 1, message));
            }
            None => rows = Some((at + 2, list.len())),
        }
    }
    let mut lines = Vec::new();
    for row in 0..rows.map_or(1, |(_, length)| length) {
        let cells = args.iter().map(|arg| match arg.as_slice() {
            Some(list) => list.get(row).cloned().unwrap_or_else(Value::error),
            None => arg.clone(),
        });
        let cells: Vec<Value> = cells.collect();
        lines.push(match cells.iter().all(Value::is_wholly_known) {
            true => render(format, &cells)?.into(),
            false => Value::unknown(Type::String),
        });
    }
    Ok(Value::list(Type::String, lines))
}

#[derive(Default)]
struct Flags {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

fn render(format: &str, args: &[Value]) -> Result<String> {
    let mut output = String::new();
    let mut rest = format;
    let mut next = 0;
    let mut used = 0;
    while let Some(start) = rest.find('%') {
        output.push_str(&rest[..start]);
        let directive = &rest[start..];
        let offset = format.len() - directive.len();
        let (flags, behind) = flags(&directive[1..])?;
        let (index, behind) = index(behind)?;
        let mut chars = behind.chars();
        let Some(verb) = chars.next() else {
            return Err(FunctionError::argument(0, "it ends inside of a verb; write %% for a percent sign"));
        };
        rest = chars.as_str();
        let directive = &directive[..directive.len() - rest.len()];
        if verb == '%' {
            output.push('%');
            continue;
        }
        let at = index.map_or(next, |index| index - 1);
        let Some(value) = args.get(at) else {
            let (needed, given) = (at + 1, args.len());
            let message = format!(
                "{directive} at {offset} needs argument {needed} behind the format, but {given} were given"
            );
            return Err(FunctionError::new(message));
        };
        next = at + 1;
        used = used.max(next);
        output.push_str(&verbed(value, verb, &flags).map_err(|problem| {
            let problem = format!("{directive} at {offset} {problem}");
            if problem.ends_with("no such verb") {
                FunctionError::argument(0, problem)
            } else {
                FunctionError::argument(at + 1, problem)
            }
        })?);
    }
    output.push_str(rest);
    // Indexes out of order leave no argument unused up to the largest.
    if used < args.len() {
        return Err(FunctionError::argument(
            used + 1,
            format!("the format uses only {used} of the arguments behind it"),
        ));
    }
    Ok(output)
}

fn flags(text: &str) -> Result<(Flags, &str)> {
    let mut flags = Flags::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '+' => flags.plus = true,
            '-' => flags.minus = true,
            '#' => flags.sharp = true,
            ' ' => flags.space = true,
            '0' => flags.zero = true,
            _ => break,
        }
        rest = &rest[1..];
    }
    let (width, behind) = digits(rest)?;
    flags.width = width.unwrap_or(0);
    rest = behind;
    if let Some(behind) = rest.strip_prefix('.') {
        let (precision, behind) = digits(behind)?;
        flags.precision = Some(precision.unwrap_or(0));
        rest = behind;
    }
    Ok((flags, rest))
}

fn index(text: &str) -> Result<(Option<usize>, &str)> {
    let Some((index, behind)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) else {
        return Ok((None, text));
    };
    match index.parse() {
        Ok(index) if index > 0 => Ok((Some(index), behind)),
        _ => Err(FunctionError::argument(
            0,
            format!("[{index}] is not the number of an argument; they count from 1"),
        )),
    }
}

fn digits(text: &str) -> Result<(Option<usize>, &str)> {
    let length = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(length);
    if digits.is_empty() {
        return Ok((None, rest));
    }
    match digits.parse() {
        Ok(size) if size <= MAX_SIZE => Ok((Some(size), rest)),
        _ => Err(FunctionError::argument(0, format!("a width or precision is above {MAX_SIZE}"))),
    }
}

/// A value as a verb wants it, or what the verb wants.
fn verbed(value: &Value, verb: char, flags: &Flags) -> std::result::Result<String, String> {
    let value = value.clone().unmark();
    if !"vtbdoxXeEfgGsq".contains(verb) {
        return Err("is no such verb".to_owned());
    }
    if value.is_null() && verb != 'v' {
        return Err("cannot show null; %v can".to_owned());
    }
    let convert = |ty: &Type, what: &str| value.convert(ty).map_err(|_| format!("needs {what}"));
    let plain = match verb {
        'v' if flags.sharp || value.is_null() || value.ty().is_compound() => {
            json_text(&value).map_err(|error| format!("needs a value that JSON can hold: {error}"))?
        }
        'v' => match (value.as_str(), value.as_number()) {
            (Some(text), _) => text.to_owned(),
            (_, Some(number)) if number.is_finite() => {
                let sign = if number.to_string().starts_with('-') { "-" } else { "" };
                format!("{sign}{}", Decimal::new(number).general(None))
            }
            (_, Some(number)) => number.to_string(),
            _ => value.as_bool().unwrap_or_default().to_string(),
        },
        's' | 'q' => {
            let text = convert(&Type::String, "a string")?;
            let text = text.as_str().unwrap_or_default();
            let cut: String = text.graphemes(true).take(flags.precision.unwrap_or(usize::MAX)).collect();
            if verb == 's' { cut } else { json_text(&cut.into()).map_err(|error| error.to_string())? }
        }
        // As in Packer, of any width.
        't' => return Ok(convert(&Type::Bool, "a bool")?.as_bool().unwrap_or_default().to_string()),
        _ => {
            let number = convert(&Type::Number, "a number")?;
            let number = number.as_number().cloned().unwrap_or(karat_model::value::Number::ZERO);
            let flags = &Flags { zero: flags.zero && !flags.minus, ..*flags };
            if !number.is_finite() && !"bdoxX".contains(verb) {
                let sign = if number.is_negative() {
                    "-"
                } else if flags.space {
                    " "
                } else {
                    "+"
                };
                return Ok(pad(format!("{sign}Inf"), &Flags { zero: false, ..*flags }));
            }
            // Of the two zeros, one is negative.
            let mut negative = number.to_string().starts_with('-');
            let mut prefix = "";
            let digits = if "bdoxX".contains(verb) {
                let whole = number.to_big_int().ok_or("needs a whole number")?;
                negative = number.is_negative();
                prefix = if flags.sharp { prefix_of(verb) } else { "" };
                integer(&whole, verb, flags)
            } else {
                let decimal = Decimal::new(&number);
                match verb {
                    'f' => decimal.fixed(flags.precision.unwrap_or(6)),
                    'e' | 'E' => decimal.scientific(Some(flags.precision.unwrap_or(6))),
                    _ => decimal.general(flags.precision),
                }
            };
            let digits = if verb.is_ascii_uppercase() { digits.to_ascii_uppercase() } else { digits };
            let sign = match (negative, flags.plus, flags.space) {
                (true, ..) => "-",
                (_, true, _) => "+",
                (.., true) => " ",
                _ => "",
            };
            let length = sign.len() + prefix.len() + digits.len();
            let zeros = if flags.zero { flags.width.saturating_sub(length) } else { 0 };
            return Ok(pad(format!("{sign}{prefix}{}{digits}", "0".repeat(zeros)), flags));
        }
    };
    Ok(pad(plain, flags))
}

fn prefix_of(verb: char) -> &'static str {
    match verb {
        'b' => "0b",
        'o' => "0",
        'x' => "0x",
        'X' => "0X",
        _ => "",
    }
}

fn integer(whole: &BigInt, verb: char, flags: &Flags) -> String {
    let radix = match verb {
        'b' => 2,
        'o' => 8,
        'd' => 10,
        _ => 16,
    };
    let digits = whole.magnitude().to_str_radix(radix);
    let zeros = "0".repeat(flags.precision.unwrap_or(0).saturating_sub(digits.len()));
    zeros + &digits
}

fn pad(text: String, flags: &Flags) -> String {
    let missing = flags.width.saturating_sub(text.graphemes(true).count());
    // As in Packer, zeros also go behind.
    let padding = (if flags.zero { "0" } else { " " }).repeat(missing);
    if flags.minus { text + &padding } else { padding + &text }
}
