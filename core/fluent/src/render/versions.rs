//! What the filters and parsers of a 2.x image, Fluent Bit 1.9.10, do not have.
//!
//! An image that is not known to be 2.x is taken to be able; nothing is refused on a guess.
//! Found by comparing the option tables of v1.9.10 and v4.2.2:
//! <https://github.com/fluent/fluent-bit/tree/v1.9.10/plugins>.

use firelens_types::v1alpha1::{Filter, FilterBlock, ModifyFilter, Parser};

/// Filter plugins that came later.
const PLUGINS_SINCE_V3: [&str; 2] = ["log_to_metrics", "sysinfo"];

/// Why a 2.x image cannot run this filter, if it cannot.
pub(super) fn filter_refused_by_v2(filter: &Filter) -> Option<String> {
    if filter.log_suppress_interval.is_some() {
        return Some(needs_v3("logSuppressInterval"));
    }
    let field = match filter.block()? {
        FilterBlock::Grep(grep) => grep.logical_op.is_some().then_some("grep.logicalOp"),
        FilterBlock::RecordModifier(modifier) => modifier
            .uuid_key
            .is_some()
            .then_some("recordModifier.uuidKey"),
        FilterBlock::Lua(lua) => lua.enable_flb_null.is_some().then_some("lua.enableFlbNull"),
        FilterBlock::Modify(modify) if !modify.move_to_start.is_empty() => {
            Some("modify.moveToStart")
        }
        FilterBlock::Modify(modify) if !modify.move_to_end.is_empty() => Some("modify.moveToEnd"),
        FilterBlock::Modify(modify) => return modify_with_quotes(modify),
        FilterBlock::Custom(custom) => PLUGINS_SINCE_V3
            .into_iter()
            .find(|plugin| custom.plugin.eq_ignore_ascii_case(plugin)),
        FilterBlock::Multiline(_)
        | FilterBlock::Parser(_)
        | FilterBlock::Nest(_)
        | FilterBlock::Throttle(_)
        | FilterBlock::RewriteTag(_) => None,
    };
    field.map(needs_v3)
}

/// 1.9.10 splits the lines of `modify` at every blank and knows no quotes there: a value of two words
/// would lose its first, in silence.
/// <https://github.com/fluent/fluent-bit/blob/v1.9.10/plugins/filter_modify/modify.c>
fn modify_with_quotes(modify: &ModifyFilter) -> Option<String> {
    let is_quoted = |text: &str| text.contains([' ', '"']);
    for (field, pairs) in [("set", &modify.set), ("add", &modify.add)] {
        let value = pairs
            .iter()
            .find(|(name, value)| is_quoted(name) || is_quoted(value));
        if let Some((name, _)) = value {
            return Some(format!(
                "modify.{field}[{name}] has a blank or a quote, and the 2.x images (Fluent Bit 1.9.10) know no \
                 quotes there; use recordModifier.record, or aws-for-fluent-bit 3"
            ));
        }
    }
    let words = |condition: &String| condition.split(' ').count() > 3 || condition.contains('"');
    modify.condition.iter().position(words).map(|index| {
        format!(
            "modify.condition[{index}] has more than three words or a quote, and the 2.x images (Fluent Bit 1.9.10) \
             know no quotes there; use `\\s` for a blank, or aws-for-fluent-bit 3"
        )
    })
}

/// Why a 2.x image reads this parser differently, if it does: it passes over keys that it does not know.
/// <https://github.com/fluent/fluent-bit/blob/v1.9.10/src/flb_parser.c>
pub(super) fn parser_refused_by_v2(parser: &Parser) -> Option<String> {
    let field = if parser.time_system_timezone == Some(true) {
        "timeSystemTimezone"
    } else if parser.logfmt_no_bare_keys == Some(true) {
        "logfmtNoBareKeys"
    } else {
        return None;
    };
    Some(needs_v3(field))
}

fn needs_v3(what: &str) -> String {
    format!(
        "{what} needs aws-for-fluent-bit 3 or later; the router image is 2.x (Fluent Bit 1.9.10)"
    )
}

/// A variable whose name 1.9.10 cannot hold, if there is one: it would overrun its buffer.
pub(super) fn has_long_variable(value: &str) -> bool {
    value.split("${").skip(1).any(|rest| {
        let name = rest.split('}').next().unwrap_or_default();
        name.len() > crate::text::VARIABLE_NAME_BYTES && rest.len() > name.len()
    })
}
