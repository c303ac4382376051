//! Go's lexical path functions on Unix: they look at the text alone, never at a file system.

use std::borrow::Cow;

/// Go's `filepath.Clean`: the shortest path with the same lexical meaning.
///
/// Repeated slashes become one, `.` goes away, and `..` takes the element before it along, except at the start of
/// a relative path, where it stays, and of an absolute one, where it goes away. What is left empty is `.`.
///
/// ```
/// use plimsoll::facts::path::clean;
/// assert_eq!(*clean(b"/var/lib//docker/./x/../runtimes/"), *b"/var/lib/docker/runtimes");
/// assert_eq!(*clean(b"a/../../b"), *b"../b");
/// assert_eq!(*clean(b""), *b".");
/// ```
#[must_use]
pub fn clean(path: &[u8]) -> Cow<'_, [u8]> {
    if is_clean(path) { Cow::Borrowed(path) } else { Cow::Owned(cleaned(path)) }
}

/// Whether there is nothing to clean: most paths are so, and need not be written anew.
fn is_clean(path: &[u8]) -> bool {
    let rooted = path.strip_prefix(b"/");
    let mut climbs = rooted.is_none();
    matches!(path, b"/" | b".")
        || rooted.unwrap_or(path).split(|b| *b == b'/').all(|element| match element {
            b"" | b"." => false,
            b".." => climbs,
            _ => {
                climbs = false;
                true
            }
        })
}

fn cleaned(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut kept: Vec<&[u8]> = Vec::new();
    for element in path.split(|b| *b == b'/') {
        match element {
            b"" | b"." => {}
            b".." if kept.last().is_some_and(|last| *last != b"..") => {
                kept.pop();
            }
            b".." if rooted => {}
            _ => kept.push(element),
        }
    }
    let mut out = if rooted { b"/".to_vec() } else { Vec::new() };
    out.extend(kept.join(&b'/'));
    if out.is_empty() {
        out.push(b'.');
    }
    out
}

/// Go's `filepath.Join`: the elements with slashes between them, cleaned; empty ones are left out, and if all are, so
/// is the result.
///
/// ```
/// use plimsoll::facts::path::join;
/// assert_eq!(join(&[b"/var/lib/docker", b"runtimes", b"../x"]), b"/var/lib/docker/x");
/// assert_eq!(join(&[b"", b""]), b"");
/// ```
#[must_use]
pub fn join(elements: &[&[u8]]) -> Vec<u8> {
    let present: Vec<&[u8]> = elements.iter().copied().filter(|e| !e.is_empty()).collect();
    if present.is_empty() { Vec::new() } else { clean(&present.join(&b'/')).into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::FileFailurePersistence;

    /// What is clean is left where it is, and only that; over all short paths of these bytes.
    #[test]
    fn what_is_clean_is_not_written_anew() {
        let mut paths = vec![Vec::new()];
        for _ in 0..7 {
            for path in std::mem::take(&mut paths) {
                let known = cleaned(&path);
                assert_eq!(is_clean(&path), known == path, "{}", path.escape_ascii());
                assert_eq!(*clean(&path), *known);
                paths.extend(b"/.a".map(|byte| [&path[..], &[byte]].concat()));
            }
        }
    }

    /// The table of Go's own test, path/filepath/path_test.go `cleantests` and `nonwincleantests`.
    #[test]
    fn cleans_as_go_documents() {
        for (path, cleaned) in [
            ("abc", "abc"),
            ("abc/def", "abc/def"),
            ("a/b/c", "a/b/c"),
            (".", "."),
            ("..", ".."),
            ("../..", "../.."),
            ("../../abc", "../../abc"),
            ("/abc", "/abc"),
            ("/", "/"),
            ("", "."),
            ("abc/", "abc"),
            ("abc/def/", "abc/def"),
            ("./", "."),
            ("../", ".."),
            ("../../", "../.."),
            ("/abc/", "/abc"),
            ("abc//def//ghi", "abc/def/ghi"),
            ("abc//", "abc"),
            ("abc/./def", "abc/def"),
            ("/./abc/def", "/abc/def"),
            ("abc/.", "abc"),
            ("abc/def/ghi/../jkl", "abc/def/jkl"),
            ("abc/def/../ghi/../jkl", "abc/jkl"),
            ("abc/def/..", "abc"),
            ("abc/def/../..", "."),
            ("/abc/def/../..", "/"),
            ("abc/def/../../..", ".."),
            ("/abc/def/../../..", "/"),
            ("abc/def/../../../ghi/jkl/../../../mno", "../../mno"),
            ("/../abc", "/abc"),
            ("a/../b:/../../c", "../c"),
            ("abc/./../def", "def"),
            ("abc//./../def", "def"),
            ("abc/../../././../def", "../../def"),
            ("//abc", "/abc"),
            ("///abc", "/abc"),
            ("//abc//", "/abc"),
        ] {
            assert_eq!(String::from_utf8_lossy(&clean(path.as_bytes())), cleaned, "{path:?}");
        }
    }

    #[test]
    fn joins_as_go_documents() {
        for (elements, joined) in [
            (&[][..], ""),
            (&[""][..], ""),
            (&["/"][..], "/"),
            (&["a"][..], "a"),
            (&["a", "b"][..], "a/b"),
            (&["a", ""][..], "a"),
            (&["", "b"][..], "b"),
            (&["/", "a"][..], "/a"),
            (&["/", "a/b"][..], "/a/b"),
            (&["/", ""][..], "/"),
            (&["/a", "b"][..], "/a/b"),
            (&["a", "/b"][..], "a/b"),
            (&["a/", "b"][..], "a/b"),
            (&["a/", ""][..], "a"),
            (&["", ""][..], ""),
            (&["/", "a", "b"][..], "/a/b"),
            (&["//", "a"][..], "/a"),
        ] {
            let elements: Vec<&[u8]> = elements.iter().map(|e| e.as_bytes()).collect();
            assert_eq!(String::from_utf8_lossy(&join(&elements)), joined, "{elements:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/runtime.txt"))),
            ..ProptestConfig::default()
        })]

        #[test]
        fn a_clean_path_is_clean(path in "[./a\u{e9}-]{0,24}") {
            let cleaned = clean(path.as_bytes());
            prop_assert_eq!(&clean(&cleaned), &cleaned, "idempotent");
            prop_assert!(!cleaned.is_empty());
            prop_assert_eq!(cleaned.starts_with(b"/"), path.starts_with('/'));
            let elements: Vec<&[u8]> = cleaned.split(|b| *b == b'/').collect();
            let inner = elements.strip_prefix(&[&b""[..]]).unwrap_or(&elements);
            if *cleaned != *b"/" && *cleaned != *b"." {
                prop_assert!(inner.iter().all(|e| !e.is_empty() && *e != b"."), "no empty element, no dot");
                let up = inner.iter().take_while(|e| **e == b"..").count();
                prop_assert!(inner[up..].iter().all(|e| *e != b".."), "double dots only in front");
                prop_assert!(up == 0 || !cleaned.starts_with(b"/"));
            }
        }

        #[test]
        fn joining_one_by_one_is_joining_at_once(a in "[./a]{0,8}", b in "[./a]{0,8}", c in "[./a]{0,8}") {
            let (a, b, c) = (a.as_bytes(), b.as_bytes(), c.as_bytes());
            prop_assert_eq!(join(&[&join(&[a, b]), c]), join(&[a, b, c]));
        }
    }
}
