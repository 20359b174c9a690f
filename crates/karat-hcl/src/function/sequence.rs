//! Functions of lists, sets and tuples.

use karat_model::value::{Number, Type, Value, unify};
use unicode_segmentation::UnicodeSegmentation;

use super::argument::{elements, number, size, wanted};
use super::{Function, FunctionError, FunctionTable, Kind, Param, settle};

type Result = std::result::Result<Value, FunctionError>;

pub(super) fn register(table: &mut FunctionTable) {
    let any = |name| Param::new(name, Type::Any);
    let number = |name| Param::new(name, Type::Number);
    let list = |element| Param::new("list", Type::list(element));
    let ordered = |name| Param::of(name, Kind::Ordered);
    table.insert("alltrue", Function::new([list(Type::Bool).or_unknown_inside()], Type::Bool, all_true));
    table.insert("anytrue", Function::new([list(Type::Bool).or_unknown_inside()], Type::Bool, any_true));
    table.insert(
        "chunklist",
        Function::new([list(Type::Any).or_unknown_inside(), number("size")], Type::Any, chunklist)
            .settling(settle::chunks),
    );
    table.insert(
        "coalesce",
        Function::new([], Type::Any, coalesce).variadic(any("values").or_null().or_unknown()),
    );
    table.insert(
        "coalescelist",
        Function::new([], Type::Any, coalescelist).variadic(ordered("lists").or_null().or_unknown()),
    );
    table.insert(
        "compact",
        Function::new([list(Type::String)], Type::list(Type::String), |args| {
            let kept =
                elements(args, 0)?.iter().filter(|text| text.as_str().is_some_and(|text| !text.is_empty()));
            Ok(Value::list(Type::String, kept.cloned().collect()))
        }),
    );
    table.insert(
        "concat",
        Function::new([], Type::Any, concat).variadic(ordered("lists")).settling(settle::concatenated),
    );
    table.insert(
        "contains",
        Function::new(
            [Param::of("list", Kind::Sequence), any("value").or_unknown_inside()],
            Type::Bool,
            |args| {
                Ok(match position(args)? {
                    Position::At { .. } => true.into(),
                    Position::Nowhere => false.into(),
                    Position::Unknown => Value::unknown(Type::Bool).not_null(),
                })
            },
        ),
    );
    table.insert("distinct", Function::new([list(Type::Any)], Type::Any, distinct).settling(settle::first));
    table.insert(
        "element",
        Function::new([ordered("list"), number("index")], Type::Any, element).settling(settle::element),
    );
    table.insert(
        "flatten",
        Function::new([any("list").or_unknown_inside()], Type::Any, |args| {
            let mut flat = Vec::new();
            Ok(if flatten(elements(args, 0)?, &mut flat) {
                Value::tuple(flat)
            } else {
                Value::unknown(Type::Any)
            })
        }),
    );
    table.insert(
        "index",
        Function::new([ordered("list"), any("value").or_unknown_inside()], Type::Number, |args| {
            match position(args)? {
                Position::At { first, surely: true } => Ok(Number::from(first).into()),
                Position::At { surely: false, .. } | Position::Unknown => {
                    Ok(Value::unknown(Type::Number).not_null())
                }
                Position::Nowhere => Err(FunctionError::argument(1, "it is not in the list")),
            }
        }),
    );
    table.insert("length", Function::new([any("value").or_unknown()], Type::Number, length));
    table.insert("range", Function::new([], Type::list(Type::Number), range).variadic(number("limits")));
    table.insert(
        "reverse",
        Function::new([Param::of("list", Kind::Sequence)], Type::Any, reverse).settling(settle::reversed),
    );
    table.insert(
        "slice",
        Function::new([ordered("list"), number("start"), number("end")], Type::Any, slice)
            .settling(settle::part),
    );
    table.insert(
        "sort",
        Function::new([list(Type::String)], Type::list(Type::String), |args| {
            let mut sorted = elements(args, 0)?.to_vec();
            if sorted.iter().any(Value::is_null) {
                return Err(FunctionError::argument(0, "its elements must not be null"));
            }
            sorted.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            Ok(Value::list(Type::String, sorted))
        }),
    );
}

/// Elements in the kind of sequence that the first argument is; a set makes a list.
fn like_first(args: &[Value], elements: Vec<Value>) -> Value {
    match args.first().and_then(|list| list.ty().element()) {
        Some(element) => Value::list(element.clone(), elements),
        None => Value::tuple(elements),
    }
}

fn chunklist(args: &[Value]) -> Result {
    let list = elements(args, 0)?;
    let size = match size(args, 1)? {
        0 => list.len().max(1),
        size => size,
    };
    let chunks = list.chunks(size).map(|chunk| like_first(args, chunk.to_vec())).collect();
    Ok(Value::list(args.first().map_or(Type::Any, |list| list.ty().clone()), chunks))
}

fn coalesce(args: &[Value]) -> Result {
    let Some(ty) = unify(args.iter().map(Value::ty)) else {
        return Err(FunctionError::new("the arguments must be of one type"));
    };
    let mut unfit = None;
    for value in args {
        if !value.is_known() {
            return Ok(Value::unknown(ty));
        }
        if value.is_null() || value.as_str() == Some("") {
            continue;
        }
        // As in Packer, what does not fit the type of all is passed over.
        match value.convert(&ty) {
            Ok(value) => return Ok(value),
            Err(error) => unfit = unfit.or(Some(error)),
        }
    }
    Err(FunctionError::new(
        unfit.map_or_else(|| "all arguments are null or empty strings".to_owned(), |error| error.to_string()),
    ))
}

fn coalescelist(args: &[Value]) -> Result {
    for list in args.iter().filter(|list| !list.is_null()) {
        match list.as_slice() {
            // It may turn out to be empty.
            None => return Ok(Value::unknown(Type::Any)),
            Some([]) => {}
            Some(_) => return Ok(list.clone()),
        }
    }
    Err(FunctionError::new("all lists are empty"))
}

fn concat(args: &[Value]) -> Result {
    if args.is_empty() {
        return Err(FunctionError::new("it takes at least 1 argument, but 0 were given"));
    }
    if args.iter().all(|list| matches!(list.ty(), Type::List(_)))
        && let Some(ty) = unify(args.iter().map(Value::ty))
    {
        let element = ty.element().cloned().unwrap_or(Type::Any);
        let converted = args.iter().map(|list| list.convert(&ty));
        let lists = converted.collect::<std::result::Result<Vec<_>, _>>();
        let lists = lists.map_err(|error| FunctionError::new(error.to_string()))?;
        let all = lists.iter().filter_map(Value::as_slice).flatten().cloned();
        return Ok(Value::list(element, all.collect()));
    }
    Ok(Value::tuple(args.iter().filter_map(Value::as_slice).flatten().cloned().collect()))
}

/// Whether an element is true; an unknown one may be.
fn any_true(args: &[Value]) -> Result {
    let elements = elements(args, 0)?;
    if elements.iter().any(|element| element.as_bool() == Some(true)) {
        return Ok(true.into());
    }
    Ok(match elements.iter().all(Value::is_known) {
        true => false.into(),
        false => Value::unknown(Type::Bool).not_null(),
    })
}

/// Whether all elements are true. As in Packer, what comes behind an unknown one decides nothing.
fn all_true(args: &[Value]) -> Result {
    Ok(match elements(args, 0)?.iter().find(|element| element.as_bool() != Some(true)) {
        None => true.into(),
        Some(element) if element.is_known() => false.into(),
        Some(_) => Value::unknown(Type::Bool).not_null(),
    })
}

/// Where a list has a value.
enum Position {
    /// Here. It is not known whether this is the first place, unless `surely`.
    At {
        first: usize,
        surely: bool,
    },
    Nowhere,
    /// Something that is not known yet may be the value.
    Unknown,
}

/// Where the first argument has the second.
fn position(args: &[Value]) -> std::result::Result<Position, FunctionError> {
    let Some(wanted) = args.get(1) else { return Ok(Position::Nowhere) };
    let mut position = Position::Nowhere;
    for (at, element) in elements(args, 0)?.iter().enumerate() {
        match element.equality(wanted) {
            // An unknown element before it may be the first that is equal.
            Some(true) => {
                return Ok(Position::At { first: at, surely: matches!(position, Position::Nowhere) });
            }
            Some(false) => {}
            None => position = Position::Unknown,
        }
    }
    Ok(position)
}

fn distinct(args: &[Value]) -> Result {
    let mut kept: Vec<Value> = Vec::new();
    for element in elements(args, 0)? {
        if !kept.iter().any(|other| other.equals(element)) {
            kept.push(element.clone());
        }
    }
    Ok(like_first(args, kept))
}

fn element(args: &[Value]) -> Result {
    let list = elements(args, 0)?;
    let at = size(args, 1)?.checked_rem(list.len());
    let element = at.and_then(|at| list.get(at));
    element.cloned().ok_or_else(|| FunctionError::argument(0, "it must not be empty"))
}

/// False if it is not known how many elements there will be.
fn flatten(list: &[Value], flat: &mut Vec<Value>) -> bool {
    list.iter().all(|element| match element.as_slice() {
        Some(inner) => flatten(inner, flat),
        None if !element.is_known() && !element.ty().is_primitive() && !is_named(element.ty()) => false,
        None => {
            flat.push(element.clone());
            true
        }
    })
}

fn is_named(ty: &Type) -> bool {
    matches!(ty, Type::Map(_) | Type::Object(_))
}

fn length(args: &[Value]) -> Result {
    let Some(value) = args.first() else { return Ok(Number::ZERO.into()) };
    let length = match (value.ty(), value.is_known()) {
        // How many there are is known from the type.
        (Type::Tuple(types), _) => types.len(),
        (Type::Object(attributes), _) => attributes.len(),
        (Type::Number | Type::Bool, _) => {
            return Err(wanted(args, 0, "a string, a list, a set, a map, a tuple or an object"));
        }
        (_, false) => return Ok(Value::unknown(Type::Number).not_null()),
        // Unknown elements of a set may turn out to be equal.
        (Type::Set(_), true) if !value.is_wholly_known() => {
            return Ok(Value::unknown(Type::Number).not_null());
        }
        _ => match (value.as_str(), value.as_slice(), value.as_map()) {
            (Some(text), ..) => text.graphemes(true).count(),
            (_, Some(elements), _) => elements.len(),
            (_, _, Some(entries)) => entries.len(),
            _ => 0,
        },
    };
    Ok(Number::from(length).into())
}

fn range(args: &[Value]) -> Result {
    let zero = Number::ZERO;
    let one = Number::from(1);
    let (start, end, step) = match args.len() {
        1 => (zero.clone(), number(args, 0), None),
        2 => (number(args, 0), number(args, 1), None),
        3 => (number(args, 0), number(args, 1), Some(number(args, 2))),
        count => {
            return Err(FunctionError::new(format!("it takes 1, 2 or 3 arguments, but {count} were given")));
        }
    };
    let down = end < start;
    let step = step.unwrap_or_else(|| if down { one.neg() } else { one });
    if step.is_zero() && start != end {
        return Err(FunctionError::argument(2, "the step must not be zero"));
    }
    if step.is_negative() != down && start != end {
        let way = if down {
            "negative, as the end is below the start"
        } else {
            "positive, as the end is above the start"
        };
        return Err(FunctionError::argument(2, format!("the step must be {way}")));
    }
    let mut numbers = Vec::new();
    let mut next = start;
    while if down { next > end } else { next < end } {
        if numbers.len() == 1024 {
            return Err(FunctionError::new("the range has more than 1024 numbers"));
        }
        numbers.push(Value::from(next.clone()));
        next = next.add(&step).ok_or_else(|| FunctionError::new("the limits must not be infinite"))?;
    }
    Ok(Value::list(Type::Number, numbers))
}

fn reverse(args: &[Value]) -> Result {
    Ok(like_first(args, elements(args, 0)?.iter().rev().cloned().collect()))
}

fn slice(args: &[Value]) -> Result {
    let list = elements(args, 0)?;
    let (start, end) = (size(args, 1)?, size(args, 2)?);
    let length = list.len();
    if start > length {
        return Err(FunctionError::argument(
            1,
            format!("it must not be above the length of the list, {length}"),
        ));
    }
    if end > length {
        return Err(FunctionError::argument(
            2,
            format!("it must not be above the length of the list, {length}"),
        ));
    }
    if start > end {
        return Err(FunctionError::argument(1, "it must not be above the end"));
    }
    Ok(like_first(args, list.get(start..end).unwrap_or_default().to_vec()))
}
