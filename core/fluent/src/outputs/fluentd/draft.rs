//! The parameters of a Fluentd output while they are gathered.
//!
//! A typed field that no plugin took by the end is refused by its name.

use indexmap::IndexMap;

use crate::outputs::OutputError;
use crate::text::fluentd::{check_fluentd_name, check_fluentd_value};
use firelens_types::v1alpha1::DestinationBlock;

/// Parameters that belong to the operator.
const RESERVED: [&str; 3] = ["@type", "@id", "@label"];

/// Everything a Fluentd output is given, by Fluentd's own names.
pub(super) struct Finished {
    pub(super) params: IndexMap<String, String>,
    pub(super) secrets: IndexMap<String, String>,
}

pub(super) struct Draft<'a> {
    block_name: &'a str,
    block: &'a dyn DestinationBlock,
    /// Typed fields that no one took yet: option of Fluent Bit, value.
    given: Vec<(&'static str, String)>,
    params: IndexMap<String, String>,
    /// Secret options under another name: that of Fluent Bit, that of Fluentd.
    secret_names: Vec<(&'static str, &'static str)>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(block_name: &'a str, block: &'a dyn DestinationBlock) -> Self {
        Self {
            block_name,
            block,
            given: block.typed_options(),
            params: IndexMap::new(),
            secret_names: Vec::new(),
        }
    }

    /// The field of the destination that a message is about.
    pub(super) fn field(&self, field: &str) -> String {
        format!("{}.{field}", self.block_name)
    }

    /// The field that a typed option of Fluent Bit stands for.
    pub(super) fn field_of(&self, option: &str) -> String {
        let known = self.block.known_options().iter();
        let field = known.copied().find(|(known, _)| *known == option);
        self.field(field.map_or(option, |(_, field)| field))
    }

    pub(super) fn refused(&self, option: &str, message: impl Into<String>) -> OutputError {
        OutputError::new(self.field_of(option), message)
    }

    /// Looks at a typed value without taking it.
    pub(super) fn peek(&self, option: &str) -> Option<&str> {
        let found = self.given.iter().find(|(name, _)| *name == option);
        found.map(|(_, value)| value.as_str())
    }

    /// Takes a typed value.
    pub(super) fn take(&mut self, option: &str) -> Option<String> {
        let at = self.given.iter().position(|(name, _)| *name == option)?;
        Some(self.given.remove(at).1)
    }

    /// Takes every value of a typed list.
    pub(super) fn take_all(&mut self, option: &str) -> Vec<String> {
        std::iter::from_fn(|| self.take(option)).collect()
    }

    /// Takes a typed boolean.
    pub(super) fn take_bool(&mut self, option: &str) -> Option<bool> {
        self.take(option).map(|value| value == "On")
    }

    /// Sets a parameter.
    pub(super) fn put(&mut self, param: &str, value: impl Into<String>) {
        self.params.insert(param.to_owned(), value.into());
    }

    /// Sets a parameter unless the user's `options` have it, or another that excludes it.
    pub(super) fn put_default(&mut self, param: &str, value: &str, unless: &[&str]) {
        let options = self.block.options();
        let given = |name: &str| options.contains_key(name) || self.params.contains_key(name);
        if !given(param) && !unless.iter().any(|name| given(name)) {
            self.put(param, value);
        }
    }

    /// Takes typed values to parameters that mean the same. Booleans become `true` and `false`.
    pub(super) fn rename(&mut self, names: &[(&str, &str)]) {
        for (option, param) in names {
            if let Some(value) = self.take(option) {
                let value = match value.as_str() {
                    "On" => "true".to_owned(),
                    "Off" => "false".to_owned(),
                    _ => value,
                };
                self.put(param, value);
            }
        }
    }

    /// Names of secret options of Fluent Bit's plugin, and what Fluentd's plugin calls them.
    pub(super) fn secrets(&mut self, names: &[(&'static str, &'static str)]) {
        self.secret_names.extend(names);
    }

    /// Whether a secret option is given, under its Fluent Bit name or Fluentd's.
    pub(super) fn has_secret(&self, names: &[&str]) -> bool {
        let secrets = self.block.secret_options();
        names.iter().any(|name| secrets.contains_key(*name))
    }

    /// What every output has: retries, threads, limits, log level.
    /// <https://docs.fluentd.org/configuration/buffer-section>
    pub(super) fn buffering(&mut self) -> Result<(), OutputError> {
        match self.take("retry_limit").as_deref() {
            None => {}
            Some("no_limits") => self.put("buffer.retry_forever", "true"),
            Some("no_retries") => self.put("buffer.retry_max_times", "0"),
            Some(times) => self.put("buffer.retry_max_times", times),
        }
        if let Some(workers) = self.take("workers") {
            let threads = if workers == "0" { "1" } else { &workers };
            self.put("buffer.flush_thread_count", threads);
        }
        self.rename(&[("storage.total_limit_size", "buffer.total_limit_size")]);
        if let Some(level) = self.take("log_level") {
            let level = if level == "off" { "fatal" } else { &level };
            self.put("@log_level", level);
        }
        Ok(())
    }

    /// Adds `options` and `secretOptions`, and checks every word.
    pub(super) fn finish(mut self) -> Result<Finished, OutputError> {
        if let Some((option, _)) = self.given.first() {
            let message = "Fluentd's plugin has nothing like it; leave it out for a Fluentd router";
            return Err(self.refused(option, message));
        }
        for (name, value) in self.block.options() {
            let field = self.field(&format!("options[{name}]"));
            self.check_name(&field, name)?;
            if self.params.contains_key(name) {
                return Err(OutputError::new(field, "is also given by a typed field"));
            }
            self.params.insert(name.clone(), value.clone());
        }
        for (name, value) in &self.params {
            if let Err(problem) = check_fluentd_value(value) {
                return Err(OutputError::new(
                    self.field_of_param(name),
                    problem.to_string(),
                ));
            }
        }
        let secrets = self.take_secrets()?;
        Ok(Finished {
            params: self.params,
            secrets,
        })
    }

    fn take_secrets(&self) -> Result<IndexMap<String, String>, OutputError> {
        let mut secrets = IndexMap::new();
        for (name, value_from) in self.block.secret_options() {
            let field = self.field(&format!("secretOptions[{name}]"));
            let renamed = self.secret_names.iter().find(|(old, _)| old == name);
            let param = renamed.map_or(name.as_str(), |(_, param)| param);
            self.check_name(&field, param)?;
            if name.contains('-') {
                let message =
                    "a hyphen cannot be part of the environment variable that carries the secret";
                return Err(OutputError::new(field, message));
            }
            if check_fluentd_value(value_from).is_err() || value_from.contains("${") {
                return Err(OutputError::new(
                    field,
                    "must be an ARN or a parameter name",
                ));
            }
            if self.params.contains_key(param) || secrets.contains_key(param) {
                return Err(OutputError::new(field, format!("{param} is given twice")));
            }
            secrets.insert(param.to_owned(), value_from.clone());
        }
        Ok(secrets)
    }

    fn check_name(&self, field: &str, name: &str) -> Result<(), OutputError> {
        check_fluentd_name(name).map_err(|problem| OutputError::new(field, problem.to_string()))?;
        if RESERVED.contains(&name) {
            let message = format!("{name} is set by the operator");
            return Err(OutputError::new(field, message));
        }
        Ok(())
    }

    fn field_of_param(&self, param: &str) -> String {
        if self.block.options().contains_key(param) {
            self.field(&format!("options[{param}]"))
        } else {
            self.field(&format!("({param})"))
        }
    }
}

/// A URL from what typed fields say of it.
pub(super) fn url(tls: bool, host: &str, port: Option<&str>) -> String {
    let scheme = if tls { "https" } else { "http" };
    match port {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}

/// Headers (`NAME VALUE` each) as the JSON map that Fluentd's plugins take.
pub(super) fn headers(lines: &[String]) -> Option<String> {
    let mut map = serde_json::Map::new();
    for line in lines {
        let (name, value) = line.split_once(' ')?;
        map.insert(name.to_owned(), value.trim().into());
    }
    Some(serde_json::Value::Object(map).to_string())
}
