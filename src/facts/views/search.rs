use super::{ParamType, View, ViewField, ViewType, str_field, string};

pub(super) const DNS_SEARCH: View = View {
    name: "dns_search",
    params: &[("text", ParamType::String)],
    fields: &[
        ("valid", ViewType::Bool, "whether it is a search domain, or a lone dot for none"),
        ("text", ViewType::String, "the text without spaces at its ends, as the daemon's message has it"),
    ],
    doc: "A search domain: labels of letters, digits and inner hyphens, joined by dots, with a letter in it and fewer than 255 bytes",
    source: "moby opts/opts.go ValidateDNSSearch, validateDomain",
    eval: |args, out| {
        let text = trim_spaces(string(args, 0));
        out.set([ViewField::Bool(text == b"." || is_domain(text)), str_field(text)])
    },
};

/// Only the space itself: `strings.Trim(text, " ")`.
fn trim_spaces(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|b| *b != b' ').unwrap_or(text.len());
    let end = text.iter().rposition(|b| *b != b' ').map_or(start, |at| at.saturating_add(1));
    text.get(start..end).unwrap_or_default()
}

/// The original's pattern `^(:?(:?L)(:?\.(:?L))*)\.?\s*$`, whose groups are misspelt: a `:` may stand where `(?:` was meant.
fn is_domain(text: &[u8]) -> bool {
    if !text.iter().any(u8::is_ascii_alphabetic) {
        return false;
    }
    let is_space = |b: &u8| matches!(b, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ');
    let end = text.iter().rposition(|b| !is_space(b)).map_or(0, |at| at.saturating_add(1));
    let body = text.get(..end).unwrap_or_default();
    let body = body.strip_suffix(b".").unwrap_or(body);
    if body.len() >= 255 {
        return false;
    }
    let mut labels = body.split(|b| *b == b'.').peekable();
    // Of a `:` in front of a label there may be one, two at the very start.
    let mut allowed = 2;
    while let Some(label) = labels.next() {
        // A `:` in front of the dot that follows belongs to the dot.
        let label = match labels.peek() {
            Some(_) => label.strip_suffix(b":").unwrap_or(label),
            None => label,
        };
        let colons = label.iter().take_while(|b| **b == b':').count();
        if colons > allowed || !is_label(label.get(colons..).unwrap_or_default()) {
            return false;
        }
        allowed = 1;
    }
    true
}

fn is_label(label: &[u8]) -> bool {
    let (Some(head), Some(tail)) = (label.first(), label.last()) else { return false };
    head.is_ascii_alphanumeric()
        && tail.is_ascii_alphanumeric()
        && label.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
}

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    #[test]
    fn domains_are_the_originals() {
        let long = format!("{}.a", "b".repeat(252));
        let longer = format!("{}.a", "b".repeat(253));
        for (text, valid) in [
            ("a.example", true),
            ("a.example.", true),
            ("a.example. \t", true),
            (".", true),
            (" . ", true),
            ("a", true),
            ("1a", true),
            ("::a", true),
            ("a:.:b", true),
            ("a-b.c", true),
            (&long, true),
            ("", false),
            (" ", false),
            ("10.0.0.1", false),
            ("-a", false),
            ("a-", false),
            ("a..b", false),
            ("a..", false),
            ("a b", false),
            ("a_b", false),
            (":::a", false),
            ("a.::b", false),
            ("a:", false),
            ("*.a", false),
            ("\u{e9}.a", false),
            (&longer, false),
        ] {
            assert_eq!(field(&call("dns_search", &[text]), "valid"), valid.to_string(), "{text:?}");
        }
        assert_eq!(field(&call("dns_search", &[" a_b "]), "text"), "a_b");
    }
}
