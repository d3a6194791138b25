//! Marks needs that were not read as unknown.

use std::collections::{BTreeMap, BTreeSet};

use super::{EvidenceNeeds, Needs, Observation, Observed};

impl Observation {
    /// Adds [`Observed::Unknown`] for every need without an answer, so that no plan asks for it twice in one
    /// pass. Answers that are there stay.
    pub fn close(&mut self, needs: &Needs) {
        // All fields are listed, so that a new kind of need cannot be forgotten here.
        let Needs {
            task_definitions,
            fresh_task_definitions,
            families,
            roles,
            // The store answers these, or the pass ends.
            role_users: _,
            role_policies,
            inline_policies,
            managed_policies,
            rights,
            objects,
            images,
            container_instances,
            unlisted_services,
            evidence,
        } = needs;
        let EvidenceNeeds {
            service_deployments,
            tasks,
            log_tails,
            alarms,
            samples,
            log_deliveries,
        } = evidence;
        close(&mut self.task_definitions, task_definitions);
        close(&mut self.fresh_task_definitions, fresh_task_definitions);
        close(&mut self.families, families);
        close(&mut self.roles, roles);
        close(&mut self.role_policies, role_policies);
        close(&mut self.inline_policies, inline_policies);
        close(&mut self.managed_policies, managed_policies);
        close(&mut self.rights, rights);
        close(&mut self.objects, objects);
        close(&mut self.images, images);
        close(&mut self.container_instances, container_instances);
        close(&mut self.services, unlisted_services);
        let seen = &mut self.evidence;
        close(&mut seen.service_deployments, service_deployments);
        close(&mut seen.tasks, tasks);
        close(&mut seen.log_tails, log_tails);
        close(&mut seen.alarms, alarms);
        close(&mut seen.samples, samples);
        close(&mut seen.log_deliveries, log_deliveries);
    }
}

fn close<K: Clone + Ord, V>(seen: &mut BTreeMap<K, Observed<V>>, asked: &BTreeSet<K>) {
    for key in asked {
        seen.entry(key.clone())
            .or_insert_with(|| Observed::Unknown("AWS was asked and did not answer".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_answered_is_unknown_and_an_answer_stays() {
        let mut needs = Needs::default();
        needs.roles.extend(["gone".to_owned(), "open".to_owned()]);
        needs.evidence.alarms.insert("rings".to_owned());
        let mut seen = Observation::default();
        seen.roles.insert("gone".to_owned(), Observed::Absent);
        seen.close(&needs);
        assert_eq!(seen.roles["gone"], Observed::Absent);
        assert!(matches!(seen.roles["open"], Observed::Unknown(_)));
        let alarm = &seen.evidence.alarms["rings"];
        assert!(matches!(alarm, Observed::Unknown(_)));
    }
}
