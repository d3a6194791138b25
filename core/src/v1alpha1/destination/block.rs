//! What every destination block has in common, and the macro that declares one.
//!
//! A field is declared once, with the plugin option it stands for, so that type, schema and
//! rendering cannot differ. No field holds a secret: those are references in `secretOptions`.

use std::collections::BTreeMap;

/// A destination block as its Fluent Bit plugin sees it.
pub trait DestinationBlock {
    /// Name of the Fluent Bit output plugin, such as `cloudwatch_logs`.
    fn plugin(&self) -> &str;

    /// Options of the typed fields that are given, by the plugin's own names, in documented order.
    /// An option that the plugin takes several times (`header`) is there several times.
    fn typed_options(&self) -> Vec<(&'static str, String)>;

    /// Further options of the plugin, by its own names.
    fn options(&self) -> &BTreeMap<String, String>;

    /// Options whose value ECS reads from Secrets Manager or the SSM parameter store: option name
    /// to `valueFrom`.
    fn secret_options(&self) -> &BTreeMap<String, String>;

    /// The option names of the typed fields, given or not, with the field name in the API.
    fn known_options(&self) -> &'static [(&'static str, &'static str)];
}

/// The text forms of a typed field.
pub(crate) trait OptionText {
    /// Every value, as Fluent Bit takes it; empty when the field is not given.
    fn texts(&self) -> Vec<String>;
}

impl OptionText for String {
    fn texts(&self) -> Vec<String> {
        vec![self.clone()]
    }
}

impl OptionText for bool {
    fn texts(&self) -> Vec<String> {
        vec![if *self { "On" } else { "Off" }.to_owned()]
    }
}

impl OptionText for u32 {
    fn texts(&self) -> Vec<String> {
        vec![self.to_string()]
    }
}

impl<T: OptionText> OptionText for Option<T> {
    fn texts(&self) -> Vec<String> {
        self.as_ref().map(OptionText::texts).unwrap_or_default()
    }
}

impl OptionText for Vec<String> {
    fn texts(&self) -> Vec<String> {
        self.clone()
    }
}

/// Whether a typed field is not given.
pub(crate) fn is_absent<T: OptionText>(field: &T) -> bool {
    field.texts().is_empty()
}

/// Declares a destination block: `field: Type = "option" / "apiName"`.
macro_rules! destination_block {
    (
        $(#[$meta:meta])*
        $name:ident is $plugin:literal {
            $($(#[$field_meta:meta])* $field:ident: $type:ty = $option:literal / $api:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(rename = $api, skip_serializing_if = "crate::v1alpha1::destination::block::is_absent")]
                pub $field: $type,
            )*
            /// How often sending a chunk is tried again: a number, `no_limits` or `no_retries`
            /// (`retry_limit`). Absent: 1.
            /// <https://docs.fluentbit.io/manual/administration/scheduling-and-retries>
            #[serde(rename = "retryLimit", default, skip_serializing_if = "Option::is_none")]
            #[schemars(regex(pattern = r"^([1-9][0-9]{0,8}|no_limits|no_retries)$"))]
            pub retry_limit: Option<String>,
            /// Threads that send (`workers`). Absent: the plugin's default.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(range(min = 0, max = 64))]
            pub workers: Option<u32>,
            /// Any further option of the plugin, by its own name, not secret; checked against the
            /// plugin's own list.
            #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
            pub options: std::collections::BTreeMap<String, String>,
            /// Options of the plugin whose value ECS reads from Secrets Manager or the SSM
            /// parameter store: option name (without a hyphen) to ARN or SSM parameter name.
            #[serde(rename = "secretOptions", default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
            pub secret_options: std::collections::BTreeMap<String, String>,
        }

        impl crate::v1alpha1::destination::DestinationBlock for $name {
            fn plugin(&self) -> &str {
                $plugin
            }

            fn typed_options(&self) -> Vec<(&'static str, String)> {
                use crate::v1alpha1::destination::block::OptionText;
                let mut options = Vec::new();
                $(options.extend(self.$field.texts().into_iter().map(|text| ($option, text)));)*
                options.extend(self.retry_limit.texts().into_iter().map(|text| ("retry_limit", text)));
                options.extend(self.workers.texts().into_iter().map(|text| ("workers", text)));
                options
            }

            fn options(&self) -> &std::collections::BTreeMap<String, String> {
                &self.options
            }

            fn secret_options(&self) -> &std::collections::BTreeMap<String, String> {
                &self.secret_options
            }

            fn known_options(&self) -> &'static [(&'static str, &'static str)] {
                &[$(($option, $api),)* ("retry_limit", "retryLimit"), ("workers", "workers")]
            }
        }
    };
}
pub(crate) use destination_block;
