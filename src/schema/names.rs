use super::types::FieldDef;

/// Places of fields by their exact names, for decoders that ask once for every key of a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// A power of two of buckets, or none.
    buckets: Vec<Vec<u16>>,
}

impl Names {
    /// The names of these fields. Of more than 65,536 the later ones are not found.
    pub(crate) fn of(fields: &[FieldDef]) -> Self {
        let mut buckets = vec![Vec::new(); (2 * fields.len()).next_power_of_two()];
        for (at, field) in (0_u16..=u16::MAX).zip(fields) {
            let bucket = hash(field.name.as_bytes()) & (buckets.len() - 1);
            if let Some(bucket) = buckets.get_mut(bucket) {
                bucket.push(at);
            }
        }
        Self { buckets }
    }

    /// The place of the field with this name; `fields` are those that the names were taken from. Before a schema is
    /// taken as one profile has it, there may be several: the last counts.
    pub(crate) fn find(&self, name: &[u8], fields: &[FieldDef]) -> Option<usize> {
        let bucket = self.buckets.get(hash(name) & self.buckets.len().checked_sub(1)?)?;
        let mut places = bucket.iter().rev().map(|at| usize::from(*at));
        places.find(|at| fields.get(*at).is_some_and(|field| field.name.as_bytes() == name))
    }
}

/// Names in one struct differ in their length or in these bytes, nearly always.
fn hash(name: &[u8]) -> usize {
    let byte = |at: usize| name.get(at).copied().map_or(0, usize::from);
    let len = name.len();
    let mix =
        byte(0) ^ (byte(len / 2) << 2) ^ (byte(len.wrapping_sub(1)) << 4) ^ (byte(len.wrapping_sub(3)) << 1);
    mix ^ (mix >> 5) ^ len
}
