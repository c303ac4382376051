use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use clap::Args;

use super::Fatal;
use super::input::Input;
use super::output::Output;
use crate::case::nearest;
use crate::report::problems;
use crate::subject::{Policy, add_table};
use crate::table::{Catalog, Rule, TableError};

/// A table is read by people; beyond this it is something else.
const TABLE_BYTES: usize = 1 << 20;

/// Which rules to judge by.
#[derive(Debug, Args)]
pub(super) struct PolicyArgs {
    /// The version of the original to judge for; `plimsoll rules --profiles` lists them [default: the current daemon]
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// A rule table of your own, on top; may be given several times
    #[arg(long = "table", value_name = "FILE")]
    pub(super) tables: Vec<PathBuf>,
}

/// Policies by profile, each made when it is first asked for.
#[derive(Debug)]
pub(super) struct Policies {
    catalog: Catalog,
    /// How many of its rules are built in.
    builtin: usize,
    profile: String,
    made: BTreeMap<String, OnceLock<Result<Policy, String>>>,
}

impl Policies {
    /// Reads all tables, so that what is wrong with them shows at once.
    ///
    /// `None` when a table is broken and that has been said: the run ends with [`Exit::Failed`](super::Exit::Failed).
    pub(super) fn load(args: &PolicyArgs, output: &Output) -> Result<Option<Self>, Fatal> {
        let broken = |error: &TableError| {
            output.complain(&problems(&error.name, &error.text, &error.problems, output.styled_errors()));
        };
        let mut catalog = match Catalog::builtin() {
            Ok(catalog) => catalog,
            Err(error) => {
                error.errors.iter().for_each(broken);
                return Ok(None);
            }
        };
        let builtin = catalog.rules().len();
        let mut whole = true;
        for path in &args.tables {
            let name = path.to_string_lossy().into_owned();
            let bytes = Input::File(path.clone())
                .read(TABLE_BYTES)
                .map_err(|failure| Fatal::at(name.clone(), failure))?;
            let text = String::from_utf8(bytes)
                .map_err(|_| Fatal::new(format!("{name} is not UTF-8, and so not TOML"), ""))?;
            match add_table(&catalog, &name, &text) {
                Ok(more) => catalog = more,
                Err(error) => {
                    whole = false;
                    broken(&error);
                }
            }
        }
        if !whole {
            return Ok(None);
        }
        let profiles = catalog.profiles();
        let profile = args.profile.clone().unwrap_or_else(|| profiles.default_id().to_owned());
        let made: BTreeMap<_, _> = profiles.iter().map(|p| (p.id.clone(), OnceLock::new())).collect();
        if !made.contains_key(&profile) {
            return Err(unknown(&profile, &catalog));
        }
        Ok(Some(Self { catalog, builtin, profile, made }))
    }

    /// Everything the policies are made of.
    pub(super) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The rules of the tables that the user gave; without such tables all of them.
    pub(super) fn asked_rules(&self) -> impl Iterator<Item = &Rule> {
        let rules = self.catalog.rules();
        let own = rules.get(self.builtin..).filter(|own| !own.is_empty());
        own.unwrap_or(rules).iter().map(AsRef::as_ref)
    }

    /// The chosen profile: that of cases that name none.
    pub(super) fn profile(&self) -> &str {
        &self.profile
    }

    /// The policy of a profile, or of the chosen one.
    pub(super) fn get(&self, profile: Option<&str>) -> Result<&Policy, Fatal> {
        let profile = profile.unwrap_or(&self.profile);
        let cell = self.made.get(profile).ok_or_else(|| unknown(profile, &self.catalog))?;
        let make = || Policy::new(self.catalog.clone(), profile).map_err(|error| error.to_string());
        cell.get_or_init(make).as_ref().map_err(|message| Fatal::new(message, ""))
    }
}

fn unknown(profile: &str, catalog: &Catalog) -> Fatal {
    let names: Vec<&str> = catalog.profiles().iter().map(|p| p.id.as_str()).collect();
    let all = format!("there are {}", names.join(", "));
    let help = match nearest(profile, names) {
        Some(meant) => format!("perhaps `{meant}` is meant; {all}"),
        None => all,
    };
    Fatal::new(format!("there is no profile `{profile}`"), help)
}
