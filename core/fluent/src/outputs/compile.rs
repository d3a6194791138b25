//! One destination, compiled: every word checked, every key given once, defaults and grants added.
//!
//! An option cannot replace what the operator itself writes (`Name`, `Match`).

use indexmap::IndexMap;

use super::image::refused_by_v2;
use super::{CompiledOutput, ImageLine, OutputError, OutputScope, conflicts, defaults, grants};
use crate::text::{TextProblem, check_key, check_name, check_option_text, check_value};
use firelens_types::v1alpha1::{Destination, DestinationBlock, LogDestinationSpec};

/// Keys of an `[OUTPUT]` section that belong to the operator.
const RESERVED: [&str; 3] = ["name", "match", "match_regex"];

/// Options that a plugin takes several times.
/// <https://github.com/fluent/fluent-bit/blob/v4.2.2/include/fluent-bit/flb_config_map.h>
const REPEATABLE: [&str; 4] = ["header", "event_field", "add_label", "add_option"];

/// Compiles a destination for one workload.
///
/// Typed fields come first under the plugin's own option names, then defaults, then `options`. A
/// key given twice is refused, also when the two differ in case only, because Fluent Bit compares
/// keys without case and stops on the second; only options that a plugin takes several times may
/// repeat, and then go to [`CompiledOutput::repeated`].
///
/// Errors name the field below the destination and never repeat its value.
pub fn compile(
    spec: &LogDestinationSpec,
    scope: &OutputScope<'_>,
) -> Result<CompiledOutput, OutputError> {
    let blocks = spec.blocks();
    let [(block_name, destination)] = blocks.as_slice() else {
        return Err(OutputError::new(
            "destination",
            "must have exactly one destination block",
        ));
    };
    let block = destination.block();
    check_name(block.plugin())
        .map_err(|problem| OutputError::new(format!("{block_name}.plugin"), problem.to_string()))?;
    let mut options = Options::new(block_name, block, scope.image_line);
    options.take_typed(block)?;
    options.take_further(block)?;
    options.take_secrets(block)?;
    defaults::apply(*destination, &mut options, scope);
    options.order();
    conflicts::check(&options)?;
    let grants = grants::of(*destination, &options, scope)?;
    Ok(CompiledOutput {
        name: None,
        plugin: block.plugin().to_owned(),
        options: options.plain,
        repeated: options.repeated,
        secret_options: options.secret,
        grants,
        include_pattern: None,
        exclude_pattern: None,
        nested: false,
    })
}

/// The options that the typed fields of a destination give, with their defaults, for its
/// permissions.
pub(super) fn typed_options<'a>(
    block_name: &'a str,
    destination: Destination<'a>,
    scope: &OutputScope<'_>,
) -> Result<Options<'a>, OutputError> {
    let block = destination.block();
    let mut options = Options::new(block_name, block, scope.image_line);
    options.take_typed(block)?;
    defaults::apply(destination, &mut options, scope);
    Ok(options)
}

/// The options of an output while they are gathered.
pub(super) struct Options<'a> {
    block_name: &'a str,
    plugin: &'a str,
    image_line: ImageLine,
    plain: IndexMap<String, String>,
    repeated: Vec<(String, String)>,
    secret: IndexMap<String, String>,
    typed_count: usize,
    default_count: usize,
}

impl<'a> Options<'a> {
    fn new(block_name: &'a str, block: &'a dyn DestinationBlock, image_line: ImageLine) -> Self {
        Self {
            block_name,
            plugin: block.plugin(),
            image_line,
            plain: IndexMap::new(),
            repeated: Vec::new(),
            secret: IndexMap::new(),
            typed_count: 0,
            default_count: 0,
        }
    }

    pub(super) fn plugin(&self) -> &'a str {
        self.plugin
    }

    /// The field of the destination that a message is about.
    pub(super) fn field(&self, field: &str) -> String {
        format!("{}.{field}", self.block_name)
    }

    /// The plain value of an option; keys are compared without case.
    pub(super) fn value(&self, option: &str) -> Option<&str> {
        self.plain
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(option))
            .map(|(_, value)| value.as_str())
    }

    /// Whether the option is given, plain or secret.
    pub(super) fn has(&self, option: &str) -> bool {
        self.value(option).is_some()
            || self
                .secret
                .keys()
                .any(|key| key.eq_ignore_ascii_case(option))
    }

    /// The value of an HTTP header among the `header` options, `NAME VALUE` each.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let plain = self.plain.iter();
        let repeated = self.repeated.iter().map(|(key, value)| (key, value));
        plain
            .chain(repeated)
            .filter(|(key, _)| key.eq_ignore_ascii_case("header"))
            .filter_map(|(_, value)| value.split_once(' '))
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether a boolean option is on, by the words Fluent Bit takes for it.
    pub(super) fn is_on(&self, option: &str) -> bool {
        self.value(option).is_some_and(|value| {
            ["on", "true", "yes"]
                .iter()
                .any(|word| value.eq_ignore_ascii_case(word))
        })
    }

    pub(super) fn set_default(&mut self, option: &str, value: &str) {
        if !self.has(option) {
            self.plain.insert(option.to_owned(), value.to_owned());
            self.default_count += 1;
        }
    }

    fn take_typed(&mut self, block: &dyn DestinationBlock) -> Result<(), OutputError> {
        for (option, value) in block.typed_options() {
            let api_name = block
                .known_options()
                .iter()
                .find(|(known, _)| *known == option)
                .map_or_else(|| role_field(option), |(_, api_name)| api_name);
            let field = self.field(api_name);
            check_value(&value).map_err(|problem| problem_of(&field, &problem))?;
            self.take(&field, option, value)?;
        }
        self.typed_count = self.plain.len();
        Ok(())
    }

    fn take_further(&mut self, block: &dyn DestinationBlock) -> Result<(), OutputError> {
        for (option, value) in block.options() {
            let field = self.field(&format!("options[{option}]"));
            self.check_option(&field, option)?;
            check_option_text(value).map_err(|problem| problem_of(&field, &problem))?;
            self.take(&field, option, value.clone())?;
        }
        Ok(())
    }

    fn take(&mut self, field: &str, option: &str, value: String) -> Result<(), OutputError> {
        self.check_image(field, option)?;
        if !self.has(option) {
            self.plain.insert(option.to_owned(), value);
            return Ok(());
        }
        if is_repeatable(option) {
            self.repeated.push((option.to_owned(), value));
            return Ok(());
        }
        Err(given_twice(field, option))
    }

    fn take_secrets(&mut self, block: &dyn DestinationBlock) -> Result<(), OutputError> {
        for (option, value_from) in block.secret_options() {
            let field = self.field(&format!("secretOptions[{option}]"));
            self.check_option(&field, option)?;
            if option.contains('-') {
                return Err(OutputError::new(
                    field,
                    "a hyphen cannot be part of the environment variable that carries the secret",
                ));
            }
            check_value(value_from).map_err(|problem| problem_of(&field, &problem))?;
            if value_from.contains("${") {
                return Err(problem_of(&field, &TextProblem::Variable));
            }
            self.check_image(&field, option)?;
            if self.has(option) && !is_repeatable(option) {
                return Err(given_twice(&field, option));
            }
            self.secret.insert(option.clone(), value_from.clone());
        }
        Ok(())
    }

    fn check_option(&self, field: &str, option: &str) -> Result<(), OutputError> {
        check_key(option).map_err(|problem| problem_of(field, &problem))?;
        if RESERVED.iter().any(|key| key.eq_ignore_ascii_case(option)) {
            return Err(OutputError::new(
                field,
                format!("{option} is set by the operator"),
            ));
        }
        Ok(())
    }

    fn check_image(&self, field: &str, option: &str) -> Result<(), OutputError> {
        if self.image_line != ImageLine::V2 {
            return Ok(());
        }
        match refused_by_v2(self.plugin, option) {
            Some(message) => Err(OutputError::new(field, message)),
            None => Ok(()),
        }
    }

    /// Defaults were added last, since they look at everything; they belong behind the typed
    /// options, before the further ones.
    fn order(&mut self) {
        let first_default = self.plain.len() - self.default_count;
        for offset in 0..self.default_count {
            self.plain
                .move_index(first_default + offset, self.typed_count + offset);
        }
    }
}

/// The field of a `custom` destination that a role option came from.
fn role_field(option: &str) -> &str {
    if option.ends_with("role_arn") {
        "roleArn"
    } else {
        "externalId"
    }
}

fn is_repeatable(option: &str) -> bool {
    REPEATABLE
        .iter()
        .any(|key| key.eq_ignore_ascii_case(option))
}

fn problem_of(field: &str, problem: &TextProblem) -> OutputError {
    OutputError::new(field, problem.to_string())
}

fn given_twice(field: &str, option: &str) -> OutputError {
    OutputError::new(
        field,
        format!("{option} is given twice; Fluent Bit compares option names without case"),
    )
}
