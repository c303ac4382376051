//! What a view keeps of the elements of a list while it goes through them.

/// How many elements are kept in place.
const HERE: usize = 16;

/// Hands all items to `run` at once. As long as they are few, that takes no memory.
pub(super) fn with_all<T: Default, R>(
    mut items: impl Iterator<Item = T>,
    run: impl FnOnce(&mut [T]) -> R,
) -> R {
    let mut here: [T; HERE] = std::array::from_fn(|_| T::default());
    for len in 0..HERE {
        match (items.next(), here.get_mut(len)) {
            (Some(item), Some(place)) => *place = item,
            _ => return run(here.get_mut(..len).unwrap_or_default()),
        }
    }
    let mut all: Vec<T> = here.into_iter().chain(items).collect();
    run(&mut all)
}

#[cfg(test)]
mod tests {
    use super::with_all;

    #[test]
    fn all_are_handed_on_in_their_order() {
        for number in 0..40 {
            assert_eq!(with_all(1..=number, |all| all.to_vec()), (1..=number).collect::<Vec<_>>());
        }
    }
}
