use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use clap::Args;

use super::Fatal;
use super::input::Input;
use super::output::Output;
use crate::case::{Case, nearest};
use crate::report::{Failure, problems};
use crate::subject::{Kind, Policy, add_table};
use crate::table::{Catalog, Profiles, Rule, TableError};

/// A table is read by people; beyond this it is something else.
const TABLE_BYTES: usize = 1 << 20;

/// Which rules to judge by.
#[derive(Debug, Default, Args)]
pub(super) struct PolicyArgs {
    /// The version of the original to judge for; `plimsoll rules --profiles` lists them [default: the newest
    /// of the program that the document is for]
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// A rule table of your own, on top; may be given several times
    #[arg(long = "table", value_name = "FILE")]
    pub(super) tables: Vec<PathBuf>,
}

/// Policies by profile, each made when it is first asked for.
#[derive(Debug)]
pub(super) struct Policies {
    profiles: Profiles,
    /// How many rules of the user's own tables there are.
    own: usize,
    profile: String,
    /// Whether the profile was chosen, and is not the default.
    told: bool,
    /// All rules and schemas: there from the start with tables of the user's own, and else once somebody asks.
    catalog: OnceLock<Result<Catalog, String>>,
    made: BTreeMap<String, OnceLock<Result<Policy, String>>>,
}

impl Policies {
    /// Reads all tables of the user, so that what is wrong with them shows at once.
    ///
    /// `None` when a table is broken and that has been said: the run ends with [`Exit::Failed`](super::Exit::Failed).
    pub(super) fn load(args: &PolicyArgs, output: &Output) -> Result<Option<Self>, Fatal> {
        let profiles = Catalog::builtin_profiles().map_err(|error| Fatal::new(error.to_string(), ""))?;
        let profile = args.profile.clone().unwrap_or_else(|| profiles.default_id().to_owned());
        let made: BTreeMap<_, _> = profiles.iter().map(|p| (p.id.clone(), OnceLock::new())).collect();
        if !made.contains_key(&profile) {
            return Err(unknown(&profile, &profiles));
        }
        let told = args.profile.is_some();
        let policies = Self { profiles, profile, own: 0, told, catalog: OnceLock::new(), made };
        if args.tables.is_empty() {
            return Ok(Some(policies));
        }
        let Some(catalog) = with_tables(policies.catalog()?, &args.tables, output)? else { return Ok(None) };
        let own = catalog.rules().len() - policies.catalog()?.rules().len();
        Ok(Some(Self { own, catalog: OnceLock::from(Ok(catalog)), ..policies }))
    }

    /// Everything the policies are made of. Those made after this was asked for share it; those made before have read
    /// only what they needed, which is quicker for one document.
    pub(super) fn catalog(&self) -> Result<&Catalog, Fatal> {
        let whole = self.catalog.get_or_init(|| Catalog::builtin().map_err(|error| error.to_string()));
        whole.as_ref().map_err(|message| Fatal::new(message, ""))
    }

    /// The versions of the originals.
    pub(super) fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// Whether the user gave tables.
    pub(super) fn has_own(&self) -> bool {
        self.own > 0
    }

    /// The rules of the tables that the user gave; without such tables all of them.
    pub(super) fn asked_rules<'c>(&self, catalog: &'c Catalog) -> impl Iterator<Item = &'c Rule> {
        let rules = catalog.rules();
        let builtin = if self.own == 0 { 0 } else { rules.len().saturating_sub(self.own) };
        rules.iter().skip(builtin).map(AsRef::as_ref)
    }

    /// The chosen profile.
    pub(super) fn profile(&self) -> &str {
        &self.profile
    }

    /// The profiles that judge a kind of document, the newest last.
    pub(super) fn judging(&self, kind: Kind) -> Vec<&str> {
        let profiles = self.profiles.iter().map(|profile| profile.id.as_str());
        profiles.filter(|id| self.get(Some(id)).is_ok_and(|policy| policy.judges(kind))).collect()
    }

    /// The policy for documents of a kind: that of the chosen profile, or, if none was chosen and the default does not
    /// judge them, of the newest that does.
    pub(super) fn judge_of(&self, kind: Kind) -> Result<&Policy, Fatal> {
        let chosen = self.get(None)?;
        if self.told || chosen.judges(kind) {
            return Ok(chosen);
        }
        self.get(self.judging(kind).last().copied())
    }

    /// The policy for a case: that of the profile it names, or else of [`Self::judge_of`].
    pub(super) fn of_case(&self, case: &Case<'_>) -> Result<&Policy, Fatal> {
        match case.profile.as_deref() {
            Some(profile) => self.get(Some(profile)),
            None => self.judge_of(case.kind),
        }
    }

    /// The policy of a profile, or of the chosen one.
    pub(super) fn get(&self, profile: Option<&str>) -> Result<&Policy, Fatal> {
        let profile = profile.unwrap_or(&self.profile);
        let cell = self.made.get(profile).ok_or_else(|| unknown(profile, &self.profiles))?;
        let make = || match self.catalog.get() {
            None => Policy::builtin(profile).map_err(|error| error.to_string()),
            Some(catalog) => Policy::new(catalog.clone()?, profile).map_err(|error| error.to_string()),
        };
        cell.get_or_init(make).as_ref().map_err(|message| Fatal::new(message, ""))
    }
}

/// A catalog and the tables of the user; `None` if one is broken.
fn with_tables(catalog: &Catalog, tables: &[PathBuf], output: &Output) -> Result<Option<Catalog>, Fatal> {
    let mut catalog = catalog.clone();
    let mut whole = true;
    for path in tables {
        let name = path.to_string_lossy().into_owned();
        let bytes = Input::File(path.clone())
            .read(TABLE_BYTES)
            .map_err(|failure| Fatal::at(name.clone(), failure))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Fatal::new(format!("{name} is not UTF-8, and so not TOML"), ""))?;
        match add_table(&catalog, &name, &text) {
            Ok(more) if more.rules().len() == catalog.rules().len() && !text.contains("[define") => {
                let message = "no rules in this table".to_owned();
                let help =
                    "a table that adds nothing should not pass for one; is it the right file?".to_owned();
                return Err(Fatal::at(name, Failure { message, help }));
            }
            Ok(more) => catalog = more,
            Err(TableError { name, text, problems: found }) => {
                whole = false;
                output.complain(&problems(&name, &text, &found, output.styled_errors()));
            }
        }
    }
    Ok(whole.then_some(catalog))
}

/// There is no such profile.
pub(super) fn unknown(profile: &str, profiles: &Profiles) -> Fatal {
    let names: Vec<&str> = profiles.iter().map(|p| p.id.as_str()).collect();
    let all = format!("there are {}", names.join(", "));
    let help = match nearest(profile, names) {
        Some(meant) => format!("perhaps `{meant}` is meant; {all}"),
        None => all,
    };
    Fatal::new(format!("there is no profile `{profile}`"), help)
}
