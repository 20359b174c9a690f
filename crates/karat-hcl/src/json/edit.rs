//! Changes of text that leave JSON what it is.

use karat_model::diagnostic::{Diagnostics, Edit};

use super::reader::read;
use super::scalar::escaped;

/// The changes that mend one problem in a JSON text, as they must be written there: what goes into a string is escaped.
/// None, if the text would not be JSON any more; the changes as they are, if it is not JSON now.
pub fn fit(text: &str, edits: &[Edit]) -> Vec<Edit> {
    if edits.is_empty() || !is_json(text) {
        return edits.to_vec();
    }
    let inside: Vec<Edit> =
        edits.iter().map(|edit| Edit { replacement: escaped(&edit.replacement), ..edit.clone() }).collect();
    let fits = |edits: &Vec<Edit>| is_json(&applied(text, edits));
    [edits.to_vec(), inside].into_iter().find(fits).unwrap_or_default()
}

fn is_json(text: &str) -> bool {
    read(Default::default(), text, "", &mut Diagnostics::new()).is_some()
}

fn applied(text: &str, edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    let mut changed = text.to_owned();
    for Edit { span, replacement } in edits {
        if changed.get(span.range()).is_some() {
            changed.replace_range(span.range(), replacement);
        }
    }
    changed
}
