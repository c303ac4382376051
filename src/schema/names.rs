use super::types::FieldDef;

/// Places of fields by their exact names, for decoders that ask once for every key of a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Those of the fields, one after the other.
    keys: Vec<Key>,
    /// A power of two of entries, most of them free; a name stands at its hash, or at the first free place behind.
    table: Vec<Option<Entry>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Key,
    /// The place of the field.
    at: u16,
}

/// The first and the last bytes of a name, and its length: all there is to a name of up to sixteen bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    head: u64,
    tail: u64,
    len: usize,
}

impl Key {
    #[inline]
    pub(crate) fn of(name: &[u8]) -> Self {
        let len = name.len();
        let (head, tail) = match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
            (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
            _ => match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
                (Some(head), Some(tail)) => {
                    (u64::from(u32::from_le_bytes(*head)), u64::from(u32::from_le_bytes(*tail)))
                }
                _ => (name.iter().fold(0, |head, byte| head << 8 | u64::from(*byte)), 0),
            },
        };
        Self { head, tail, len }
    }

    /// How many bytes the name has.
    #[inline]
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// Whether the name `whole`, which has this key, is `other`, which is as long.
    #[inline]
    pub(crate) fn is(self, whole: &[u8], other: &[u8]) -> bool {
        self.means(Self::of(other), || whole == other)
    }

    /// Whether a name with this key is the one with the other key; `whole` compares them, for the longer ones.
    #[inline]
    fn means(self, other: Self, whole: impl FnOnce() -> bool) -> bool {
        self == other && (self.len <= 16 || whole())
    }

    fn hash(self) -> usize {
        let mixed = self.head ^ self.tail.rotate_left(29) ^ self.len as u64;
        // The upper bits of a product depend on all bits of its factors.
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize
    }
}

impl Names {
    /// The names of these fields. Of more than 65,536 the later ones are not found.
    pub(crate) fn of(fields: &[FieldDef]) -> Self {
        let keys = fields.iter().map(|field| Key::of(field.name.as_bytes())).collect();
        let mut names = Self { keys, table: vec![None; (3 * fields.len()).next_power_of_two()] };
        for (at, field) in (0_u16..=u16::MAX).zip(fields) {
            let name = field.name.as_bytes();
            let key = Key::of(name);
            // Before a schema is taken as one profile has it, there may be several of a name: the last counts.
            let place = names.place(key, name, fields);
            if let Some(entry) = place.and_then(|place| names.table.get_mut(place)) {
                *entry = Some(Entry { key, at });
            }
        }
        names
    }

    /// The key of the field at this place.
    #[inline]
    pub(super) fn key(&self, at: usize) -> Option<Key> {
        self.keys.get(at).copied()
    }

    /// The place of the field with this name; `fields` are those that the names were taken from.
    #[inline]
    pub(crate) fn find(&self, key: Key, name: &[u8], fields: &[FieldDef]) -> Option<usize> {
        let entry = self.table.get(self.place(key, name, fields)?)?.as_ref()?;
        Some(usize::from(entry.at))
    }

    /// Where a name stands in the table, or would.
    #[inline]
    fn place(&self, key: Key, name: &[u8], fields: &[FieldDef]) -> Option<usize> {
        let last = self.table.len().checked_sub(1)?;
        let mut place = key.hash() & last;
        loop {
            // Two places in three are free, so that one is met.
            let Some(entry) = self.table.get(place)? else { return Some(place) };
            let same = |field: &FieldDef| field.name.as_bytes() == name;
            if key.means(entry.key, || fields.get(usize::from(entry.at)).is_some_and(same)) {
                return Some(place);
            }
            place = (place + 1) & last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Key;
    use crate::schema::{Lookup, Next, Schema};

    /// What is expected next is what its name leads to, and that is every field behind the one before.
    #[test]
    fn what_is_expected_is_found() {
        let schema = Schema::parse(include_str!("../../spec/schema/create.toml")).unwrap();
        let schema = schema.at_profile(&|_| true);
        let place = |found: Lookup<'_>| (found.via, found.index);
        let mut expected = 0;
        for def in schema.structs() {
            let mut next = Next::default();
            while let Some(field) = def.expected(&schema, next) {
                let found = def.lookup(&schema, field.field.name.as_bytes(), |_| false).unwrap();
                assert_eq!(place(field), place(found), "{}", field.field.name);
                assert_eq!(field.key, Key::of(field.field.name.as_bytes()));
                (next, expected) = (field.next(), expected + 1);
            }
        }
        assert!(expected > 150, "{expected}");
    }

    /// In every struct of the largest schema: each name leads to its field, and a name that differs in one byte, or
    /// lacks one, to none.
    #[test]
    fn names_lead_to_their_fields_and_nothing_else_does() {
        let schema = Schema::parse(include_str!("../../spec/schema/create.toml")).unwrap();
        for def in schema.structs() {
            let last = |name: &str| def.fields.iter().rposition(|field| field.name == name);
            for field in &def.fields {
                let name = field.name.as_str();
                assert_eq!(def.field(name).map(|(at, _)| at), last(name), "{name}");
                for at in 0..name.len() {
                    let mut changed = name.as_bytes().to_vec();
                    changed[at] ^= 1;
                    let changed = String::from_utf8(changed).unwrap();
                    let shorter = [&name[..at], &name[at + 1..]].concat();
                    for other in [&changed, &shorter] {
                        assert_eq!(def.field(other).map(|(at, _)| at), last(other), "{other}");
                    }
                }
            }
        }
    }
}
