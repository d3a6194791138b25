//! The plugins of Fluent Bit and their options, by version: what a section may hold.
//!
//! The data is in `options.txt`; nothing here is written by hand.

mod version;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub use version::{FluentBitVersion, UnknownVersion};

use firelens_types::v1alpha1::nearest_name as nearest;

/// A kind of section with plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PluginKind {
    Input,
    Filter,
    Output,
}

impl PluginKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Filter => "filter",
            Self::Output => "output",
        }
    }

    /// The kind of a section, by its upper-case name.
    pub(crate) fn of_section(name: &str) -> Option<Self> {
        [Self::Input, Self::Filter, Self::Output]
            .into_iter()
            .find(|kind| kind.word().eq_ignore_ascii_case(name))
    }
}

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    Text,
    Integer,
    Boolean,
    Number,
    Size,
    Time,
}

/// One option of a plugin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptionFact {
    pub(crate) type_: ValueType,
    /// Versions that have it, as [`FluentBitVersion::bits`].
    pub(crate) bits: u8,
    /// Whether it may be given several times.
    pub(crate) repeatable: bool,
    is_prefix: bool,
}

/// What a plugin does with options that it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// It refuses to start.
    Refuses,
    /// It passes over them: the Go plugins.
    PassesOver,
    /// Its options are not known.
    Open,
}

/// One plugin.
#[derive(Debug)]
pub(crate) struct Plugin {
    /// Versions that have it.
    pub(crate) bits: u8,
    pub(crate) strictness: Strictness,
    options: BTreeMap<&'static str, OptionFact>,
}

type Table = BTreeMap<PluginKind, BTreeMap<&'static str, Plugin>>;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::new();
    let lines = include_str!("options.txt").lines();
    for (kind, name, plugin) in lines.filter_map(read_line) {
        table.entry(kind).or_default().insert(name, plugin);
    }
    table
});

/// The name of the plugin that stands for every section of a kind.
const CORE: &str = "*";

fn lookup(kind: PluginKind, name: &str) -> Option<&'static Plugin> {
    TABLE.get(&kind)?.get(name)
}

/// The plugin of a name; Fluent Bit compares them without case.
pub(crate) fn plugin(kind: PluginKind, name: &str) -> Option<&'static Plugin> {
    lookup(kind, &name.to_ascii_lowercase()).filter(|_| name != CORE)
}

/// The known plugin name that is most like `name`, among those of the versions `bits`.
pub(crate) fn nearest_plugin(kind: PluginKind, name: &str, bits: u8) -> Option<&'static str> {
    let names: Vec<&'static str> = TABLE
        .get(&kind)
        .into_iter()
        .flatten()
        .filter(|(name, plugin)| **name != CORE && plugin.bits & bits != 0)
        .map(|(name, _)| *name)
        .collect();
    nearest(name, &names)
}

/// An option of a plugin: its own, or one that every section of the kind takes.
pub(crate) fn option(kind: PluginKind, plugin: &Plugin, name: &str) -> Option<OptionFact> {
    let lowered = name.to_ascii_lowercase();
    let core = lookup(kind, CORE);
    let tables = || [Some(plugin), core].into_iter().flatten();
    let own = tables().find_map(|table| table.options.get(lowered.as_str()));
    let by_prefix = || {
        tables()
            .flat_map(|table| table.options.iter())
            .find(|(name, fact)| fact.is_prefix && lowered.starts_with(**name))
            .map(|(_, fact)| fact)
    };
    own.or_else(by_prefix).copied()
}

/// The option that is most like `name`, among those of the versions `bits`.
pub(crate) fn nearest_option(
    kind: PluginKind,
    plugin: &Plugin,
    name: &str,
    bits: u8,
) -> Option<&'static str> {
    let core = lookup(kind, CORE);
    let names: Vec<&'static str> = [Some(plugin), core]
        .into_iter()
        .flatten()
        .flat_map(|table| table.options.iter())
        .filter(|(_, fact)| fact.bits & bits != 0)
        .map(|(name, _)| *name)
        .filter(|name| !matches!(*name, "name" | "match" | "match_regex"))
        .collect();
    nearest(name, &names)
}

fn read_line(line: &'static str) -> Option<(PluginKind, &'static str, Plugin)> {
    let mut words = line.split_ascii_whitespace();
    let kind = PluginKind::of_section(words.next()?)?;
    let name = words.next()?;
    let bits = words.next()?.parse().ok()?;
    let strictness = match words.next()? {
        "go" => Strictness::PassesOver,
        "open" => Strictness::Open,
        _ => Strictness::Refuses,
    };
    let options = words.map(|word| read_option(word, bits)).collect();
    Some((
        kind,
        name,
        Plugin {
            bits,
            strictness,
            options,
        },
    ))
}

fn read_option(word: &'static str, all: u8) -> (&'static str, OptionFact) {
    let (name, detail) = word.split_once('=').unwrap_or((word, ""));
    let type_ = match detail.bytes().next() {
        Some(b'i') => ValueType::Integer,
        Some(b'b') => ValueType::Boolean,
        Some(b'd') => ValueType::Number,
        Some(b'z') => ValueType::Size,
        Some(b't') => ValueType::Time,
        _ => ValueType::Text,
    };
    let bits = detail.trim_start_matches(|c: char| !c.is_ascii_digit());
    let fact = OptionFact {
        type_,
        bits: bits.parse().unwrap_or(all),
        repeatable: detail.contains('*'),
        is_prefix: detail.starts_with('p'),
    };
    (name, fact)
}

/// Whether an output option exists, and only in versions after 1.9.10, which 2.x images hold.
pub(crate) fn is_missing_in_v2(plugin_name: &str, option_name: &str) -> bool {
    let old = FluentBitVersion::V1_9_10.bits();
    let known = plugin(PluginKind::Output, plugin_name);
    let fact = known.and_then(|known| option(PluginKind::Output, known, option_name));
    fact.is_some_and(|fact| fact.bits & old == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_data_is_read() {
        let lines = include_str!("options.txt").lines();
        let lines = lines.filter(|line| !line.starts_with('#')).count();
        let plugins: Vec<&Plugin> = TABLE.values().flat_map(BTreeMap::values).collect();
        assert_eq!(plugins.len(), lines);
        for plugin in plugins {
            assert!((1..=7).contains(&plugin.bits));
            for fact in plugin.options.values() {
                assert!((1..=7).contains(&fact.bits));
            }
        }
    }

    #[test]
    fn options_are_known_by_version_and_type() {
        let datadog = plugin(PluginKind::Output, "Datadog").unwrap();
        let known = |name| option(PluginKind::Output, datadog, name);
        assert_eq!(known("Compress").unwrap().bits, 7);
        assert_eq!(known("dd_hostname").unwrap().bits, 6);
        assert_eq!(known("workers").unwrap().type_, ValueType::Integer);
        assert_eq!(known("tls").unwrap().type_, ValueType::Boolean);
        assert!(known("header").unwrap().repeatable);
        assert!(known("compres").is_none());
        let nearest = nearest_option(PluginKind::Output, datadog, "compres", 7);
        assert_eq!(nearest, Some("compress"));
        let kafka = plugin(PluginKind::Output, "kafka").unwrap();
        assert!(option(PluginKind::Output, kafka, "rdkafka.sasl.mechanism").is_some());
        assert_eq!(
            nearest_plugin(PluginKind::Output, "datadoge", 7),
            Some("datadog")
        );
        assert!(plugin(PluginKind::Output, "*").is_none());
    }
}
