//! Texts that no line of a Fluent Bit file can hold, carried to the router by variables of its own.
//!
//! A value in a classic file is one line, and Fluent Bit 1.9.10 reads no line above 4094 bytes. But a
//! variable in a value is replaced by whatever it holds, line breaks included, and what it holds is
//! not looked at again. So the value becomes `${FIRELENS_TEXT_1}`, and the router gets that variable.
//! <https://github.com/fluent/fluent-bit/blob/v4.2.2/src/flb_env.c>
//!
//! Texts with variables of their own are left out, since these would not be replaced, and so are secrets,
//! which are references to the place that holds them.

use std::collections::{BTreeMap, BTreeSet};

use firelens_fluent::outputs::{CompiledOutput, ImageLine};
use firelens_fluent::text::LINE_BYTES_V2;
use firelens_types::lua;
use firelens_types::v1alpha1::{Filter, LoggingPolicySpec, RouterType};

/// What a line has beside the value at most: indent, key, blank, quotes.
const LINE_REST_BYTES: usize = 94;

/// What a text may hold and a line cannot.
const BREAKS: [char; 3] = ['\n', '\r', '\t'];

/// The filters with variables in place of such texts, and the variables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    pub(crate) filters: Vec<Filter>,
    /// Variables of the router: name, text.
    pub(crate) environment: Vec<(String, String)>,
}

/// Replaces such texts in the filters and outputs.
/// Fluentd knows no such variables, and its own file has quotes.
pub(crate) fn carry(
    spec: &LoggingPolicySpec,
    outputs: &mut BTreeMap<usize, CompiledOutput>,
) -> Texts {
    if spec.router.type_ == RouterType::Fluentd {
        return Texts {
            filters: spec.filters.clone(),
            environment: Vec::new(),
        };
    }
    let mut carrier = Carrier {
        line: ImageLine::of(&spec.router.image),
        taken: spec
            .router
            .environment
            .keys()
            .chain(spec.router.secrets.keys())
            .cloned()
            .collect(),
        environment: Vec::new(),
    };
    for output in outputs.values_mut() {
        let repeated = output.repeated.iter_mut().map(|(_, value)| value);
        for value in output.options.values_mut().chain(repeated) {
            carrier.value(value);
        }
    }
    let mut filters = spec.filters.clone();
    for filter in &mut filters {
        carrier.filter(filter);
    }
    Texts {
        filters,
        environment: carrier.environment,
    }
}

struct Carrier {
    line: ImageLine,
    taken: BTreeSet<String>,
    environment: Vec<(String, String)>,
}

impl Carrier {
    fn filter(&mut self, filter: &mut Filter) {
        if let Some(custom) = &mut filter.custom {
            custom
                .options
                .values_mut()
                .for_each(|value| self.value(value));
        }
        if let Some(modifier) = &mut filter.record_modifier {
            modifier
                .record
                .values_mut()
                .for_each(|value| self.token(value));
        }
        if let Some(modify) = &mut filter.modify {
            let values = modify.set.values_mut().chain(modify.add.values_mut());
            values.for_each(|value| self.token(value));
        }
        if let Some(lua) = &mut filter.lua
            && let Some(code) = &mut lua.code
            && let Ok(line) = lua::one_line(code)
            && self.is_too_long(&line)
        {
            *code = self.variable(line);
        }
    }

    /// A value that Fluent Bit takes as it is.
    fn value(&mut self, value: &mut String) {
        if self.must_carry(value) {
            *value = self.variable(std::mem::take(value));
        }
    }

    /// A value that Fluent Bit splits into tokens behind the variables: it stands in quotes there,
    /// so those in it are escaped. One that ends in a backslash is left to be refused.
    fn token(&mut self, value: &mut String) {
        if self.must_carry(value) && !value.ends_with('\\') {
            *value = self.variable(value.replace('"', "\\\""));
        }
    }

    fn must_carry(&self, value: &str) -> bool {
        (value.contains(BREAKS) || self.is_too_long(value)) && !value.contains("${")
    }

    fn is_too_long(&self, value: &str) -> bool {
        self.line == ImageLine::V2 && value.len() > LINE_BYTES_V2 - LINE_REST_BYTES
    }

    /// The same text gets the same variable.
    fn variable(&mut self, text: String) -> String {
        let known = self.environment.iter().find(|(_, known)| *known == text);
        let name = match known {
            Some((name, _)) => name.clone(),
            None => {
                let name = self.free_name();
                self.environment.push((name.clone(), text));
                name
            }
        };
        format!("${{{name}}}")
    }

    fn free_name(&mut self) -> String {
        let mut number = self.environment.len() + 1;
        loop {
            let name = format!("FIRELENS_TEXT_{number}");
            if self.taken.insert(name.clone()) {
                return name;
            }
            number += 1;
        }
    }
}
