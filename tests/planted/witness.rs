//! Is a witness one, and can nothing be left out of it? Judged anew, with nothing but the public face of the crate.

use plimsoll::prove::{Direction, Witness};
use plimsoll::subject::{FeaturesAnswer, Kind, Policy, Request};
use plimsoll::{Budget, Verdict};
use serde_json::Value as Json;

/// What is told besides a document, and where it stands.
type Part<'w> = (&'w Option<Json>, fn(&mut Witness) -> &mut Option<Json>);

/// The verdict, and whether a row fires; nothing if that is not known.
fn judge(policy: &Policy, kind: Kind, witness: &Witness, row: &str) -> Option<(Verdict, Option<bool>)> {
    let text = |json: &Option<Json>| json.as_ref().map(|json| json.to_string().into_bytes());
    let (daemon, image, host) = (text(&witness.daemon), text(&witness.image), text(&witness.host));
    let (http, answer, document) = (text(&witness.http), text(&witness.answer), witness.text());
    let request = Request {
        daemon: daemon.as_deref(),
        image: image.as_deref(),
        host: host.as_deref(),
        http: http.as_deref(),
        features: witness
            .features
            .as_deref()
            .map(|printed| FeaturesAnswer { printed, facts: answer.as_deref() }),
        ..Request::new(kind, &document)
    };
    let decision = policy.judge_traced(&request, &Budget::default()).ok()?.decision;
    let trace = decision.trace.iter().find(|one| one.rule.as_str() == row);
    let fired = match trace {
        Some(one) if one.fired > 0 => Some(true),
        Some(one) if one.unknown > 0 => None,
        _ => Some(false),
    };
    Some((decision.verdict, fired))
}

fn shows(policies: [&Policy; 2], kind: Kind, witness: &Witness, direction: Direction, row: &str) -> bool {
    let [Some(before), Some(after)] = policies.map(|policy| judge(policy, kind, witness, row)) else {
        return false;
    };
    let deny = |(verdict, fired): (Verdict, Option<bool>)| verdict == Verdict::Deny && fired == Some(true);
    match direction {
        Direction::NewlyDenied => before.0 == Verdict::Allow && deny(after),
        Direction::NewlyAllowed => deny(before) && after.0 == Verdict::Allow,
        Direction::NewlyWarned => (before.1, after.1) == (Some(false), Some(true)),
        Direction::NoLongerWarned => (before.1, after.1) == (Some(true), Some(false)),
    }
}

/// What is wrong with a witness for a difference, if anything is.
pub(crate) fn problem(
    policies: [&Policy; 2],
    kind: Kind,
    witness: &Witness,
    direction: Direction,
    row: &str,
) -> Option<String> {
    if !shows(policies, kind, witness, direction, row) {
        return Some(format!("{direction:?} {row} is not shown by {witness:?}"));
    }
    if witness.raw.is_some() {
        return None;
    }
    let less = smaller(&witness.document).into_iter().map(|document| Witness { document, ..witness.clone() });
    let mut less: Vec<Witness> = less.collect();
    let parts: [Part<'_>; 4] = [
        (&witness.daemon, |w| &mut w.daemon),
        (&witness.image, |w| &mut w.image),
        (&witness.host, |w| &mut w.host),
        (&witness.http, |w| &mut w.http),
    ];
    for (json, part) in parts {
        for json in json.iter().flat_map(smaller) {
            let mut witness = witness.clone();
            *part(&mut witness) = Some(json);
            less.push(witness);
        }
    }
    let smaller = less.iter().find(|witness| shows(policies, kind, witness, direction, row))?;
    Some(format!("more than needed: {:?} shows it as {witness:?} does", smaller.document.to_string()))
}

/// The same with one member or element left out.
fn smaller(json: &Json) -> Vec<Json> {
    let mut out = Vec::new();
    match json {
        Json::Object(members) => {
            for (key, value) in members {
                let mut without = members.clone();
                without.shift_remove(key);
                out.push(Json::Object(without));
                for value in smaller(value) {
                    let mut with = members.clone();
                    with.insert(key.clone(), value);
                    out.push(Json::Object(with));
                }
            }
        }
        Json::Array(elements) => {
            for (at, value) in elements.iter().enumerate() {
                let mut without = elements.clone();
                without.remove(at);
                out.push(Json::Array(without));
                for value in smaller(value) {
                    let mut with = elements.clone();
                    with[at] = value;
                    out.push(Json::Array(with));
                }
            }
        }
        _ => {}
    }
    out
}
