//! stub
use super::Item;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ViewType {
    Bool,
    Int,
    String,
    Strings,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ParamType {
    String,
    Bool,
    Int,
    Strings,
    AnyMap,
}
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum ViewArg<'a> {
    Str(&'a [u8]),
    Bool(bool),
    Int(i64),
    Item(Item<'a, 'a>),
}
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ViewField {
    Bool(bool),
    Int(i64),
    Str(Vec<u8>),
    Strs(Vec<Vec<u8>>),
}
#[derive(Debug)]
#[allow(missing_docs)]
pub struct View {
    pub name: &'static str,
    pub params: &'static [(&'static str, ParamType)],
    pub fields: &'static [(&'static str, ViewType, &'static str)],
    pub doc: &'static str,
    pub source: &'static str,
    pub eval: fn(&[ViewArg<'_>]) -> Vec<ViewField>,
}
/// all
pub fn views() -> &'static [View] {
    &[]
}
/// one
pub fn view(name: &str) -> Option<&'static View> {
    views().iter().find(|v| v.name == name)
}
