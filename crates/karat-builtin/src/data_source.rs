//! Data sources.

pub mod http;
pub mod null;

use karat_model::schema::{Attribute, Schema};
use karat_model::value::Type;

/// What a data source offers: name, type, meaning.
fn offers<const N: usize>(attributes: [(&str, Type, &str); N]) -> Schema {
    let attribute = |(name, ty, doc): (&str, Type, &str)| {
        (name.to_owned(), Attribute { doc: doc.to_owned(), ..Attribute::new(ty) })
    };
    Schema { attributes: attributes.into_iter().map(attribute).collect(), ..Schema::default() }
}
