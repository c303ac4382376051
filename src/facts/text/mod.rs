//! Small total parsers for texts that the originals parse: addresses, prefixes, sizes, durations.

mod decimal;
mod duration;
mod float;
mod ip;
mod prefix;
mod quote;
mod size;

pub(crate) use decimal::{decimal, signed};
pub(crate) use duration::parse_duration;
pub(crate) use ip::{parse_addr, parse_ip};
pub(crate) use prefix::parse_prefix;
pub(crate) use quote::{quote, quote_char};
pub(crate) use size::ram_in_bytes;
