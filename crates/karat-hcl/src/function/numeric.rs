//! Functions of numbers.

use std::cmp::Ordering;

use karat_model::value::{Number, Type, Value};
use num_bigint::BigInt;

use super::argument::{elements, number, shown, text, wanted, whole};
use super::{Function, FunctionError, FunctionTable, Param, float};

pub(super) fn register(table: &mut FunctionTable) {
    let param = |name| Param::new(name, Type::Number);
    let mut of_one = |name: &str, run: fn(Number) -> Number| {
        table.insert(
            name,
            Function::new([param("number")], Type::Number, move |args| Ok(run(number(args, 0)).into())),
        );
    };
    // Of the two zeros, this is not the negative one.
    of_one("abs", |number| match number {
        number if number.is_zero() => Number::ZERO,
        number if number.is_negative() => number.neg(),
        number => number,
    });
    of_one("ceil", |number| number.ceil());
    of_one("floor", |number| number.floor());
    table.insert("log", Function::new([param("number"), param("base")], Type::Number, log));
    table.insert("pow", Function::new([param("number"), param("power")], Type::Number, pow));
    table.insert(
        "signum",
        Function::new([param("number")], Type::Number, |args| Ok(Value::number(whole(args, 0)?.signum()))),
    );
    table.insert(
        "max",
        Function::new([], Type::Number, |args| best(args, Ordering::Greater)).variadic(param("numbers")),
    );
    table.insert(
        "min",
        Function::new([], Type::Number, |args| best(args, Ordering::Less)).variadic(param("numbers")),
    );
    let numbers = Param::new("numbers", Type::Any).or_unknown();
    table.insert("sum", Function::new([numbers], Type::Number, sum));
    table.insert(
        "parseint",
        Function::new(
            [Param::new("number", Type::Any).or_unknown(), param("base").or_unknown()],
            Type::Number,
            parseint,
        ),
    );
}

/// The result of a calculation with machine floats.
fn from_float(value: f64) -> Result<Value, FunctionError> {
    if value == f64::INFINITY {
        return Ok(Number::infinity().into());
    }
    if value == f64::NEG_INFINITY {
        return Ok(Number::infinity().neg().into());
    }
    Number::try_from(value).map(Value::from).map_err(|_| FunctionError::new("the result is not a number"))
}

fn to_float(args: &[Value], at: usize) -> Result<f64, FunctionError> {
    let number = number(args, at);
    match number.to_f64() {
        Some(float) if float.is_finite() || !number.is_finite() => Ok(float),
        _ if !number.is_finite() => Ok(if number.is_negative() { f64::NEG_INFINITY } else { f64::INFINITY }),
        _ => Err(FunctionError::argument(at, "it must be between -1.8e308 and 1.8e308")),
    }
}

fn log(args: &[Value]) -> Result<Value, FunctionError> {
    from_float(float::log(to_float(args, 0)?) / float::log(to_float(args, 1)?))
}

fn pow(args: &[Value]) -> Result<Value, FunctionError> {
    from_float(float::pow(to_float(args, 0)?, to_float(args, 1)?))
}

fn best(args: &[Value], wanted: Ordering) -> Result<Value, FunctionError> {
    let numbers = args.iter().filter_map(Value::as_number);
    let best = numbers.reduce(|best, other| if other.cmp(best) == wanted { other } else { best });
    best.cloned()
        .map(Value::from)
        .ok_or_else(|| FunctionError::new("it takes at least 1 argument, but 0 were given"))
}

fn sum(args: &[Value]) -> Result<Value, FunctionError> {
    let wrong = |message: &str| FunctionError::argument(0, message);
    match args.first() {
        Some(list) if !list.is_known() => return Ok(Value::unknown(Type::Number)),
        Some(list) if !matches!(list.ty(), Type::List(_) | Type::Set(_) | Type::Tuple(_) | Type::Any) => {
            return Err(wanted(args, 0, "a list, a set or a tuple"));
        }
        Some(list) if !list.is_wholly_known() => return Ok(Value::unknown(Type::Number)),
        _ => {}
    }
    let numbers = elements(args, 0)?.iter().map(|element| {
        let element = element.convert(&Type::Number).ok();
        element
            .as_ref()
            .and_then(Value::as_number)
            .cloned()
            .ok_or_else(|| wrong("its elements must be numbers"))
    });
    let total = numbers.reduce(|total, number| {
        total?.add(&number?).ok_or_else(|| wrong("infinities of both signs have no sum"))
    });
    total.unwrap_or_else(|| Err(wrong("it must not be empty"))).map(Value::from)
}

fn parseint(args: &[Value]) -> Result<Value, FunctionError> {
    // Numbers, which could become strings, are more likely a mistake.
    match args.first().map(Value::ty) {
        Some(Type::String | Type::Any) | None => {}
        Some(_) => return Err(wanted(args, 0, "a string")),
    }
    if args.iter().any(|arg| !arg.is_known()) {
        return Ok(Value::unknown(Type::Number));
    }
    let base = match whole(args, 1)? {
        base @ 2..=62 => base,
        _ => return Err(FunctionError::argument(1, "it must be a whole number from 2 to 62")),
    };
    let wrong = || {
        let message = format!("{} is not a whole number of base {base}", shown(args, 0));
        FunctionError::argument(0, message)
    };
    let written = text(args, 0);
    let digits = written.strip_prefix(['+', '-']).unwrap_or(written);
    if digits.is_empty() {
        return Err(wrong());
    }
    let mut value = BigInt::ZERO;
    for digit in digits.chars() {
        let digit = match digit {
            '0'..='9' => i64::from(u32::from(digit) - u32::from('0')),
            'a'..='z' => i64::from(u32::from(digit) - u32::from('a')) + 10,
            // Beyond 36, capitals are digits of their own.
            'A'..='Z' => i64::from(u32::from(digit) - u32::from('A')) + if base > 36 { 36 } else { 10 },
            _ => return Err(wrong()),
        };
        if digit >= base {
            return Err(wrong());
        }
        value = value * base + digit;
    }
    Ok(Number::from(if written.starts_with('-') { -value } else { value }).into())
}
