//! What is written reads back; what could run or load something is refused.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

#[test]
fn elements_are_written_as_fluentd_reads_them() {
    let element = Element::new("match", "app-firelens**")
        .with("@type", "s3")
        .with("path", "logs/${tag}/")
        .with("note", "a #b 'c' \\d")
        .with("map", "{\"a\":\"b\"}")
        .with_child(Element::new("buffer", "tag,time").with("timekey", "60"));
    let mut element = element;
    element.push("token", Value::env("TOKEN_0"));
    element.push(
        "mixed",
        Value {
            parts: vec![
                ElementPart::Text("a\"\n#".to_owned()),
                ElementPart::Env("X".to_owned()),
                ElementPart::Text("\\".to_owned()),
            ],
        },
    );
    let text = write_fluentd(std::slice::from_ref(&element)).unwrap();
    let expected = r##"<match app-firelens**>
  @type s3
  path logs/${tag}/
  note 'a #b \'c\' \\d'
  map '{"a":"b"}'
  token "#{ENV['TOKEN_0']}"
  mixed "a\"\n\##{ENV['X']}\\"
  <buffer tag,time>
    timekey 60
  </buffer>
</match>
"##;
    assert_eq!(text, expected);
    assert_eq!(read_fluentd(&text).unwrap(), [element]);
}

#[test]
fn handwritten_fluentd_file_parses_with_comments_and_quotes() {
    let text = "# head\n<filter app-firelens**> # here\n\t@type record_transformer\n  <record>\n    env \"#{ENV[\"STAGE\"]}\" # stage\n    a 'it\\'s' \n    b x # y\n  </record>\n</filter>\r\n";
    let elements = read_fluentd(text).unwrap();
    let record = &elements[0].children[0];
    assert_eq!(record.params[0].1, Value::env("STAGE"));
    assert_eq!(record.text_of("a"), Some("it's"));
    assert_eq!(record.text_of("b"), Some("x"));
}

#[test]
fn what_fluentd_would_refuse_load_or_run_is_refused() {
    use LineProblem as P;
    for (text, line, expected) in [
        ("@include /x.conf\n", 1, P::Include),
        ("<match a>\n  @include x\n</match>\n", 2, P::Include),
        ("include x\n", 1, P::Include),
        ("workers 2\n", 1, P::Outside),
        ("<match a\n", 1, P::Bracket),
        ("<match a> x\n", 1, P::Bracket),
        ("<match a b>\n", 1, P::Argument),
        ("</match>\n", 1, P::End),
        ("<match a>\n</store>\n", 2, P::End),
        ("<match a>\n  @x y\n", 2, P::Name),
        ("<match a>\n  a\n", 2, P::NoValue),
        ("<match a>\n  a 1\n  a 2\n", 3, P::Twice),
        ("<match a>\n  a \"#{`id`}\"\n", 2, P::Ruby),
        ("<match a>\n  a \"#{ENV['X'] || exit}\"\n", 2, P::Ruby),
        ("<match a>\n  a {\"b\":\"#{1}\"}\n", 2, P::Ruby),
        ("<match a>\n  a b#{1}\n", 2, P::Ruby),
        ("<match a>\n  a \"b\n", 2, P::Quote),
        ("<match a>\n  a 'b' c\n", 2, P::Quote),
        ("<match a>\n  a [1,\n", 2, P::Json),
        ("<match a>\n  a \"\\x\"\n", 2, P::Escape),
        ("<match a>\n  a b\u{0}\n", 2, P::Control),
    ] {
        let problem = read_fluentd(text).unwrap_err();
        assert_eq!(
            problem,
            FluentdProblem::Line {
                line,
                problem: expected
            },
            "{text:?}"
        );
    }
    let open = read_fluentd("<match a>\n").unwrap_err();
    assert_eq!(open.to_string(), "<match> is not closed");
}

#[test]
fn fluentd_custom_config_running_programs_or_changing_system_is_refused() {
    for (text, expected) in [
        (
            "<system>\n  workers 2\n</system>\n",
            "<system> is not allowed",
        ),
        ("<worker 0>\n</worker>\n", "<worker> is not allowed"),
        ("<match a>\n  x y\n</match>\n", "it needs an `@type`"),
        (
            "<source>\n  @type exec\n  command id\n</source>\n",
            "runs programs",
        ),
        (
            "<match a>\n  @type copy\n  <store>\n    @type exec_filter\n  </store>\n</match>\n",
            "runs programs",
        ),
        (
            "<filter a>\n  @type record_transformer\n  enable_ruby true\n</filter>\n",
            "`enable_ruby` in <filter>",
        ),
        ("<label x>\n</label>\n", "begins with `@`"),
        (
            "<match a>\n  @type \"#{ENV['T']}\"\n</match>\n",
            "needs an `@type`",
        ),
    ] {
        let problem = read_fluentd_custom_config(text).unwrap_err().to_string();
        assert!(problem.contains(expected), "{text:?}: {problem}");
    }
    let fine = "<label @x>\n  <match **>\n    @type null\n  </match>\n</label>\n";
    assert_eq!(read_fluentd_custom_config(fine).unwrap().len(), 1);
}

#[test]
fn words_that_would_break_the_file_are_not_written() {
    let element = |name: &str, value: &str| Element::new("match", "a").with(name, value);
    for (element, expected) in [
        (element("a b", "x"), "must be a parameter name"),
        (element("a", "#{x}"), "must not contain `#{`"),
        (
            Element::new("match", "a>\n@include x"),
            "must not contain a blank",
        ),
        (Element::new("ma tch", ""), "an element has a name"),
    ] {
        let problem = write_fluentd(&[element]).unwrap_err().to_string();
        assert!(problem.contains(expected), "{problem}");
    }
}
