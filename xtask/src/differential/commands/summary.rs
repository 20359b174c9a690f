//! What is said of each build at the end: Packer keeps it in a map, and lists it in any order.

/// A text whose lists of builds are in the order of their names.
pub(super) fn sorted(text: &str) -> String {
    let mut sorted = String::new();
    let mut entries: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        let is_list = !entries.is_empty() && !line.starts_with("==> ");
        match entries.last_mut() {
            _ if line.starts_with("--> ") || line.contains(",artifact-count,") => {
                entries.push(line.to_owned())
            }
            Some(entry) if is_list => entry.push_str(line),
            _ => {
                flush(&mut entries, &mut sorted);
                sorted += line;
            }
        }
    }
    flush(&mut entries, &mut sorted);
    sorted
}

fn flush(entries: &mut Vec<String>, sorted: &mut String) {
    entries.sort_by(|one, other| one.trim_end().cmp(other.trim_end()));
    for entry in entries.drain(..) {
        *sorted += entry.trim_end();
        *sorted += "\n";
    }
}

#[cfg(test)]
mod tests {
    use super::sorted;

    #[test]
    fn lists_of_builds_are_sorted_with_what_belongs_to_them() {
        let text = "==> Some:\n--> b: 2 errors\n\n* x\n--> a: 1\n\n==> Finished:\n--> a: y\n";
        assert_eq!(sorted(text), "==> Some:\n--> a: 1\n--> b: 2 errors\n\n* x\n==> Finished:\n--> a: y\n");
    }
}
