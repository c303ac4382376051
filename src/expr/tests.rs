use proptest::prelude::*;

use super::*;
use crate::source::Span;

fn name() -> impl Strategy<Value = String> {
    "[a-z_][a-z0-9_]{0,3}(-[a-z0-9]{1,3})?"
        .prop_filter("keyword", |n| !["in", "true", "false"].contains(&n.as_str()))
}

fn of(node: Node) -> Expr {
    Expr { node, span: Span::default() }
}

fn leaf() -> impl Strategy<Value = Expr> {
    prop_oneof![
        any::<bool>().prop_map(Node::Bool),
        any::<i64>().prop_map(Node::Int),
        prop::collection::vec(any::<u8>(), 0..8).prop_map(Node::Str),
        "\\PC{0,4}".prop_map(|s| Node::Str(s.into_bytes())),
        name().prop_map(Node::Name),
    ]
    .prop_map(of)
}

fn op() -> impl Strategy<Value = CompareOp> {
    use CompareOp::{Eq, Ge, Gt, In, Le, Lt, Ne};
    prop::sample::select(vec![Eq, Ne, Lt, Le, Gt, Ge, In])
}

fn tree() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(8, 64, 4, |inner| {
        let some = prop::collection::vec(inner.clone(), 0..4);
        let two = prop::collection::vec(inner.clone(), 2..4);
        let one = inner.prop_map(Box::new);
        prop_oneof![
            two.clone().prop_map(Node::And),
            two.prop_map(Node::Or),
            one.clone().prop_map(Node::Not),
            some.clone().prop_map(Node::List),
            (op(), one.clone(), one.clone()).prop_map(|(op, l, r)| Node::Compare(op, l, r)),
            (one.clone(), name()).prop_map(|(t, n)| Node::Field(t, n)),
            (one.clone(), one.clone()).prop_map(|(t, k)| Node::Index(t, k)),
            (name(), some.clone()).prop_map(|(n, a)| Node::Call(n, a)),
            (one, name(), some).prop_map(|(t, n, a)| Node::Method(t, n, a)),
        ]
        .prop_map(of)
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::Direct("tests/regressions/expr.txt"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn parsing_what_was_printed_gives_it_back(expr in tree()) {
        let text = expr.to_string();
        prop_assert!(!text.chars().any(char::is_control), "{:?}", text);
        prop_assert_eq!(parse(&text), Ok(expr));
    }

    #[test]
    fn equal_are_those_that_print_alike(one in tree(), other in tree()) {
        prop_assert_eq!(one == other, one.to_string() == other.to_string());
    }

    #[test]
    fn any_text_is_parsed_or_refused_at_a_place_inside_it(text in "(\\PC|['\"\\\\xu]){0,40}") {
        if let Err(error) = parse(&text) {
            prop_assert!(error.span.range().end <= text.len(), "{:?}", error);
        }
    }

    #[test]
    fn any_tokens_are_parsed_or_refused(tokens in prop::collection::vec(
        prop::sample::select(vec!["a", "b-c", "in", "1", "'x'", "(", ")", "[", "]", ",", ".", "!", "&&", "||", "==", "<"]), 0..20)) {
        let text = tokens.join(" ");
        if let Ok(expr) = parse(&text) {
            prop_assert_eq!(parse(&expr.to_string()), Ok(expr));
        }
    }
}

#[test]
fn precedence_is_that_of_cel() {
    for (text, full) in [
        ("a || b && c", "a || (b && c)"),
        ("!a.b == c", "(!(a.b)) == c"),
        ("a == b && c in d || e", "((a == b) && (c in d)) || e"),
    ] {
        assert_eq!(parse(text), parse(full), "{text}");
        // Nor is more printed than is needed.
        assert_eq!(parse(full).unwrap().to_string(), text);
    }
}

#[test]
fn errors_say_what_was_expected_and_where() {
    for (text, message, at) in [
        ("", "expected an expression, found the end", 0..0),
        ("a &&", "expected an expression, found the end", 4..4),
        ("a b", "expected the end of the expression, found `b`", 2..3),
        ("a < b < c", "comparisons do not chain; write `a < b && b < c`", 6..7),
        ("a.(b)", "expected a field or method name, found `(`", 2..3),
        ("'x", "the string has no closing quote", 0..2),
        ("a-", "`-` is not an integer of 64 bits", 1..2),
        ("a - b", "`-` is not an integer of 64 bits", 2..3),
        ("99999999999999999999", "`99999999999999999999` is not an integer of 64 bits", 0..20),
        ("a # b", "unexpected character `#`", 2..3),
        ("'\\", "unknown escape (there are \\\\ \\' \\\" \\n \\r \\t \\0 \\xHH \\uHHHH)", 1..2),
        ("'\\x4", "unknown escape (there are \\\\ \\' \\\" \\n \\r \\t \\0 \\xHH \\uHHHH)", 1..3),
        ("'\\é'", "unknown escape (there are \\\\ \\' \\\" \\n \\r \\t \\0 \\xHH \\uHHHH)", 1..4),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!((error.message.as_str(), error.span), (message, at.into()), "{text}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes there")]
fn depth_is_bounded() {
    for (open, close) in [("(", ")"), ("!", ""), ("f(", ")"), ("a[", "]")] {
        for (n, fits) in [(MAX_DEPTH - 2, true), (MAX_DEPTH + 1, false), (100_000, false)] {
            let text = format!("{}a{}", open.repeat(n), close.repeat(n));
            assert_eq!(parse(&text).is_ok(), fits, "{n} × {open}");
        }
    }
    assert!(parse(&format!("a{}", ".b".repeat(100_000))).is_err());
}

/// Each character in the one way that is read again.
#[test]
fn strings_are_printed_so() {
    for (bytes, printed) in [
        (&b"plain"[..], "'plain'"),
        (b"it's", r"'it\'s'"),
        (b"a\\b", r"'a\\b'"),
        (b"\n\r\t", r"'\n\r\t'"),
        (b"\0\x1f\x7f", r"'\x00\x1f\x7f'"),
        ("\u{80}\u{9f}".as_bytes(), r"'\u0080\u009f'"),
        ("\u{a0}é𐀀".as_bytes(), "'\u{a0}é𐀀'"),
        (b"\x80\xff", r"'\x80\xff'"),
    ] {
        let expr = of(Node::Str(bytes.to_vec()));
        assert_eq!(expr.to_string(), printed);
        assert_eq!(parse(printed), Ok(expr));
    }
}
