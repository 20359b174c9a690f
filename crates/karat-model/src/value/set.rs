//! Sets: different elements, in an order that follows from them.

use std::cmp::Ordering;

use super::{Data, Type, Value};

impl Value {
    /// A set: equal elements fall together. Which elements a set has tells what they are, so a sensitive element
    /// makes the set sensitive.
    pub fn set(element: Type, elements: Vec<Value>) -> Self {
        let sensitive = elements.iter().any(Value::is_sensitive);
        let mut keyed: Vec<(String, Value)> = elements
            .into_iter()
            .map(|element| (if element.ty.is_primitive() { String::new() } else { element.key() }, element))
            .collect();
        keyed.sort_by(|(a, x), (b, y)| x.primitive_order(y).then_with(|| a.cmp(b)));
        // Two unknowns may turn out to be different. What is equal stands together.
        keyed.dedup_by(|(_, a), (_, b)| a.equals(b));
        let set = Self::sequence(Type::set(element), keyed.into_iter().map(|(_, element)| element).collect());
        if sensitive { set.mark_sensitive() } else { set }
    }

    /// The order of a set's elements: bools false first, numbers by size, strings by bytes, then nulls, then unknown
    /// values.
    fn primitive_order(&self, other: &Value) -> Ordering {
        fn rank(data: &Data) -> u8 {
            match data {
                Data::Null => 1,
                Data::Unknown(_) | Data::Error => 2,
                _ => 0,
            }
        }
        match (&self.data, &other.data) {
            (Data::Bool(a), Data::Bool(b)) => a.cmp(b),
            (Data::Number(a), Data::Number(b)) => a.cmp(b),
            (Data::String(a), Data::String(b)) => a.cmp(b),
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }

    /// The text by which elements are ordered that are not primitive, as go-cty 1.13 has it (MIT, © Martin Atkins).
    fn key(&self) -> String {
        let mut key = String::new();
        self.write_key(&mut key);
        key
    }

    fn write_key(&self, key: &mut String) {
        match &self.data {
            Data::Null => key.push('~'),
            Data::Unknown(_) | Data::Error => key.push('?'),
            Data::Bool(truth) => key.push(if *truth { 'T' } else { 'F' }),
            Data::Number(number) => key.push_str(&number.to_short_string()),
            Data::String(text) => key.push_str(&format!("{text:?}")),
            Data::Sequence(elements) => {
                let (open, close) = if matches!(self.ty, Type::Tuple(_)) { ('<', '>') } else { ('[', ']') };
                key.push(open);
                for element in elements.iter() {
                    element.write_key(key);
                    key.push(';');
                }
                key.push(close);
            }
            Data::Mapping(entries) => {
                let is_map = matches!(self.ty, Type::Map(_));
                key.push(if is_map { '{' } else { '<' });
                for (name, entry) in entries.iter() {
                    if is_map {
                        key.push_str(&format!("{name:?}:"));
                    }
                    entry.write_key(key);
                    key.push(';');
                }
                key.push(if is_map { '}' } else { '>' });
            }
        }
    }
}
