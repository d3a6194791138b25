//! What every destination block has in common, and the macro that declares one.
//!
//! A field is declared once, with its plugin option, so that type, schema and rendering cannot differ.
//! No field holds a secret: secrets are references in `secretOptions`.

use std::collections::BTreeMap;

/// A destination block as its Fluent Bit plugin sees it.
pub trait DestinationBlock {
    /// Returns the name of the Fluent Bit output plugin, such as `cloudwatch_logs`.
    fn plugin(&self) -> &str;

    /// Returns the options of the typed fields that are given, by the plugin's own names, in documented order.
    /// An option that the plugin accepts several times (`header`) is returned several times.
    fn typed_options(&self) -> Vec<(&'static str, String)>;

    /// Returns further options of the plugin, by its own names.
    fn options(&self) -> &BTreeMap<String, String>;

    /// Returns the options whose value ECS reads from Secrets Manager or the SSM parameter store: option name
    /// to `valueFrom`.
    fn secret_options(&self) -> &BTreeMap<String, String>;

    /// Returns the option names of the typed fields, given or not, with the field name in the API.
    fn known_options(&self) -> &'static [(&'static str, &'static str)];
}

/// The text forms of a typed field.
pub(crate) trait OptionText {
    /// Returns every value, as Fluent Bit accepts it; empty if the field is not given.
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
///
/// `over network` adds the options of every plugin that connects by itself. Fields in `beside` are not options
/// of the plugin: they choose defaults or permissions.
macro_rules! destination_block {
    (
        $(#[$meta:meta])*
        $name:ident over network is $plugin:literal { $($fields:tt)* }
        $($beside:tt)*
    ) => {
        $crate::v1alpha1::destination::block::destination_block! {
            $(#[$meta])*
            $name is $plugin {
                $($fields)*
                /// Directory with CA certificates inside the router image. Option `tls.ca_path`.
                #[serde(default)]
                tls_ca_path: Option<String> = "tls.ca_path" / "tlsCaPath",
                /// Path of the client certificate inside the router image. Option `tls.crt_file`.
                #[serde(default)]
                tls_crt_file: Option<String> = "tls.crt_file" / "tlsCrtFile",
                /// Path of its private key; a passphrase goes into `secretOptions` as
                /// `tls.key_passwd`. Option `tls.key_file`.
                #[serde(default)]
                tls_key_file: Option<String> = "tls.key_file" / "tlsKeyFile",
                /// Lowest TLS version, such as TLSv1.2. Absent: the default of the image. Option
                /// `tls.min_version`.
                #[serde(default)]
                tls_min_version: Option<String> = "tls.min_version" / "tlsMinVersion",
                /// Highest TLS version. Absent: the default of the image. Option `tls.max_version`.
                #[serde(default)]
                tls_max_version: Option<String> = "tls.max_version" / "tlsMaxVersion",
                /// Ciphers up to TLS 1.2, in OpenSSL form. Option `tls.ciphers`.
                #[serde(default)]
                tls_ciphers: Option<String> = "tls.ciphers" / "tlsCiphers",
                /// How much of TLS the router logs: 0 to 4. Absent: 1. Option `tls.debug`.
                #[serde(default)]
                #[schemars(range(min = 0, max = 4))]
                tls_debug: Option<u32> = "tls.debug" / "tlsDebug",
                /// How long connecting may take, such as `10s` (absent). Option
                /// `net.connect_timeout`.
                #[serde(default)]
                net_connect_timeout: Option<String> = "net.connect_timeout" / "netConnectTimeout",
                /// How long a connection may be silent, such as `30s`. Absent: no limit. Option
                /// `net.io_timeout`.
                #[serde(default)]
                net_io_timeout: Option<String> = "net.io_timeout" / "netIoTimeout",
                /// Whether connections are used again. Absent: true. Option `net.keepalive`.
                #[serde(default)]
                net_keepalive: Option<bool> = "net.keepalive" / "netKeepalive",
                /// How long an unused connection is kept, such as `30s` (absent). Option
                /// `net.keepalive_idle_timeout`.
                #[serde(default)]
                net_keepalive_idle_timeout: Option<String> = "net.keepalive_idle_timeout" / "netKeepaliveIdleTimeout",
                /// How often a connection is used; 0 for no limit. Absent: 2000. Option
                /// `net.keepalive_max_recycle`.
                #[serde(default)]
                #[schemars(range(min = 0, max = 1_000_000_000))]
                net_keepalive_max_recycle: Option<u32> = "net.keepalive_max_recycle" / "netKeepaliveMaxRecycle",
                /// Most connections of one worker; 0 (absent) for no limit. Option
                /// `net.max_worker_connections`.
                #[serde(default)]
                #[schemars(range(min = 0, max = 100_000))]
                net_max_worker_connections: Option<u32> = "net.max_worker_connections" / "netMaxWorkerConnections",
                /// Transport of name look-ups: UDP or TCP. Option `net.dns.mode`.
                #[serde(default)]
                #[schemars(extend("enum" = ["UDP", "TCP"]))]
                net_dns_mode: Option<String> = "net.dns.mode" / "netDnsMode",
                /// Who looks names up: LEGACY (the C library) or ASYNC. Option `net.dns.resolver`.
                #[serde(default)]
                #[schemars(extend("enum" = ["LEGACY", "ASYNC"]))]
                net_dns_resolver: Option<String> = "net.dns.resolver" / "netDnsResolver",
            }
            $($beside)*
        }
    };
    (
        $(#[$meta:meta])*
        $name:ident is $plugin:literal {
            $($(#[$field_meta:meta])* $field:ident: $type:ty = $option:literal / $api:literal,)*
        }
        $(beside {
            $($(#[$beside_meta:meta])* $beside:ident: $beside_type:ty,)*
        })?
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
            $($(
                $(#[$beside_meta])*
                pub $beside: $beside_type,
            )*)?
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
            /// Most that waits for this output on disk, such as `1G`, where the router buffers in
            /// files; the oldest is dropped (`storage.total_limit_size`). Absent: no limit.
            #[serde(rename = "storageTotalLimitSize", default, skip_serializing_if = "Option::is_none")]
            pub storage_total_limit_size: Option<String>,
            /// What the router logs about this output: off, error, warn, info, debug, trace
            /// (`log_level`). Absent: as the router as a whole.
            #[serde(rename = "logLevel", default, skip_serializing_if = "Option::is_none")]
            #[schemars(extend("enum" = ["off", "error", "warn", "info", "debug", "trace"]))]
            pub log_level: Option<String>,
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
                let limit = self.storage_total_limit_size.texts();
                options.extend(limit.into_iter().map(|text| ("storage.total_limit_size", text)));
                options.extend(self.log_level.texts().into_iter().map(|text| ("log_level", text)));
                options
            }

            fn options(&self) -> &std::collections::BTreeMap<String, String> {
                &self.options
            }

            fn secret_options(&self) -> &std::collections::BTreeMap<String, String> {
                &self.secret_options
            }

            fn known_options(&self) -> &'static [(&'static str, &'static str)] {
                &[$(($option, $api),)* ("retry_limit", "retryLimit"), ("workers", "workers"),
                  ("storage.total_limit_size", "storageTotalLimitSize"), ("log_level", "logLevel")]
            }
        }
    };
}
pub(crate) use destination_block;
