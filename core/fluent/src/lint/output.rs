//! An output as the checks see it: plugin, options with the field each came from, and secrets.
//!
//! Option names are compared without case, as Fluent Bit does. The same view is made of a
//! destination, of the log options of a container and of an `[OUTPUT]` section.

use std::collections::BTreeSet;

use crate::catalogue::FluentBitVersion;
use crate::outputs::{ImageLine, OutputScope, compile};
use crate::render::Section;
use firelens_types::v1alpha1::{DestinationBlock, LogDestinationSpec};

/// What is known around an output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    /// The Fluent Bit of the router.
    pub(super) version: FluentBitVersion,
    /// Variables that are defined in the router; None: not known.
    pub(super) variables: Option<&'a BTreeSet<String>>,
}

/// One option that is given.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// Name, as written.
    pub(super) name: String,
    /// The value; None for a secret.
    pub(super) value: Option<String>,
    /// Path of the field.
    pub(super) field: String,
    /// Whether it is a typed field.
    pub(super) typed: bool,
}

impl Given {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// An output.
#[derive(Debug)]
pub(super) struct Output {
    /// Path of the block, such as `spec.outputs[0].destination.datadog`.
    pub(super) at: String,
    /// Name of the plugin, as written.
    pub(super) plugin: String,
    /// Path of the plugin's name.
    pub(super) plugin_field: String,
    /// Every option, secrets among them.
    pub(super) given: Vec<Given>,
    /// Plain options with what the operator adds; empty when they cannot be compiled.
    effective: Vec<(String, String)>,
    /// Whether the operator renders it, and adds its defaults.
    pub(super) is_ours: bool,
}

impl Output {
    /// The outputs of a destination at `at`: one, when it is admitted.
    pub(super) fn of_spec(at: &str, spec: &LogDestinationSpec) -> Vec<Self> {
        let effective = effective(spec);
        spec.blocks()
            .into_iter()
            .map(|(name, destination)| {
                let at = format!("{at}.{name}");
                Self {
                    given: given(&at, destination.block()),
                    plugin: destination.block().plugin().to_owned(),
                    plugin_field: if name == "custom" {
                        format!("{at}.plugin")
                    } else {
                        at.clone()
                    },
                    effective: effective.clone(),
                    is_ours: true,
                    at,
                }
            })
            .collect()
    }

    /// The output that plain and secret options of a container make; `Name` is among the options.
    pub(super) fn of_options<'a>(
        at: &str,
        plugin: &str,
        options: impl Iterator<Item = (&'a str, &'a str)>,
        secrets: impl Iterator<Item = &'a str>,
    ) -> Self {
        let mut given: Vec<Given> = options
            .map(|(name, value)| Given {
                name: name.to_owned(),
                value: Some(value.to_owned()),
                field: format!("{at}.options[{name}]"),
                typed: false,
            })
            .collect();
        given.extend(secrets.map(|name| Given {
            name: name.to_owned(),
            value: None,
            field: format!("{at}.secretOptions[{name}]"),
            typed: false,
        }));
        Self {
            at: at.to_owned(),
            plugin: plugin.to_owned(),
            plugin_field: format!("{at}.options[Name]"),
            given,
            effective: Vec::new(),
            is_ours: false,
        }
    }

    /// The output of a section in a file.
    pub(super) fn of_section(at: &str, section: &Section) -> Self {
        let given = section
            .entries
            .iter()
            .filter(|entry| !entry.key.eq_ignore_ascii_case("name"))
            .map(|entry| Given {
                name: entry.key.clone(),
                value: Some(entry.value.clone()),
                field: format!("{at}.{}", entry.key),
                typed: false,
            })
            .collect();
        Self {
            at: at.to_owned(),
            plugin: section.value("name").unwrap_or_default().to_owned(),
            plugin_field: format!("{at}.Name"),
            given,
            effective: Vec::new(),
            is_ours: false,
        }
    }

    /// The value that Fluent Bit gets for an option, defaults of the operator included.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let written = self.given.iter().filter(|given| given.is(name));
        written
            .filter_map(|given| given.value.as_deref())
            .next()
            .or_else(|| {
                let added = self.effective.iter();
                added
                    .filter(|(other, _)| other.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.as_str())
                    .next()
            })
    }

    /// Plain options with what the operator adds; none where they cannot be compiled.
    pub(super) fn effective(&self) -> impl Iterator<Item = (&str, &str)> {
        let options = self.effective.iter();
        options.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Every value of an option that may be repeated.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Given> {
        self.given.iter().filter(move |given| given.is(name))
    }

    /// Whether the option is given, plain, as a secret, or by the operator.
    pub(super) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|given| given.is(name)) || self.value(name).is_some()
    }

    /// Whether a boolean option is on.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.value(name)
            .is_some_and(|value| boolean(value) == Some(true))
    }

    /// Whether a boolean option is off in so many words.
    pub(super) fn is_off(&self, name: &str) -> bool {
        self.value(name)
            .is_some_and(|value| boolean(value) == Some(false))
    }

    /// Path of the field an option stands in; of the block, when it is not given.
    pub(super) fn field(&self, name: &str) -> String {
        let mut written = self.given.iter().filter(|given| given.is(name));
        written
            .next()
            .map_or_else(|| self.at.clone(), |given| given.field.clone())
    }

    /// Whether the plugin is one of these.
    pub(super) fn is_plugin(&self, names: &[&str]) -> bool {
        names
            .iter()
            .any(|name| self.plugin.eq_ignore_ascii_case(name))
    }
}

/// Fluent Bit's words for booleans.
/// <https://github.com/fluent/fluent-bit/blob/v4.2.2/src/flb_utils.c>
pub(super) fn boolean(text: &str) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["true", "on", "yes"]) {
        Some(true)
    } else if is(["false", "off", "no"]) {
        Some(false)
    } else {
        None
    }
}

fn given(at: &str, block: &dyn DestinationBlock) -> Vec<Given> {
    let known = block.known_options();
    let typed = block.typed_options().into_iter().map(|(name, value)| {
        let api = known.iter().find(|(option, _)| *option == name);
        Given {
            name: name.to_owned(),
            value: Some(value),
            field: format!("{at}.{}", api.map_or(name, |(_, api)| api)),
            typed: true,
        }
    });
    let plain = block.options().iter().map(|(name, value)| Given {
        name: name.clone(),
        value: Some(value.clone()),
        field: format!("{at}.options[{name}]"),
        typed: false,
    });
    let secret = block.secret_options().keys().map(|name| Given {
        name: name.clone(),
        value: None,
        field: format!("{at}.secretOptions[{name}]"),
        typed: false,
    });
    typed.chain(plain).chain(secret).collect()
}

/// The options as they are rendered somewhere, to see the defaults that the operator adds.
fn effective(spec: &LogDestinationSpec) -> Vec<(String, String)> {
    let scope = OutputScope {
        region: "us-east-1",
        account_id: "111122223333",
        partition: "aws",
        image_line: ImageLine::Unknown,
    };
    compile(spec, &scope)
        .map(|output| output.options.into_iter().collect())
        .unwrap_or_default()
}
