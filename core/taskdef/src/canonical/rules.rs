//! The rules of the canonical form: what ECS adds, drops or reorders when it registers a task definition.
//!
//! One line for each member that registration changes. A member without a line is kept as it was written:
//! what ECS is not known to normalise may make a difference.
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html> and
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>.

use crate::CONTAINERS;
use Absent::{
    Always, Blank, ContainerPort, DefaultNetworkMode, Empty, False, NoTags, Number, RouterUser,
    Text, True, Zero,
};
use Form::{AsWritten, Containers, List, Object, Size, Sorted, SortedBy, Tags};

/// What happens to one member of an object.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    /// The values that mean the same as the absence of the member.
    pub(crate) absent: &'static [Absent],
    pub(super) form: Form,
}

/// The members of one kind of object that have a rule.
pub(crate) type Level = &'static [Rule];

/// A value that means the same as the absence of its member.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    /// Any: the member is in answers and never in requests.
    Always,
    /// `[]` and `{}`.
    Empty,
    /// `""`. ECS never answers so, emulators do.
    Blank,
    True,
    False,
    Zero,
    Number(u64),
    Text(&'static str),
    /// A list without a tag that may be sent, and anything but a list.
    NoTags,
    /// On Linux `bridge` is what ECS takes when nothing is said; on Fargate only `awsvpc` is possible.
    DefaultNetworkMode,
    /// The number of `containerPort`, in network modes where the two cannot differ.
    ContainerPort,
    /// `"0"`, which ECS fills in for the FireLens container.
    RouterUser,
}

/// How the value of a member is written.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// As any JSON: keys sorted, nulls in objects gone, whole numbers written as such.
    AsWritten,
    /// A size of the task in 1024ths of this unit: `1024` and `"1 vCPU"` become `"1024"`.
    /// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html>.
    Size(&'static str),
    Object(Level),
    /// A list whose order means something.
    List(Level),
    /// A list whose order means nothing, sorted by a member of its entries.
    SortedBy(&'static str, Level),
    /// A list whose order means nothing, sorted by the text of its entries.
    Sorted,
    /// The tags that may be sent, sorted by their keys.
    Tags,
    /// The containers, which the document keeps beside its other members.
    Containers,
}

const fn absent(name: &'static str, absent: &'static [Absent]) -> Rule {
    rule(name, absent, AsWritten)
}

const fn rule(name: &'static str, absent: &'static [Absent], form: Form) -> Rule {
    Rule { name, absent, form }
}

/// Members of the task definition.
pub(crate) const TASK: Level = &[
    rule(CONTAINERS, &[], Containers),
    absent("taskDefinitionArn", &[Always]),
    absent("revision", &[Always]),
    absent("status", &[Always]),
    absent("requiresAttributes", &[Always]),
    absent("compatibilities", &[Always]),
    absent("registeredAt", &[Always]),
    absent("registeredBy", &[Always]),
    absent("deregisteredAt", &[Always]),
    absent("deleteRequestedAt", &[Always]),
    absent("taskRoleArn", &[Blank]),
    absent("executionRoleArn", &[Blank]),
    absent("networkMode", &[Blank, DefaultNetworkMode]),
    absent("pidMode", &[Blank]),
    absent("ipcMode", &[Blank]),
    rule("cpu", &[Blank], Size("vcpu")),
    rule("memory", &[Blank], Size("gb")),
    absent("enableFaultInjection", &[False]),
    absent("placementConstraints", &[Empty]),
    absent("inferenceAccelerators", &[Empty]),
    rule("requiresCompatibilities", &[Empty], Sorted),
    rule("tags", &[NoTags], Tags),
    rule("volumes", &[Empty], List(VOLUME)),
];

const VOLUME: Level = &[
    absent("host", &[Empty]),
    rule("efsVolumeConfiguration", &[], Object(EFS_VOLUME)),
];

const EFS_VOLUME: Level = &[absent("rootDirectory", &[Text("/")])];

/// Members of a container.
pub(super) const CONTAINER: Level = &[
    absent("cpu", &[Zero]),
    absent("essential", &[True]),
    absent("user", &[Blank, RouterUser]),
    absent("workingDirectory", &[Blank]),
    absent("hostname", &[Blank]),
    absent("command", &[Empty]),
    absent("credentialSpecs", &[Empty]),
    absent("dnsSearchDomains", &[Empty]),
    absent("dnsServers", &[Empty]),
    absent("dockerLabels", &[Empty]),
    absent("dockerSecurityOptions", &[Empty]),
    absent("entryPoint", &[Empty]),
    absent("environmentFiles", &[Empty]),
    absent("extraHosts", &[Empty]),
    absent("links", &[Empty]),
    absent("linuxParameters", &[Empty]),
    absent("resourceRequirements", &[Empty]),
    absent("systemControls", &[Empty]),
    absent("ulimits", &[Empty]),
    absent("volumesFrom", &[Empty]),
    rule("dependsOn", &[Empty], SortedBy("containerName", &[])),
    rule("environment", &[Empty], SortedBy("name", &[])),
    rule("secrets", &[Empty], SortedBy("name", &[])),
    rule(
        "portMappings",
        &[Empty],
        SortedBy("containerPort", PORT_MAPPING),
    ),
    rule("mountPoints", &[Empty], List(MOUNT_POINT)),
    rule("healthCheck", &[], Object(HEALTH_CHECK)),
    rule("logConfiguration", &[], Object(LOG_CONFIGURATION)),
    rule("firelensConfiguration", &[], Object(FIRELENS_CONFIGURATION)),
];

const PORT_MAPPING: Level = &[
    absent("protocol", &[Text("tcp")]),
    absent("hostPort", &[Zero, ContainerPort]),
];

const MOUNT_POINT: Level = &[absent("readOnly", &[False])];

/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html>.
const HEALTH_CHECK: Level = &[
    absent("interval", &[Number(30)]),
    absent("timeout", &[Number(5)]),
    absent("retries", &[Number(3)]),
];

const LOG_CONFIGURATION: Level = &[
    absent("options", &[Empty]),
    rule("secretOptions", &[Empty], SortedBy("name", &[])),
];

const FIRELENS_CONFIGURATION: Level = &[absent("options", &[Empty])];

/// The rule of a member.
pub(crate) fn find(level: Level, name: &str) -> Option<&'static Rule> {
    level.iter().find(|rule| rule.name == name)
}
