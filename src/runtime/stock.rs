use crate::facts::options::{OptionValue, OptionValues};
use crate::facts::{Facts, Item, path};

/// The runtime that always exists, and the default one (moby `config.StockRuntimeName`).
pub(super) const STOCK_RUNTIME: &[u8] = b"runc";

/// containerd's shim for runc, which is also a stock runtime's name (moby `linuxV2RuntimeName`).
pub(super) const RUNC_V2: &[u8] = b"io.containerd.runc.v2";

/// How moby sets up runtimes; both are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// The first version with other shims (seed 001, profile `moby-23`): wrapper scripts named by the runtime, user
    /// entries of the stock names overwritten, no runtimeType.
    First,
    /// The version that reloads without breaking containers (seed 000, profile `moby-25` and later).
    Reloadable,
}

impl Generation {
    /// The generation of a profile.
    #[must_use]
    pub fn of_profile(profile: &str) -> Self {
        if profile == "moby-23" { Self::First } else { Self::Reloadable }
    }
}

/// What setting up runtimes asks of the machine. `None` is a fact that nobody told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetupHost {
    /// Whether systemd is the cgroup driver if `exec-opts` does not say: cgroup v2, and booted with systemd.
    pub systemd_cgroup: Option<bool>,
    /// Whether the environment of the daemon has a non-empty `DOCKER_RAMDISK`.
    pub docker_ramdisk: Option<bool>,
}

/// The value of `native.cgroupdriver` among the `exec-opts` (moby `getCD`); empty if it is not set.
///
/// The first entry with that key decides, any case and white space around the `=` allowed. Entries without `=` do not count.
#[must_use]
pub fn cgroup_driver(daemon: &Facts<'_>) -> String {
    let Some(options) = Item::root(daemon, "exec-opts") else { return String::new() };
    options
        .elements()
        .find_map(|option| {
            let option = String::from_utf8_lossy(option.str());
            let (key, value) = option.split_once('=')?;
            key.trim().eq_ignore_ascii_case("native.cgroupdriver").then(|| value.trim().to_owned())
        })
        .unwrap_or_default()
}

/// What all runtimes run by runc's shim have in common.
#[derive(Clone, Debug)]
pub(super) struct RuncDefaults {
    root: Vec<u8>,
    systemd_cgroup: bool,
    no_pivot_root: bool,
}

impl RuncDefaults {
    /// Reads them off a configuration; host facts that are needed but not told are added to `needs`, and count as false.
    pub(super) fn new(daemon: &Facts<'_>, host: SetupHost, needs: &mut Vec<&'static str>) -> Self {
        let mut told = |fact: Option<bool>, name| {
            fact.unwrap_or_else(|| {
                needs.push(name);
                false
            })
        };
        let systemd_cgroup = match cgroup_driver(daemon).as_str() {
            "" => told(host.systemd_cgroup, "host.systemd_cgroup"),
            driver => driver == "systemd",
        };
        Self {
            root: path::join(&[&root_string(daemon, "exec-root", b"/var/run/docker"), b"runtime-runc"]),
            systemd_cgroup,
            no_pivot_root: told(host.docker_ramdisk, "host.docker_ramdisk"),
        }
    }

    /// moby's `defaultV2ShimConfig`: the options of runc's shim for this binary.
    pub(super) fn options(&self, binary: Vec<u8>) -> OptionValues {
        let mut options = OptionValues::default();
        options.push("no_pivot_root", OptionValue::Bool(self.no_pivot_root));
        options.push("binary_name", OptionValue::Str(binary));
        options.push("root", OptionValue::Str(self.root.clone()));
        options.push("systemd_cgroup", OptionValue::Bool(self.systemd_cgroup));
        options
    }
}

/// A string at the root of daemon.json; `default` if it is empty, as the merge with the flags has it.
pub(super) fn root_string(daemon: &Facts<'_>, name: &str, default: &[u8]) -> Vec<u8> {
    match Item::root(daemon, name) {
        Some(item) if !item.str().is_empty() => item.str().to_vec(),
        _ => default.to_vec(),
    }
}
