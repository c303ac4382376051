/// The candidate that `word` most likely means: at most two edits away, and not a different short word.
///
/// ```
/// use plimsoll::source::nearest;
/// assert_eq!(nearest("profil", ["kind", "profile"]), Some("profile"));
/// assert_eq!(nearest("note", ["kind", "profile"]), None);
/// ```
#[must_use]
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    candidates
        .into_iter()
        .map(|candidate| (edits(word, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= 2 && edits * 3 <= candidate.len())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, in bytes; words of very different length are just far apart.
fn edits(a: &str, b: &str) -> usize {
    let difference = a.len().abs_diff(b.len());
    if difference > 2 {
        return difference;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.bytes().zip(row.iter_mut().skip(1)) {
            let best = (diagonal + usize::from(x != y)).min(*cell + 1).min(left + 1);
            diagonal = std::mem::replace(cell, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_levenshtein() {
        for (a, b, n) in
            [("", "", 0), ("a", "", 1), ("kitten", "sitten", 1), ("profil", "profile", 1), ("ab", "ba", 2)]
        {
            assert_eq!((edits(a, b), edits(b, a)), (n, n), "{a} {b}");
        }
    }

    #[test]
    fn short_words_are_not_misspellings_of_each_other() {
        assert_eq!(nearest("is", ["id"]), None);
        assert_eq!(nearest("knd", ["id", "kind"]), Some("kind"));
    }
}
