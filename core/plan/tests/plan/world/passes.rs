//! Passes over the world: a plan is made and its steps are carried out, at once and in order.

use super::*;

/// The time that each action takes, in milliseconds: the clock does not stand still in a pass.
const TAKES_MS: i64 = 5;

impl World {
    fn take_a_moment(&mut self) {
        self.now += SignedDuration::from_millis(TAKES_MS);
    }

    /// Plans and carries the plan out.
    pub(crate) fn pass(&mut self) -> Plan {
        let made = self.plan();
        self.take_a_moment();
        for row in made.verified.iter().chain(&made.marked).cloned() {
            self.resources.insert(row.id.clone(), row);
        }
        let wanted: BTreeSet<&ResourceId> = made
            .workloads
            .values()
            .flat_map(|workload| &workload.requires)
            .collect();
        for (id, resource) in &made.resources {
            if resource.unconditional || wanted.contains(&id) {
                self.write(id, &resource.content, &resource.resource);
            }
        }
        for (key, workload) in &made.workloads {
            let mut record = workload.record.clone();
            for step in &workload.steps {
                self.take(&mut record, step);
            }
            // As the controller does: an empty record is not kept.
            if self.records.contains_key(key) || !record.is_empty() {
                self.records.insert(key.clone(), record);
            }
        }
        for key in &made.forgotten_workloads {
            self.records.remove(key);
        }
        for owned in &made.registered {
            self.owned.insert(owned.arn.clone(), owned.clone());
        }
        self.intents
            .retain(|intent| !made.closed_intents.contains(&intent.id));
        for arn in &made.forgotten_revisions {
            self.owned.remove(arn);
        }
        for arn in &made.deregistrations {
            self.deregister(arn);
        }
        self.remove(&made);
        self.keep(&made);
        made
    }

    /// Removes what the plan removes.
    fn remove(&mut self, made: &Plan) {
        for removal in &made.removals {
            match &removal.id {
                ResourceId::Object { bucket, key } => {
                    drop(self.objects.remove(&(bucket.clone(), key.clone())));
                }
                ResourceId::RolePolicy { role, policy_name } => {
                    drop(
                        self.role_policies
                            .remove(&(role.clone(), policy_name.clone())),
                    );
                }
            }
            self.resources.remove(&removal.id);
        }
    }

    /// Keeps and forgets rollouts and generations as the plan demands.
    fn keep(&mut self, made: &Plan) {
        for rollout in &made.rollouts {
            let uid = rollout.policy.uid.clone();
            self.rollouts.insert(uid, rollout.clone());
        }
        for generation in &made.generations {
            self.generations
                .insert(generation.key(), generation.clone());
        }
        for key in &made.forgotten_generations {
            self.generations.remove(key);
        }
        for id in &made.forgotten_resources {
            self.resources.remove(id);
        }
    }

    fn deregister(&mut self, arn: &str) {
        let in_use =
            |service: &Service| service.revision == arn || service.draining.as_deref() == Some(arn);
        assert!(!self.services.values().any(in_use), "{arn} runs");
        self.owned.remove(arn).expect("one of ours");
        self.deregistered.push(arn.to_owned());
        for record in self.records.values_mut() {
            let registered = record.registered.as_mut();
            if let Some(known) = registered.filter(|known| known.arn == arn) {
                known.is_deregistered = true;
            }
        }
    }

    fn write(&mut self, id: &ResourceId, content: &ResourceContent, row: &OwnedResource) {
        self.take_a_moment();
        match (id, content) {
            (ResourceId::Object { bucket, key }, ResourceContent::Object(body)) => {
                self.objects
                    .insert((bucket.clone(), key.clone()), body.clone());
            }
            (
                ResourceId::RolePolicy { role, policy_name },
                ResourceContent::RolePolicy(document),
            ) => {
                self.role_policies
                    .insert((role.clone(), policy_name.clone()), document.clone());
            }
            other => panic!("{other:?}"),
        }
        self.resources.insert(
            id.clone(),
            OwnedResource {
                written_at: Some(self.now),
                ..row.clone()
            },
        );
    }

    fn take(&mut self, record: &mut WorkloadRecord, step: &Step) {
        self.take_a_moment();
        match step {
            Step::Register(register) => {
                let arn = self.register(&register.body);
                self.registered += 1;
                let owned = register.intent.owned(&arn, self.now);
                self.owned
                    .extend(owned.map(|owned| (owned.arn.clone(), owned)));
                record.registered = Some(Registered {
                    arn,
                    hash: register.intent.hash.clone(),
                    is_deregistered: false,
                });
            }
            Step::Update(update) => {
                let arn = match &update.revision {
                    RevisionRef::Arn(arn) => arn.clone(),
                    RevisionRef::JustRegistered => record.registered.as_ref().unwrap().arn.clone(),
                };
                let service = self.services.get_mut(&update.service).unwrap();
                assert_eq!(service.revision, update.expected);
                service.draining = Some(std::mem::replace(&mut service.revision, arn.clone()));
                service.rollout_state = "IN_PROGRESS";
                service.failed_tasks = 0;
                service.deployments += 1;
                self.updates.push(update.service.clone());
                record.begin(DeploymentRecord {
                    purpose: update.purpose,
                    task_definition: arn,
                    previous: update.expected.clone(),
                    hash: update.hash.clone(),
                    policy: update.policy.clone(),
                    base: update.base.clone(),
                    grants: update.grants.clone(),
                    deployment_id: None,
                    started_at: self.now,
                    before: None,
                    moved_images: update.moved_images.clone(),
                });
            }
        }
    }

    /// Runs passes until nothing changes any more, with deployments that succeed.
    pub(crate) fn settle(&mut self) {
        for _ in 0..60 {
            let made = self.pass();
            self.deployments_complete();
            let moving = made.requeue_at.is_some()
                || made
                    .workloads
                    .values()
                    .any(|workload| !workload.steps.is_empty());
            if !moving && made.removals.is_empty() && made.deregistrations.is_empty() {
                return;
            }
            self.advance(20);
        }
        panic!("no rest after 60 passes");
    }
}
