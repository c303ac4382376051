//! Views: the closed set of total parsers that rules may call.
//!
//! A view takes strings, or the value it is made for, and gives a record whose fields rules test. Views parse; only
//! rows decide. Every field has a value for every input: where a form does not apply, the field is empty or false.

mod address;
mod binds;
mod cpus;
mod exec;
mod few;
mod gateways;
mod hosts;
mod http;
mod image;
mod labels;
mod modes;
mod names;
mod paths;
mod ports;
mod registry;
mod remap;
mod resources;
mod search;
mod shim;
mod subnet;
mod targets;
pub(crate) mod text;
mod url;

#[cfg(feature = "cli")]
pub(crate) use names::CAPABILITIES;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use super::Item;

/// The type of a field of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewType {
    /// A boolean.
    Bool,
    /// An integer.
    Int,
    /// A string of bytes.
    String,
    /// A list of strings.
    Strings,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamType {
    /// A string of bytes.
    String,
    /// A boolean.
    Bool,
    /// An integer.
    Int,
    /// A list of strings.
    Strings,
    /// A map of values that rules do not look into.
    AnyMap,
    /// A list of records.
    Records,
}

/// An argument. Tables are checked at load, so an argument has the type of its parameter; a view that gets another
/// one all the same takes it for empty.
#[derive(Clone, Debug)]
pub enum ViewArg<'a> {
    /// A string.
    Str(&'a [u8]),
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A list of strings, or a map of any values.
    Item(Item<'a, 'a>),
}

/// The value of a field of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViewField<'a> {
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A string, borrowed from an argument where the view takes a part of it.
    Str(Cow<'a, [u8]>),
    /// A list of strings.
    Strs(Box<[Vec<u8>]>),
}

impl ViewField<'_> {
    /// The same without borrows.
    #[must_use]
    pub fn to_owned(&self) -> ViewField<'static> {
        match self {
            Self::Bool(b) => ViewField::Bool(*b),
            Self::Int(n) => ViewField::Int(*n),
            Self::Str(s) => ViewField::Str(Cow::Owned(s.to_vec())),
            Self::Strs(s) => ViewField::Strs(s.clone()),
        }
    }
}

/// The most fields of a result.
const MAX_FIELDS: usize = 8;

/// The values of the fields of a result, in their order. They stand in place, and a view writes them where they stay:
/// most calls need no memory, and a result is not copied.
#[derive(Debug, Default)]
pub(crate) struct ViewFields<'a> {
    fields: [OnceCell<ViewField<'a>>; MAX_FIELDS],
    /// Whether there may be something to free. Nearly always there is not, which is seen sooner than all is dropped.
    owns: Cell<bool>,
}

impl<'a> ViewFields<'a> {
    /// What a view found, once.
    #[inline(always)]
    fn set<const N: usize>(&self, mut values: [ViewField<'a>; N]) {
        const { assert!(N <= MAX_FIELDS) };
        for (place, value) in self.fields.iter().zip(&mut values) {
            if matches!(value, ViewField::Str(Cow::Owned(_)) | ViewField::Strs(_)) {
                self.owns.set(true);
            }
            drop(place.set(std::mem::replace(value, ViewField::Bool(false))));
        }
        // What is left owns nothing.
        std::mem::forget(values);
    }

    /// The value of the field with this number, once there is one.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&ViewField<'a>> {
        self.fields.get(index)?.get()
    }

    /// Nothing is found any more.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if self.owns.replace(false) {
            self.fields = Default::default();
        } else {
            self.fields.iter_mut().for_each(|place| std::mem::forget(std::mem::take(place)));
        }
    }
}

/// One parser and what it gives.
#[derive(Debug)]
pub struct View {
    /// Its name in rules.
    pub name: &'static str,
    /// Its parameters, in order.
    pub params: &'static [(&'static str, ParamType)],
    /// The fields of its result, each with a sentence for a person.
    pub fields: &'static [(&'static str, ViewType, &'static str)],
    /// What it parses.
    pub doc: &'static str,
    /// The original whose parser it is.
    pub source: &'static str,
    /// The parser: sets the fields of an empty result.
    pub(crate) eval: for<'a> fn(&[ViewArg<'a>], &ViewFields<'a>),
}

impl View {
    /// The values of the fields for these arguments, in their order.
    ///
    /// ```
    /// use plimsoll::facts::views::{ViewArg, ViewField, view};
    ///
    /// let ports = view("port_spec").ok_or("no such view")?;
    /// let found = ports.call(&[ViewArg::Str(b"53/udp")]);
    /// assert_eq!(ports.fields.iter().map(|field| field.0).collect::<Vec<_>>(), ["port", "protocol", "number", "range"]);
    /// assert_eq!(found[1], ViewField::Str(b"udp"[..].into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn call<'a>(&self, args: &[ViewArg<'a>]) -> Vec<ViewField<'a>> {
        let out = ViewFields::default();
        (self.eval)(args, &out);
        out.fields.into_iter().map_while(OnceCell::into_inner).collect()
    }
}

/// All views, by name.
#[must_use]
pub fn views() -> &'static [View] {
    VIEWS
}

/// The view of this name.
#[must_use]
pub fn view(name: &str) -> Option<&'static View> {
    VIEWS.iter().find(|v| v.name == name)
}

static VIEWS: &[View] = &[
    text::ATOI,
    binds::BIND_SPEC,
    names::CAP_NAME,
    paths::CLEAN_PATH,
    modes::CONTAINER_MODE,
    http::CONTAINER_NAME,
    cpus::CPU_LIST,
    cpus::CPU_SET,
    registry::MIRROR_URL,
    search::DNS_SEARCH,
    exec::EXEC_OPT,
    exec::EXEC_OPTS,
    address::EXTRA_HOST,
    resources::GENERIC_RESOURCES,
    text::GO_LOWER,
    hosts::HOST_ADDR,
    gateways::HOST_GATEWAYS,
    image::IMAGE_NAME,
    address::IP_ADDRESS,
    labels::LABEL_CONFLICT,
    binds::LINK,
    paths::LOCAL_PATH,
    http::MEDIA_TYPE,
    paths::MOUNT_PATH,
    cpus::NANO_CPUS,
    http::PLATFORM_PART,
    http::PLATFORM_TEXT,
    ports::PORT_SPEC,
    text::RAM_SIZE,
    registry::REGISTRY_HOST,
    targets::REPEATED_BIND,
    targets::REPEATED_MOUNT,
    modes::SECURITY_OPT,
    targets::SELINUX_OPTIONS,
    shim::SHIM_BINARY,
    names::SIGNAL,
    shim::SHIM_OPTIONS,
    subnet::SUBNET_V6,
    text::TRIM_SPACE,
    remap::USERNS_REMAP,
    binds::VOLUMES_FROM,
    targets::WITHIN,
    paths::WRAPPER_PATH,
];

/// A string argument; empty if there is none.
fn string<'a>(args: &[ViewArg<'a>], index: usize) -> &'a [u8] {
    match args.get(index) {
        Some(ViewArg::Str(s)) => s,
        _ => &[],
    }
}

/// The elements of a list of strings; none if there is no list.
fn strings<'a>(args: &[ViewArg<'a>], index: usize) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let list = match args.get(index) {
        Some(ViewArg::Item(item)) => Some(item.texts()),
        _ => None,
    };
    list.into_iter().flatten()
}

fn str_field<'a>(text: impl IntoText<'a>) -> ViewField<'a> {
    ViewField::Str(text.into_text())
}

/// What a string field can be made of.
trait IntoText<'a> {
    fn into_text(self) -> Cow<'a, [u8]>;
}

impl<'a> IntoText<'a> for &'a [u8] {
    fn into_text(self) -> Cow<'a, [u8]> {
        Cow::Borrowed(self)
    }
}

impl<'a> IntoText<'a> for &'a str {
    fn into_text(self) -> Cow<'a, [u8]> {
        Cow::Borrowed(self.as_bytes())
    }
}

impl<'a> IntoText<'a> for Vec<u8> {
    fn into_text(self) -> Cow<'a, [u8]> {
        Cow::Owned(self)
    }
}

impl<'a> IntoText<'a> for String {
    fn into_text(self) -> Cow<'a, [u8]> {
        Cow::Owned(self.into_bytes())
    }
}

impl<'a> IntoText<'a> for Cow<'a, [u8]> {
    fn into_text(self) -> Self {
        self
    }
}

/// Cuts at the first `mark`; `None` if there is none.
fn cut<'t>(text: &'t [u8], mark: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let at = text.windows(mark.len().max(1)).position(|w| w == mark)?;
    Some((text.get(..at)?, text.get(at.checked_add(mark.len())?..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(view: &View, values: &[ViewField<'_>]) -> Vec<(&'static str, ViewField<'static>)> {
        view.fields.iter().map(|f| f.0).zip(values.iter().map(ViewField::to_owned)).collect()
    }

    /// Calls a view with strings and gives its fields by name.
    pub(super) fn call(name: &str, args: &[&str]) -> Vec<(&'static str, ViewField<'static>)> {
        let view = view(name).unwrap();
        let args: Vec<_> = args.iter().map(|a| ViewArg::Str(a.as_bytes())).collect();
        named(view, &view.call(&args))
    }

    /// Calls a view with one list of strings.
    pub(super) fn call_list(name: &str, list: &[&str]) -> Vec<(&'static str, ViewField<'static>)> {
        let schema = crate::schema::Schema::parse(
            r#"
            [schema]
            id = "list"
            root = "List"
            doc = "a list"
            source = "this test"
            [struct.List]
            doc = "a list"
            fields = [{ name = "list", type = "[string]", doc = "its elements" }]
            "#,
        )
        .unwrap();
        let mut facts = crate::facts::Facts::new(&schema);
        let id = facts.new_list();
        for (index, text) in list.iter().enumerate() {
            let slot = facts.list_element(id, index);
            facts.slot_mut(slot).unwrap().value = crate::facts::Value::Str(text.as_bytes().into());
        }
        let root = facts.root();
        facts.slot_mut(root).unwrap().value = crate::facts::Value::List(id);
        let view = view(name).unwrap();
        named(view, &view.call(&[ViewArg::Item(Item::root(&facts, "list").unwrap())]))
    }

    /// Field `field` of a result, as text.
    pub(super) fn field(result: &[(&'static str, ViewField<'_>)], field: &str) -> String {
        match &result.iter().find(|(name, _)| *name == field).unwrap().1 {
            ViewField::Bool(b) => b.to_string(),
            ViewField::Int(n) => n.to_string(),
            ViewField::Str(s) => String::from_utf8_lossy(s).into_owned(),
            ViewField::Strs(s) => {
                format!("{:?}", s.iter().map(|s| String::from_utf8_lossy(s)).collect::<Vec<_>>())
            }
        }
    }

    #[test]
    fn names_are_sorted_by_what_comes_first_and_unique() {
        let mut names: Vec<_> = views().iter().map(|v| v.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), views().len());
    }

    #[test]
    fn every_view_gives_its_fields_for_any_arguments() {
        let odd: [&[ViewArg<'_>]; 5] = [
            &[],
            &[ViewArg::Bool(true), ViewArg::Int(-1)],
            &[ViewArg::Str(b"")],
            &[ViewArg::Str(b"\xff\x00://[%zz]:/?#="), ViewArg::Str(b"../\xff")],
            &[ViewArg::Str(b"/"), ViewArg::Str(b"//")],
        ];
        for view in views() {
            for args in odd {
                let fields = view.call(args);
                assert_eq!(fields.len(), view.fields.len(), "{}", view.name);
                for (value, (name, ty, doc)) in fields.iter().zip(view.fields) {
                    let fits = matches!(
                        (value, ty),
                        (ViewField::Bool(_), ViewType::Bool)
                            | (ViewField::Int(_), ViewType::Int)
                            | (ViewField::Str(_), ViewType::String)
                            | (ViewField::Strs(_), ViewType::Strings)
                    );
                    assert!(fits, "{}.{name}", view.name);
                    assert!(!doc.is_empty());
                }
            }
        }
    }
}
