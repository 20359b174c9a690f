//! "Did you mean": the candidate that a mistyped word is closest to.

/// The candidate nearest to `word`, when it is near enough to be a slip: at most a third of the word's letters
/// (at least one) inserted, dropped, changed or swapped. Case does not count, nor does `-` against `_`.
/// Of equally near candidates the one that shares the longest beginning wins, then the first.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = fold(word);
    let limit = (wanted.len() / 3).max(1);
    let rank = |candidate: &str| {
        let folded = fold(candidate);
        // The length difference is a lower bound of the distance.
        if folded.len().abs_diff(wanted.len()) > limit {
            return None;
        }
        let distance = distance(&wanted, &folded);
        let shared = wanted.iter().zip(&folded).take_while(|(a, b)| a == b).count();
        (distance <= limit && distance < wanted.len()).then_some((distance, usize::MAX - shared))
    };
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .filter_map(|candidate| Some((rank(candidate)?, candidate)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, candidate)| candidate)
}

fn fold(word: &str) -> Vec<char> {
    word.chars().map(|c| if c == '-' { '_' } else { c }).flat_map(char::to_lowercase).collect()
}

/// Damerau-Levenshtein distance with adjacent swaps.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (previous[j] + usize::from(x != y)).min(previous[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut previous, row);
    }
    previous[b.len()]
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn nearest_word_wins() {
        let words = ["ssh_username", "ssh_password", "disk_size", "iso_url", "iso_urls"];
        let cases = [
            ("ssh_usernme", Some("ssh_username")),
            ("ssh-username", Some("ssh_username")),
            ("SSH_Username", Some("ssh_username")),
            ("dsik_size", Some("disk_size")),
            ("iso_ulr", Some("iso_url")),
            ("cpus", None),
            ("x", None),
        ];
        for (word, expected) in cases {
            assert_eq!(did_you_mean(word, words), expected, "{word}");
        }
    }
}
