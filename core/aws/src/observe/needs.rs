//! What must be read before a plan is final; the values are in the observation.

use std::collections::BTreeSet;

use super::{EvidenceNeeds, ImageQuestion, RightsQuestion};
use crate::record::WorkloadKey;

/// What must be read before a plan is final. The pass reads these and plans again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Revisions whose content is needed; it may come from a cache.
    pub task_definitions: BTreeSet<String>,
    /// Revisions whose current status is needed.
    pub fresh_task_definitions: BTreeSet<String>,
    /// Families whose newest active revisions are needed.
    pub families: BTreeSet<String>,
    /// Role names.
    pub roles: BTreeSet<String>,
    /// Names of roles whose users in other targets of the account are needed.
    pub role_users: BTreeSet<String>,
    /// Role name and inline policy name.
    pub role_policies: BTreeSet<(String, String)>,
    /// Names of roles of which all inline policies are needed.
    pub inline_policies: BTreeSet<String>,
    /// ARNs of managed policies whose default version is needed.
    pub managed_policies: BTreeSet<String>,
    /// Questions on the rights of roles.
    pub rights: BTreeSet<RightsQuestion>,
    /// Bucket and key.
    pub objects: BTreeSet<(String, String)>,
    /// Tags of images that are to be resolved.
    pub images: BTreeSet<ImageQuestion>,
    /// ARNs of clusters whose container instances are needed.
    pub container_instances: BTreeSet<String>,
    /// Services that have a record and were not listed.
    pub unlisted_services: BTreeSet<WorkloadKey>,
    /// Evidence on the health of deployments and on arriving logs.
    pub evidence: EvidenceNeeds,
}

impl Needs {
    /// Whether nothing is needed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the needs of `more`.
    pub fn extend(&mut self, more: Self) {
        // All fields are listed, so that a new kind of need cannot be forgotten here.
        let Self {
            task_definitions,
            fresh_task_definitions,
            families,
            roles,
            role_users,
            role_policies,
            inline_policies,
            managed_policies,
            rights,
            objects,
            images,
            container_instances,
            unlisted_services,
            evidence,
        } = more;
        self.task_definitions.extend(task_definitions);
        self.fresh_task_definitions.extend(fresh_task_definitions);
        self.families.extend(families);
        self.roles.extend(roles);
        self.role_users.extend(role_users);
        self.role_policies.extend(role_policies);
        self.inline_policies.extend(inline_policies);
        self.managed_policies.extend(managed_policies);
        self.rights.extend(rights);
        self.objects.extend(objects);
        self.images.extend(images);
        self.container_instances.extend(container_instances);
        self.unlisted_services.extend(unlisted_services);
        let EvidenceNeeds {
            service_deployments,
            tasks,
            log_tails,
            alarms,
            samples,
            log_deliveries,
        } = evidence;
        let own = &mut self.evidence;
        own.service_deployments.extend(service_deployments);
        own.tasks.extend(tasks);
        own.log_tails.extend(log_tails);
        own.alarms.extend(alarms);
        own.samples.extend(samples);
        own.log_deliveries.extend(log_deliveries);
    }

    /// Returns the first need as text for users; empty if there is none.
    #[must_use]
    pub fn first(&self) -> String {
        let unlisted = self.unlisted_services.first().map(|key| &key.service);
        plain("task definition", self.task_definitions.first())
            .or_else(|| plain("task definition", self.fresh_task_definitions.first()))
            .or_else(|| plain("the newest revisions of family", self.families.first()))
            .or_else(|| plain("role", self.roles.first()))
            .or_else(|| plain("the users of role", self.role_users.first()))
            .or_else(|| {
                self.role_policies
                    .first()
                    .map(|(role, policy)| format!("policy {policy} of role {role}"))
            })
            .or_else(|| plain("the inline policies of role", self.inline_policies.first()))
            .or_else(|| plain("policy", self.managed_policies.first()))
            .or_else(|| {
                plain(
                    "the rights of role",
                    self.rights.first().map(|question| &question.role),
                )
            })
            .or_else(|| {
                self.objects
                    .first()
                    .map(|(bucket, key)| format!("s3://{bucket}/{key}"))
            })
            .or_else(|| {
                plain(
                    "image",
                    self.images.first().map(|question| &question.repository),
                )
            })
            .or_else(|| {
                plain(
                    "the container instances of",
                    self.container_instances.first(),
                )
            })
            .or_else(|| plain("service", unlisted))
            .or_else(|| self.evidence.first())
            .unwrap_or_default()
    }
}

impl EvidenceNeeds {
    /// Returns the first need as text for users.
    fn first(&self) -> Option<String> {
        plain(
            "the deployments of service",
            self.service_deployments
                .first()
                .map(|question| &question.service),
        )
        .or_else(|| {
            plain(
                "the tasks of service",
                self.tasks.first().map(|question| &question.service),
            )
        })
        .or_else(|| {
            plain(
                "log stream",
                self.log_tails.first().map(|question| &question.stream),
            )
        })
        .or_else(|| plain("alarm", self.alarms.first()))
        .or_else(|| plain("query", self.samples.first()))
        .or_else(|| {
            self.log_deliveries.first().map(|question| {
                format!(
                    "what arrived in {:?} since {}",
                    question.place, question.since
                )
            })
        })
    }
}

fn plain(word: &str, name: Option<&String>) -> Option<String> {
    name.map(|name| format!("{word} {name}"))
}
