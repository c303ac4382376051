//! Makes a witness smaller as long as it stays one.

use serde_json::Value as Json;

use super::answer::REPLAY;
use super::diagram::Meter;
use super::document::Witness;

/// A witness of which no member, element or byte of a string can be left out; or as far as the steps suffice.
pub(super) fn shrink(mut best: Witness, meter: &Meter, holds: impl Fn(&Witness) -> bool) -> Witness {
    let mut smaller = candidates(&best);
    // How many in a row did not hold, and which is next: after one that does the next is mostly like the one before.
    let (mut failed, mut next) = (0, 0_usize);
    while failed < smaller.len() {
        let Some(one) = smaller.get(next) else {
            next = 0;
            continue;
        };
        if !meter.spend(REPLAY) {
            break;
        }
        if one.size() < best.size() && holds(one) {
            best = one.clone();
            smaller = candidates(&best);
            failed = 0;
        } else {
            failed = failed.saturating_add(1);
            next = next.saturating_add(1);
        }
    }
    best
}

fn candidates(witness: &Witness) -> Vec<Witness> {
    let mut out = Vec::new();
    if let Some(raw) = &witness.raw {
        out.push(Witness { raw: None, ..witness.clone() });
        // Chunks of a text that is no JSON.
        for size in [16, 4, 1] {
            for at in (0..raw.len()).step_by(size) {
                let rest = raw.iter().enumerate().filter(|(i, _)| *i < at || *i >= at + size);
                out.push(Witness { raw: Some(rest.map(|(_, b)| *b).collect()), ..witness.clone() });
            }
        }
        return out;
    }
    let beside: [fn(&mut Witness) -> &mut Option<Json>; 5] =
        [|w| &mut w.host, |w| &mut w.daemon, |w| &mut w.image, |w| &mut w.http, |w| &mut w.answer];
    if let Some(json) = witness.features.as_deref().and_then(|text| serde_json::from_slice(text).ok()) {
        out.push(Witness { features: None, answer: None, ..witness.clone() });
        let smaller = parts(&json).into_iter().map(|json| json.to_string().into_bytes());
        out.extend(smaller.map(|text| Witness { features: Some(text), ..witness.clone() }));
    }
    for part in beside {
        let mut less = witness.clone();
        if let Some(json) = part(&mut less).take() {
            out.push(less);
            out.extend(parts(&json).into_iter().map(|json| {
                let mut less = witness.clone();
                *part(&mut less) = Some(json);
                less
            }));
        }
    }
    out.extend(parts(&witness.document).into_iter().map(|document| Witness { document, ..witness.clone() }));
    out
}

/// Values a step smaller than this one, the larger steps first.
fn parts(json: &Json) -> Vec<Json> {
    let mut out = Vec::new();
    match json {
        Json::Object(members) => {
            for key in members.keys() {
                let mut less = members.clone();
                less.shift_remove(key);
                out.push(Json::Object(less));
            }
            for (key, value) in members {
                for smaller in parts(value) {
                    let mut less = members.clone();
                    less.insert(key.clone(), smaller);
                    out.push(Json::Object(less));
                }
                for shorter in shorter(key) {
                    if !members.contains_key(&shorter) {
                        let renamed = members
                            .iter()
                            .map(|(k, v)| (if k == key { shorter.clone() } else { k.clone() }, v.clone()));
                        out.push(Json::Object(renamed.collect()));
                    }
                }
            }
        }
        Json::Array(elements) => {
            for at in 0..elements.len() {
                let mut less = elements.clone();
                less.remove(at);
                out.push(Json::Array(less));
            }
            for (at, value) in elements.iter().enumerate() {
                for smaller in parts(value) {
                    let mut less = elements.clone();
                    if let Some(slot) = less.get_mut(at) {
                        *slot = smaller;
                    }
                    out.push(Json::Array(less));
                }
            }
        }
        Json::String(text) => out.extend(shorter(text).into_iter().map(Json::String)),
        Json::Number(n) => {
            if let Some(n) = n.as_i64() {
                let smaller = [0, 1, -1, n / 1000, n / 10, n.saturating_sub(n.signum())];
                let smaller = smaller.into_iter().filter(|s| s.unsigned_abs() < n.unsigned_abs());
                out.extend(smaller.map(Json::from));
            }
        }
        Json::Bool(true) => out.push(Json::Bool(false)),
        _ => {}
    }
    out
}

fn shorter(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    if chars.len() > 1 {
        out.push(String::new());
    }
    let mut sizes = vec![chars.len() / 2, chars.len() / 4, 1];
    sizes.retain(|n| *n > 0);
    sizes.dedup();
    for size in sizes {
        for at in (0..chars.len()).step_by(size) {
            let rest = chars.iter().enumerate().filter(|(i, _)| *i < at || *i >= at.saturating_add(size));
            out.push(rest.map(|(_, c)| *c).collect());
        }
    }
    out
}
