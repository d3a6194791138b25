//! The parsers that a router image has already, and which file defines each.
//!
//! The caller decides whether the image is known; nothing is assumed about another one.
//! Files and names: <https://github.com/fluent/fluent-bit/tree/v4.2.2/conf>, copied into the image by
//! <https://github.com/aws/aws-for-fluent-bit/blob/mainline/scripts/dockerfiles/Dockerfile.build>.

use crate::outputs::ImageLine;

/// The parser file of aws-for-fluent-bit that is meant for everybody. It lies there because the ECS
/// agent mounts over `/fluent-bit/etc`.
pub const BUILT_IN_PARSERS_FILE: &str = "/fluent-bit/parsers/parsers.conf";

/// Parser files of the image and the parsers in them, equal from 1.9.10 to 5.1.1 but for [`SINCE_V3`].
const FILES: [(&str, &[&str]); 7] = [
    (
        BUILT_IN_PARSERS_FILE,
        &[
            "apache",
            "apache2",
            "apache_error",
            "cri",
            "docker",
            "docker-daemon",
            "envoy",
            "istio-envoy-proxy",
            "json",
            "k8s-nginx-ingress",
            "kmsg-netfilter-log",
            "kube-custom",
            "logfmt",
            "mongodb",
            "nginx",
            "syslog-rfc3164",
            "syslog-rfc3164-local",
            "syslog-rfc5424",
        ],
    ),
    (
        "/fluent-bit/parsers/parsers_ambassador.conf",
        &["ambassador"],
    ),
    ("/fluent-bit/parsers/parsers_cinder.conf", &["ceph"]),
    (
        "/fluent-bit/parsers/parsers_extra.conf",
        &[
            "chefclient",
            "couchbase_erlang_multiline",
            "couchbase_http",
            "couchbase_java_multiline",
            "couchbase_json_log_nanoseconds",
            "couchbase_rebalance_report",
            "couchbase_simple_log",
            "couchbase_simple_log_mixed",
            "couchbase_simple_log_space_separated",
            "couchbase_simple_log_utc",
            "crowbar",
            "http_statement",
            "iptables",
            "mysql_error",
            "mysql_slow",
            "pacemaker",
            "rabbitmq",
            "universal",
            "uuid",
        ],
    ),
    ("/fluent-bit/parsers/parsers_java.conf", &["java_multiline"]),
    (
        "/fluent-bit/parsers/parsers_kafka.conf",
        &[
            "confluent-schema-registry",
            "confluent-schema-registry-prefixed",
        ],
    ),
    (
        "/fluent-bit/parsers/parsers_openstack.conf",
        &["cinder", "glance", "heat", "keystone", "neutron", "nova"],
    ),
];

/// Parsers that 1.9.10 does not have.
const SINCE_V3: [&str; 3] = ["istio-envoy-proxy", "kmsg-netfilter-log", "logfmt"];

/// Multiline parsers that are compiled in; the last one is not in 1.9.10.
/// <https://github.com/fluent/fluent-bit/tree/v4.2.2/src/multiline>
const MULTILINE: [&str; 6] = ["cri", "docker", "go", "java", "python", "ruby"];

fn is_in(name: &str, image_line: ImageLine) -> bool {
    image_line != ImageLine::V2 || !SINCE_V3.contains(&name)
}

/// The file of the image that defines a parser. Fluent Bit tells case apart.
pub(crate) fn file_of_parser(name: &str, image_line: ImageLine) -> Option<&'static str> {
    FILES
        .iter()
        .find(|(_, names)| names.contains(&name) && is_in(name, image_line))
        .map(|(file, _)| *file)
}

/// Every parser file of the image, the one for everybody first.
pub fn files() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(file, _)| *file)
}

/// The parsers of one file.
pub(crate) fn parsers_in(file: &str) -> &'static [&'static str] {
    FILES
        .iter()
        .find(|(path, _)| *path == file)
        .map_or(&[], |(_, names)| *names)
}

/// Every parser of the image.
pub fn parsers(image_line: ImageLine) -> Vec<&'static str> {
    let names = FILES.iter().flat_map(|(_, names)| names.iter().copied());
    names.filter(|name| is_in(name, image_line)).collect()
}

/// The multiline parsers that are compiled in. Fluent Bit does not tell their case apart.
pub(crate) fn multiline_parsers(image_line: ImageLine) -> &'static [&'static str] {
    match image_line {
        ImageLine::V2 => &MULTILINE[..5],
        ImageLine::V3 | ImageLine::Unknown => &MULTILINE,
    }
}
