//! Files beside the documents, which decisions may depend on. Each is read and tried before anything is judged: what is
//! wrong with it is said once, at its own place, and not of every document.

use std::path::PathBuf;

use super::Fatal;
use super::input::streams;
use super::policies::Policies;
use crate::engine::Budget;
use crate::report::Failure;
use crate::subject::{FeaturesAnswer, JudgeError, Kind, Policy, Request};

/// Reads one, or `-`: without it there is nothing to decide.
pub(super) fn read(path: Option<&PathBuf>, budget: &Budget) -> Result<Option<Vec<u8>>, Fatal> {
    let Some(input) = streams(path.map(std::slice::from_ref).unwrap_or_default()).pop() else {
        return Ok(None);
    };
    input.read(budget.bytes).map(Some).map_err(|failure| Fatal::at(input.name(), failure))
}

/// Standard input can be read once: whoever comes second would find nothing there, and take it for an empty document.
pub(super) fn one_stdin<'p>(paths: impl IntoIterator<Item = &'p PathBuf>) -> Result<(), Fatal> {
    if paths.into_iter().filter(|path| path.as_os_str() == "-").count() < 2 {
        return Ok(());
    }
    Err(Fatal::new(
        "`-` is named more than once, and standard input can be read once",
        "write the others into files",
    ))
}

/// Facts about the machine.
pub(super) fn host(
    path: Option<&PathBuf>,
    policy: &Policy,
    budget: &Budget,
) -> Result<Option<Vec<u8>>, Fatal> {
    let text = read(path, budget)?;
    let tried = text.as_deref().map_or(Ok(()), |host| policy.check_host(host));
    at_its_place(path, tried, "`plimsoll rules --schema host` lists the facts there are")?;
    Ok(text)
}

/// A daemon.json that something else is judged with.
pub(super) fn daemon(
    path: Option<&PathBuf>,
    policies: &Policies,
    budget: &Budget,
) -> Result<Option<Vec<u8>>, Fatal> {
    let text = read(path, budget)?;
    let name = Request::new(Kind::Name, br#"{"name": ""}"#);
    let request = text.as_deref().map(|daemon| Request { daemon: Some(daemon), ..name });
    tried(path, policies, request, budget, "`plimsoll check` says more about it")?;
    Ok(text)
}

/// The configuration of an image.
pub(super) fn image(
    path: Option<&PathBuf>,
    policies: &Policies,
    budget: &Budget,
) -> Result<Option<Vec<u8>>, Fatal> {
    const HELP: &str = "`docker image inspect --format '{{json .Config}}' IMAGE` prints what is meant";
    let text = read(path, budget)?;
    if let (Some(path), Some(text)) = (path, &text)
        && is_whole_image(text)
    {
        let message = "this describes a whole image, of which only its Config counts".to_owned();
        return Err(Fatal::at(path.to_string_lossy(), Failure { message, help: HELP.to_owned() }));
    }
    let request =
        text.as_deref().map(|image| Request { image: Some(image), ..Request::new(Kind::Create, b"{}") });
    tried(path, policies, request, budget, HELP)?;
    Ok(text)
}

/// Whether it is what `docker image inspect` prints, or an image's own config: taken for the configuration of a
/// container, it would have no command.
fn is_whole_image(text: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(text) else { return false };
    let image = value.as_array().map_or(Some(&value), |images| images.first());
    image.is_some_and(|image| ["Config", "config"].into_iter().any(|key| image.get(key).is_some()))
}

/// What the HTTP request around a body says.
pub(super) fn request(
    path: Option<&PathBuf>,
    policies: &Policies,
    budget: &Budget,
) -> Result<Option<Vec<u8>>, Fatal> {
    let text = read(path, budget)?;
    let request =
        text.as_deref().map(|http| Request { http: Some(http), ..Request::new(Kind::Create, b"{}") });
    tried(path, policies, request, budget, "`plimsoll rules --schema request` lists what can be told")?;
    Ok(text)
}

/// How asking a runtime for its features ended.
pub(super) fn features_answer(
    path: Option<&PathBuf>,
    policies: &Policies,
    budget: &Budget,
) -> Result<Option<Vec<u8>>, Fatal> {
    let text = read(path, budget)?;
    let answer = |facts| FeaturesAnswer { printed: b"{}", facts: Some(facts) };
    let request = text
        .as_deref()
        .map(|facts| Request { features: Some(answer(facts)), ..Request::new(Kind::Spec, b"{}") });
    let help = "`plimsoll rules --schema features-answer` lists what can be told";
    tried(path, policies, request, budget, help)?;
    Ok(text)
}

/// Judges the least document that reads the file. A profile that judges no such document never reads it.
fn tried(
    path: Option<&PathBuf>,
    policies: &Policies,
    request: Option<Request<'_>>,
    budget: &Budget,
    help: &str,
) -> Result<(), Fatal> {
    let Some(request) = request else { return Ok(()) };
    let result = match policies.judge_of(request.kind)?.decide(&request, budget) {
        Ok(_) | Err(JudgeError::Unsupported { .. }) => Ok(()),
        Err(error) => Err(error),
    };
    at_its_place(path, result, help)
}

fn at_its_place(path: Option<&PathBuf>, result: Result<(), JudgeError>, help: &str) -> Result<(), Fatal> {
    let Some(path) = path else { return Ok(()) };
    result.map_err(|error| {
        let failure = Failure { message: error.to_string(), help: help.to_owned() };
        Fatal::at(path.to_string_lossy(), failure)
    })
}
