//! JSON Pointers (RFC 6901) to places of a text.

use std::borrow::Cow;

use super::{Literal, Reader, Token};

/// Appends one step of a JSON Pointer .
pub(crate) fn push_pointer(path: &mut String, key: &[u8]) {
    path.push('/');
    for c in String::from_utf8_lossy(key).chars() {
        match c {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            c => path.push(c),
        }
    }
}

/// The JSON Pointer to the value whose first token stands at `offset`; reads the text from its start.
pub(crate) fn path_to(text: &[u8], offset: usize) -> String {
    /// An open container: the key or index of the member being read.
    enum Open<'s> {
        Object(Option<Literal<'s>>),
        Array(usize),
    }
    let mut reader = Reader::new(text, 0, text.len());
    let mut open: Vec<Open<'_>> = Vec::new();
    loop {
        let (token, span) = reader.next();
        if let (Some(Open::Object(key @ None)), Token::Str(literal)) = (open.last_mut(), token) {
            *key = Some(literal);
            continue;
        }
        if matches!(token, Token::End) || span.start as usize >= offset {
            break;
        }
        match token {
            Token::ObjectStart => open.push(Open::Object(None)),
            Token::ArrayStart => open.push(Open::Array(0)),
            _ => {
                if matches!(token, Token::ObjectEnd | Token::ArrayEnd) {
                    open.pop();
                }
                match open.last_mut() {
                    Some(Open::Object(key)) => *key = None,
                    Some(Open::Array(index)) => *index += 1,
                    None => {}
                }
            }
        }
    }
    let mut path = String::new();
    for step in open {
        match step {
            Open::Object(key) => push_pointer(&mut path, &key.map_or(Cow::Borrowed(&[][..]), Literal::text)),
            Open::Array(index) => push_pointer(&mut path, index.to_string().as_bytes()),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::path_to;

    #[test]
    fn pointers() {
        let text = br#"{"x":[{"y":1},[0,{"a/b~":{"z":7}}]],"":9}"#;
        let at = |needle: &str| text.windows(needle.len()).position(|w| w == needle.as_bytes()).unwrap();
        assert_eq!(path_to(text, 0), "");
        assert_eq!(path_to(text, at("7")), "/x/1/1/a~1b~0/z");
        assert_eq!(path_to(text, at("9")), "/");
        assert_eq!(path_to(text, at("[0")), "/x/1");
    }
}
