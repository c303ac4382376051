use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::setup::{Resolved, Runtimes};
use super::wrapper::PlacedScript;
use crate::facts::Facts;

/// A daemon's configuration and what was derived from it, as one value.
///
/// Only a policy that allows a daemon.json makes one
/// ([`Policy::configure`](crate::subject::Policy::configure)).
#[derive(Clone, Debug)]
pub struct Configuration {
    document: Facts<'static>,
    runtimes: Runtimes,
}

impl Configuration {
    pub(crate) fn new(document: Facts<'static>, runtimes: Runtimes) -> Self {
        Self { document, runtimes }
    }

    /// What the user wrote, with the daemon's defaults merged in, and nothing that was derived.
    #[must_use]
    pub fn document(&self) -> &Facts<'static> {
        &self.document
    }

    /// What was derived from it.
    #[must_use]
    pub fn runtimes(&self) -> &Runtimes {
        &self.runtimes
    }

    fn wrappers(&self) -> impl Iterator<Item = &PlacedScript> {
        self.runtimes.iter().filter_map(|(_, runtime)| runtime.wrapper.as_ref())
    }
}

/// Where wrapper scripts go before a configuration that needs them is in force.
pub trait WrapperSink {
    /// Why a script could not be put there.
    type Error;

    /// Makes the script exist, whole, under [`PlacedScript::path`]. It may be there already: a reload hands over all
    /// scripts of its configuration, so that one that got lost comes back.
    ///
    /// # Errors
    /// If it does not exist afterwards; the reload then changes nothing.
    fn put(&mut self, script: &PlacedScript) -> Result<(), Self::Error>;
}

/// Why a configuration was not taken; the one before stays in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError<E> {
    /// A wrapper script could not be written.
    #[error("a wrapper script could not be written: {0}")]
    Sink(E),
    /// A wrapper script that somebody may hold would get other contents. It takes names without hashes, which only the
    /// first generation has.
    #[error("the wrapper script {} is in use with other contents", String::from_utf8_lossy(path))]
    Changed {
        /// The script.
        path: Vec<u8>,
    },
}

/// Wrapper scripts by path: a name in it keeps its contents.
type Wrappers = BTreeMap<Vec<u8>, PlacedScript>;

/// What a reader sees and keeps, whatever is reloaded meanwhile.
#[derive(Debug)]
pub struct Snapshot {
    configuration: Configuration,
    wrappers: Arc<Wrappers>,
}

impl Snapshot {
    /// The configuration.
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The runtimes derived from it.
    #[must_use]
    pub fn runtimes(&self) -> &Runtimes {
        &self.configuration.runtimes
    }

    /// What a name leads to, as [`Runtimes::get`]. Before a container is started on it,
    /// [`Runtime::preflight`](super::Runtime::preflight) says what to look for.
    #[must_use]
    pub fn get<'s>(&'s self, name: &'s [u8]) -> Resolved<'s> {
        self.runtimes().get(name)
    }

    /// All wrapper scripts that exist since the start, those of configurations before this one included.
    pub fn wrappers(&self) -> impl ExactSizeIterator<Item = &PlacedScript> {
        self.wrappers.values()
    }
}

/// The runtimes of a running daemon: configuration and derived state, swapped as one value (seed 000).
///
/// A container keeps the path of the wrapper it was started with. So a script, once written, exists with the same
/// contents for the life of the store, however often and in whatever order the configuration changes; what is stale
/// goes only at the next start. Readers never wait, and keep what they loaded.
///
/// ```
/// use plimsoll::engine::Budget;
/// use plimsoll::runtime::{PlacedScript, RuntimeStore, Started, WrapperSink};
/// use plimsoll::subject::Policy;
///
/// /// Writes nothing, and counts.
/// struct Counter(usize);
/// impl WrapperSink for Counter {
///     type Error = std::convert::Infallible;
///     fn put(&mut self, _: &PlacedScript) -> Result<(), Self::Error> {
///         self.0 += 1;
///         Ok(())
///     }
/// }
///
/// let policy = Policy::builtin("moby-28")?;
/// let configure = |text: &str| policy.configure(text.as_bytes(), None, &Budget::default());
/// let mut sink = Counter(0);
///
/// let wrapped = configure(r#"{"runtimes": {"gvisor": {"path": "/usr/bin/runsc", "runtimeArgs": ["--debug"]}}}"#)?;
/// let Started { store, stale } = RuntimeStore::start(wrapped, [&b"old.0123"[..]], &mut sink)?;
/// assert_eq!(stale, [b"old.0123"]);
///
/// let before = store.load();
/// store.reload(configure("{}")?, &mut sink)?;
/// assert!(before.runtimes().runtime(b"gvisor").is_some());
/// assert!(store.load().runtimes().runtime(b"gvisor").is_none());
/// assert_eq!(store.load().wrappers().len(), 1); // a container may hold it
///
/// assert!(configure(r#"{"default-runtime": "/bin/sh"}"#).is_err()); // never reaches the store
/// assert_eq!(sink.0, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RuntimeStore {
    current: ArcSwap<Snapshot>,
    /// One reload at a time: each builds on the wrappers of the one before.
    reloading: Mutex<()>,
}

/// A store that was started.
#[derive(Debug)]
pub struct Started<'n> {
    /// The store.
    pub store: RuntimeStore,
    /// Which of the names in the directory of the scripts are stale: to be removed now, and at no later time.
    pub stale: Vec<&'n [u8]>,
}

impl RuntimeStore {
    /// Starts with a configuration. `present` are the names in the directory of the scripts.
    ///
    /// # Errors
    /// If a script cannot be written.
    pub fn start<'n, S: WrapperSink>(
        configuration: Configuration,
        present: impl IntoIterator<Item = &'n [u8]>,
        sink: &mut S,
    ) -> Result<Started<'n>, StoreError<S::Error>> {
        let wrappers = put_all(&configuration, Wrappers::new(), sink)?;
        let kept: BTreeSet<&[u8]> = wrappers.values().filter_map(PlacedScript::below_directory).collect();
        let stale = present.into_iter().filter(|name| !kept.contains(*name)).collect();
        let snapshot = Snapshot { configuration, wrappers: Arc::new(wrappers) };
        let store = Self { current: ArcSwap::from_pointee(snapshot), reloading: Mutex::new(()) };
        Ok(Started { store, stale })
    }

    /// What is in force now. The reader keeps it for as long as it likes.
    #[must_use]
    pub fn load(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Puts another configuration in force, once all its wrapper scripts are written.
    ///
    /// # Errors
    /// If one cannot be written, or exists with other contents; then nothing changes. Scripts written before the one
    /// that failed may stay: they are what the next reload would write.
    pub fn reload<S: WrapperSink>(
        &self,
        configuration: Configuration,
        sink: &mut S,
    ) -> Result<(), StoreError<S::Error>> {
        // The lock guards no data, so a panic of a sink leaves nothing half done behind it.
        let _one_at_a_time = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let before = Arc::clone(&self.load().wrappers);
        let wrappers = put_all(&configuration, (*before).clone(), sink)?;
        self.current.store(Arc::new(Snapshot { configuration, wrappers: Arc::new(wrappers) }));
        Ok(())
    }
}

/// Adds the scripts of a configuration to those that exist. Nothing is handed over if one of them would change.
fn put_all<S: WrapperSink>(
    configuration: &Configuration,
    mut wrappers: Wrappers,
    sink: &mut S,
) -> Result<Wrappers, StoreError<S::Error>> {
    for wrapper in configuration.wrappers() {
        let known = wrappers.entry(wrapper.path().to_vec()).or_insert_with(|| wrapper.clone());
        if known.script().contents() != wrapper.script().contents() {
            return Err(StoreError::Changed { path: wrapper.path().to_vec() });
        }
    }
    for wrapper in configuration.wrappers() {
        sink.put(wrapper).map_err(StoreError::Sink)?;
    }
    Ok(wrappers)
}
