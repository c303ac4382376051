use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use super::name::{RuntimeName, ShimBinary};
use super::stock::{Generation, RUNC_V2, RuncDefaults, STOCK_RUNTIME, SetupHost, root_string};
use super::wrapper::{PlacedScript, WrapperScript};
use crate::facts::options::{OptionValues, ShimOptions};
use crate::facts::{Facts, Item};
use crate::source::Span;

/// Where a runtime comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// moby itself.
    Stock,
    /// An entry of daemon.json.
    Configured {
        /// Place of its name.
        key: Option<Span>,
        /// Place of its value.
        value: Option<Span>,
    },
}

/// One runtime, set up: what containerd is told when a container of it is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    /// The shim: a runtime type, or the path of a shim binary.
    pub shim: Vec<u8>,
    /// The binary as the entry gives it (`path`); empty for a runtime with a shim of its own.
    pub path: Vec<u8>,
    /// What the shim is given; `None` if moby gives it nothing.
    pub options: Option<OptionValues>,
    /// The script that moby writes, if the runtime has arguments.
    pub wrapper: Option<PlacedScript>,
    /// Who configured it.
    pub origin: Origin,
}

/// What the daemon looks for before it starts a container of a wrapped runtime (seed 000 `PreflightCheck`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preflight<'r> {
    /// The binary, as the configuration has it.
    pub path: &'r [u8],
    /// The host fact that tells whether it is there: `host.paths`, or `host.binaries` for a name without a slash.
    pub fact: &'static str,
}

impl Runtime {
    /// What has to be there when a container is started. A runtime without a wrapper is not looked for.
    #[must_use]
    pub fn preflight(&self) -> Option<Preflight<'_>> {
        self.wrapper.as_ref()?;
        let fact = if self.path.contains(&b'/') { "host.paths" } else { "host.binaries" };
        Some(Preflight { path: &self.path, fact })
    }

    /// Whether the daemon fills in the options: for a binary below runc's shim, which has no say in them.
    #[must_use]
    pub fn has_daemon_options(&self) -> bool {
        self.origin == Origin::Stock || !self.path.is_empty()
    }

    /// What runc's shim executes: the wrapper, or the binary itself.
    fn executed(&self) -> Option<&[u8]> {
        let wrapper = self.wrapper.as_ref().map(PlacedScript::path);
        wrapper.or(Some(&self.path)).filter(|path| !path.is_empty())
    }
}

/// The derived state of a daemon's runtimes (seed 000 `runtimes`), apart from the configuration it was derived from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtimes {
    generation: Generation,
    default: Vec<u8>,
    configured: BTreeMap<Vec<u8>, Runtime>,
    needs: Vec<&'static str>,
}

/// What a runtime name asked for leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved<'r> {
    /// A runtime that is set up.
    Known {
        /// Its name: the default's if the name asked for was empty.
        name: &'r [u8],
        /// The runtime.
        runtime: &'r Runtime,
    },
    /// A name that moby does not know and, if the rules permit it, passes on to containerd verbatim.
    PassedOn {
        /// The name.
        name: &'r [u8],
        /// The shim that containerd looks for; `None` if it would refuse the name, as moby does before.
        shim_binary: Option<ShimBinary>,
    },
}

impl Runtimes {
    /// Sets up the runtimes of a daemon.json (seed 000 `setupRuntimes`; seed 001 `configureRuntimes` and `getRuntime`).
    ///
    /// Entries that the rules refuse are left out: with one of them the daemon has no runtimes at all, and what the
    /// others would be is still worth showing.
    #[must_use]
    pub fn setup(daemon: &Facts<'_>, generation: Generation, host: SetupHost) -> Self {
        let mut needs = Vec::new();
        let runc = RuncDefaults::new(daemon, host, &mut needs);
        let data_root = root_string(daemon, "data-root", b"/var/lib/docker");
        let mut configured = BTreeMap::new();
        for (name, entry) in Item::root(daemon, "runtimes").iter().flat_map(Item::entries) {
            let runtime = Entry::new(name, &entry).set_up(generation, &runc, &data_root);
            configured.extend(runtime.map(|runtime| (name.to_vec(), runtime)));
        }
        for name in [STOCK_RUNTIME, RUNC_V2] {
            // The later generation lets a user shadow the second; the first name is reserved, and its entry refused.
            if generation == Generation::Reloadable && name == RUNC_V2 && configured.contains_key(name) {
                continue;
            }
            let options = Some(runc.options(STOCK_RUNTIME.to_vec()));
            let (shim, path) = (RUNC_V2.to_vec(), STOCK_RUNTIME.to_vec());
            let stock = Runtime { shim, path, options, wrapper: None, origin: Origin::Stock };
            configured.insert(name.to_vec(), stock);
        }
        let default = root_string(daemon, "default-runtime", STOCK_RUNTIME);
        Self { generation, default, configured, needs }
    }

    /// The runtime of containers that name none.
    #[must_use]
    pub fn default_name(&self) -> &[u8] {
        &self.default
    }

    /// The name that a container gets: the default's if it asks for none.
    #[must_use]
    pub fn asked<'r>(&'r self, name: &'r [u8]) -> &'r [u8] {
        if name.is_empty() { &self.default } else { name }
    }

    /// All runtimes, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &Runtime)> {
        self.configured.iter().map(|(name, runtime)| (name.as_slice(), runtime))
    }

    /// The runtime set up under exactly this name.
    #[must_use]
    pub fn runtime(&self, name: &[u8]) -> Option<&Runtime> {
        self.configured.get(name)
    }

    /// Host facts that the options depend on and that nobody told; they counted as false.
    #[must_use]
    pub fn needs(&self) -> &[&'static str] {
        &self.needs
    }

    /// The binaries that the daemon executes, as root, each time it loads its configuration: `<binary> features`, for
    /// the stock runc and for every runtime with a path (seed 000 `defaultV2ShimConfig`). The first generation does not.
    pub fn executed_at_load(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let reloadable = self.generation == Generation::Reloadable;
        let stock = reloadable.then_some((STOCK_RUNTIME, STOCK_RUNTIME));
        let configured = self.iter().filter(move |(_, r)| reloadable && r.origin != Origin::Stock);
        stock.into_iter().chain(configured.filter_map(|(name, runtime)| Some((name, runtime.executed()?))))
    }

    /// What a name leads to (seed 000 `Get`, seed 001 `getRuntime`). Only the later generation takes the empty name for
    /// the default's; in the first one that is done where containers are created.
    #[must_use]
    pub fn get<'r>(&'r self, name: &'r [u8]) -> Resolved<'r> {
        let name = if self.generation == Generation::Reloadable { self.asked(name) } else { name };
        match self.configured.get_key_value(name) {
            Some((name, runtime)) => Resolved::Known { name, runtime },
            None => Resolved::PassedOn { name, shim_binary: RuntimeName(name).shim_binary() },
        }
    }
}

/// One entry of `runtimes` in daemon.json.
#[derive(Debug)]
struct Entry<'f, 's> {
    name: &'f [u8],
    path: &'f [u8],
    args: Vec<&'f [u8]>,
    runtime_type: &'f [u8],
    options: Option<Item<'f, 's>>,
    origin: Origin,
}

impl<'f, 's> Entry<'f, 's> {
    fn new(name: &'f [u8], entry: &Item<'f, 's>) -> Self {
        let string = |field| entry.field(field).map_or(&[][..], |item| item.str());
        Self {
            name,
            path: string("path"),
            args: entry.field("runtimeArgs").iter().flat_map(Item::elements).map(|arg| arg.str()).collect(),
            runtime_type: string("runtimeType"),
            options: entry.field("options"),
            origin: Origin::Configured { key: entry.key_span(), value: entry.span() },
        }
    }

    /// What the entry becomes; `None` if it is refused.
    ///
    /// Seed 001 takes every entry for a binary of runc's shim, even one without a path. Seed 000 wants either a path,
    /// perhaps with arguments, or a shim, perhaps with options.
    fn set_up(&self, generation: Generation, runc: &RuncDefaults, data_root: &[u8]) -> Option<Runtime> {
        let has_options = self.options.as_ref().is_some_and(|options| options.size() > 0);
        match (generation, self.path, self.runtime_type) {
            (Generation::First, path, _) => {
                let wrapper = self.wrapper(|args| WrapperScript::unhashed(self.name, path, args), data_root);
                Some(self.binary(wrapper, runc))
            }
            (Generation::Reloadable, b"", b"") => None,
            (Generation::Reloadable, path, b"") if !has_options => {
                let wrapper = self.wrapper(|args| WrapperScript::new(self.name, path, args), data_root);
                Some(self.binary(wrapper, runc))
            }
            (Generation::Reloadable, b"", shim) if self.args.is_empty() => self.shim(shim),
            _ => None,
        }
    }

    fn wrapper(
        &self,
        wrap: impl FnOnce(&[&'f [u8]]) -> WrapperScript,
        data_root: &[u8],
    ) -> Option<PlacedScript> {
        (!self.args.is_empty()).then(|| wrap(&self.args).place(data_root))
    }

    /// A runtime that runc's shim executes.
    fn binary(&self, wrapper: Option<PlacedScript>, runc: &RuncDefaults) -> Runtime {
        let binary = wrapper.as_ref().map_or(self.path, PlacedScript::path);
        let options = Some(runc.options(binary.to_vec()));
        let (shim, path) = (RUNC_V2.to_vec(), self.path.to_vec());
        Runtime { shim, path, options, wrapper, origin: self.origin }
    }

    /// A runtime that has a shim of its own; a shim by its path is not restricted, unlike in names that clients give.
    fn shim(&self, shim: &[u8]) -> Option<Runtime> {
        let options = match self.options.as_ref().and_then(|options| ShimOptions::decode(options, shim)) {
            Some(ShimOptions { problem: Some(_), .. }) => return None,
            decoded => decoded.map(|options| options.values),
        };
        let (shim, path) = (shim.to_vec(), Vec::new());
        Some(Runtime { shim, path, options, wrapper: None, origin: self.origin })
    }
}

/// `default` and `runtimes`, as in the result of a case of kind `daemon`; bytes that are not UTF-8 become U+FFFD.
impl Serialize for Runtimes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Runtimes", 2)?;
        out.serialize_field("default", &String::from_utf8_lossy(&self.default))?;
        out.serialize_field("runtimes", &ByName(&self.configured))?;
        out.end()
    }
}

struct ByName<'r>(&'r BTreeMap<Vec<u8>, Runtime>);

impl Serialize for ByName<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(Some(self.0.len()))?;
        for (name, runtime) in self.0 {
            out.serialize_entry(&String::from_utf8_lossy(name), runtime)?;
        }
        out.end()
    }
}

/// `shim`, `options` and `wrapper`.
impl Serialize for Runtime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Runtime", 3)?;
        out.serialize_field("shim", &String::from_utf8_lossy(&self.shim))?;
        out.serialize_field("options", &self.options)?;
        out.serialize_field("wrapper", &self.wrapper)?;
        out.end()
    }
}

/// `shim` and `options`, and `shim_binary` for a name passed on, as in the result of a case of kind `name`.
impl Serialize for Resolved<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        match self {
            Self::Known { runtime, .. } => {
                out.serialize_entry("shim", &String::from_utf8_lossy(&runtime.shim))?;
                out.serialize_entry("options", &runtime.options)?;
            }
            Self::PassedOn { name, shim_binary } => {
                out.serialize_entry("shim", &String::from_utf8_lossy(name))?;
                out.serialize_entry("options", &None::<OptionValues>)?;
                if let Some(binary) = shim_binary {
                    out.serialize_entry("shim_binary", binary)?;
                }
            }
        }
        out.end()
    }
}
