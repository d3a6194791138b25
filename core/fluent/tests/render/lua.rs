//! Lua of several lines on one: whatever the tokens, the line says the same ones.

use firelens_fluent::text::check_value;
use firelens_types::lua;
use proptest::prelude::*;

/// A piece of source, and what of it is in the one line; a blank stands for whatever separates.
fn piece() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        "[a-z][a-z0-9_]{0,5}".prop_map(|word| (word.clone(), word)),
        "[0-9]{1,4}".prop_map(|number| (number.clone(), number)),
        prop::sample::select(vec![
            "=", "==", "..", "...", "(", ")", "{", "}", "]", ";", ",", "+", "<=", "#", "::"
        ])
        .prop_map(|sign| (sign.to_owned(), sign.to_owned())),
        "[ !#%-\\[\\]-~é漢]{0,8}|a  b|--|\\]\\]".prop_map(|text| {
            let text = format!("\"{text}\"");
            (text.clone(), text)
        }),
        "[a-z '\n]{0,8}".prop_map(|text| {
            let kept = text.strip_prefix('\n').unwrap_or(&text);
            (
                format!("[==[{text}]==]"),
                format!("\"{}\"", kept.replace('\n', "\\010")),
            )
        }),
        "[a-z \"']{0,8}|\\[=a".prop_map(|text| (format!("--{text}x\n"), String::new())),
        "[a-z \"'\n-]{0,8}".prop_map(|text| (format!("--[[{text}]]"), String::new())),
        prop::sample::select(vec![" ", "\n", "\t", "\r\n", "\n\n  "])
            .prop_map(|blank| (blank.to_owned(), String::new())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_line_has_the_tokens_of_the_source(pieces in prop::collection::vec(piece(), 1..20)) {
        let source = pieces.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join("\n");
        let mut expected: Vec<&str> = pieces.iter().map(|(_, token)| token.as_str()).collect();
        expected.retain(|token| !token.is_empty());
        match lua::one_line(&source) {
            Err(problem) => prop_assert!(expected.is_empty(), "{source:?}: {problem}"),
            Ok(line) => {
                prop_assert_eq!(&line, &expected.join(" "));
                prop_assert_eq!(lua::one_line(&line).unwrap(), line);
            }
        }
    }

    #[test]
    fn any_text_becomes_a_value_or_is_refused(source in "\\PC{0,60}|[\\[\\]=\"'\\\\a$\\{\n -]{0,40}") {
        if let Ok(line) = lua::one_line(&source) {
            prop_assert!(!line.contains("${"), "{source:?}: {line}");
            prop_assert!(!line.chars().any(char::is_control), "{source:?}: {line}");
            if !line.starts_with(['[', '@']) {
                prop_assert!(check_value(&line).is_ok() || line.trim() != line, "{source:?}: {line}");
            }
        }
    }
}
