//! Reads of the world, as AWS would answer them. Only the count of questions is changed.

use super::*;

impl World {
    fn service_view(&self, name: &str, service: &Service) -> ServiceView {
        // ECS gives the reason for the deployment that it gave up.
        let reason = match service.failed {
            Some(_) => "ECS deployment ecs-svc/1 in progress.",
            None => service.reason,
        };
        let mut deployments = vec![json!({
            "id": format!("ecs-svc/{}", service.deployments), "status": "PRIMARY", "taskDefinition": service.revision,
            "updatedAt": self.updated_at.map(|at| at.as_second()),
            "rolloutState": service.rollout_state, "rolloutStateReason": reason,
            "desiredCount": self.desired_count, "runningCount": self.desired_count, "failedTasks": service.failed_tasks,
        })];
        if let Some(failed) = &service.failed {
            deployments.push(json!({
                "id": "ecs-svc/failed", "status": "ACTIVE", "taskDefinition": failed,
                "rolloutState": "FAILED", "rolloutStateReason": service.reason,
            }));
        }
        if let Some(older) = &service.draining {
            deployments.push(json!({
                "id": "ecs-svc/0", "status": "ACTIVE", "taskDefinition": older,
                "rolloutState": "COMPLETED", "runningCount": 1,
            }));
        }
        if service.controller != "ECS" {
            deployments.clear();
        }
        let raw = json!({
            "deploymentController": {"type": service.controller},
            "loadBalancers": [{"containerName": "app", "containerPort": 8080}],
            "serviceArn": format!("arn:aws:ecs:{REGION}:{ACCOUNT}:service/main/{name}"), "serviceName": name,
            "clusterArn": format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/main"), "status": "ACTIVE",
            "taskDefinition": service.revision, "launchType": "FARGATE", "deployments": deployments, "tags": service.tags,
            "deploymentConfiguration": self.settings, "desiredCount": self.desired_count,
        });
        ServiceView::parse(&raw.to_string()).unwrap()
    }

    pub(super) fn observe(&self) -> Observation {
        let mut seen = Observation {
            account_id: ACCOUNT.into(),
            region: REGION.into(),
            is_whole: self.resync,
            ..Observation::default()
        };
        if self.unreadable {
            seen.unread_clusters
                .insert("*".into(), "AccessDeniedException".into());
            return seen;
        }
        let arn = format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/main");
        seen.clusters.insert(
            "main".into(),
            ClusterView {
                arn,
                name: "main".into(),
                tags: BTreeMap::new(),
            },
        );
        for (name, service) in &self.services {
            let view = if self.silent.contains(name) {
                Observed::Unknown("it did not answer".to_owned())
            } else {
                Observed::Present(self.service_view(name, service))
            };
            seen.services.insert(Self::key(name), view);
        }
        seen
    }

    pub(crate) fn read(&self, needs: &Needs, seen: &mut Observation) {
        for key in &needs.unlisted_services {
            seen.services.insert(key.clone(), Observed::Absent);
        }
        let doc = |arn: &String| match self.revisions.get(arn) {
            Some(text) => Observed::Present(TaskDefinitionDoc::parse(text).unwrap()),
            None => Observed::Absent,
        };
        for arn in &needs.task_definitions {
            seen.task_definitions.insert(arn.clone(), doc(arn));
        }
        for arn in &needs.fresh_task_definitions {
            seen.fresh_task_definitions.insert(arn.clone(), doc(arn));
        }
        for family in &needs.families {
            let newest: Vec<_> = self
                .of_family(family)
                .into_iter()
                .filter(|arn| !self.deregistered.contains(*arn))
                .filter_map(|arn| doc(arn).present().cloned())
                .collect();
            seen.families
                .insert(family.clone(), Observed::Present(newest));
        }
        for role in &needs.role_users {
            let users = self.users_elsewhere.get(role).cloned().unwrap_or_default();
            seen.role_users.insert(role.clone(), users);
        }
        self.read_roles(needs, seen);
        for place in &needs.objects {
            let view = self.objects.get(place).map_or(Observed::Absent, |body| {
                Observed::Present(ObjectView {
                    sha256: Some(sha256_hex(body.as_bytes())),
                })
            });
            seen.objects.insert(place.clone(), view);
        }
        for question in &needs.images {
            let image = self.images.get(question).cloned();
            seen.images
                .insert(question.clone(), image.unwrap_or(Observed::Absent));
        }
        self.read_evidence(needs, seen);
    }

    fn read_roles(&self, needs: &Needs, seen: &mut Observation) {
        for role in &needs.roles {
            let arn = format!("arn:aws:iam::{ACCOUNT}:role/{role}");
            let permissions_boundary = self.boundaries.get(role).cloned();
            let view = if self.roles.contains(role) {
                Observed::Present(RoleView {
                    arn,
                    permissions_boundary,
                    trust: self.trusts.get(role).cloned(),
                    tags: self.role_tags.get(role).cloned().unwrap_or_default(),
                })
            } else {
                Observed::Absent
            };
            seen.roles.insert(role.clone(), view);
        }
        for role in &needs.inline_policies {
            let policies = Observed::Present(self.inline(role));
            seen.inline_policies.insert(role.clone(), policies);
        }
        for arn in &needs.managed_policies {
            seen.managed_policies
                .insert(arn.clone(), self.managed_policy(arn));
        }
        for question in &needs.rights {
            self.questions.set(self.questions.get() + 1);
            seen.rights.insert(question.clone(), self.rights(question));
        }
        for place in &needs.role_policies {
            let document = self
                .role_policies
                .get(place)
                .cloned()
                .map_or(Observed::Absent, Observed::Present);
            seen.role_policies.insert(place.clone(), document);
        }
    }

    fn read_evidence(&self, needs: &Needs, seen: &mut Observation) {
        macro_rules! answer {
            ($($kind:ident),+) => {$(
                for question in &needs.evidence.$kind {
                    let known = self.evidence.$kind.get(question).cloned();
                    let answer = known.unwrap_or(Observed::Absent);
                    seen.evidence.$kind.insert(question.clone(), answer);
                }
            )+};
        }
        answer!(
            service_deployments,
            tasks,
            log_tails,
            alarms,
            samples,
            log_deliveries
        );
    }

    /// Inline policies of a role.
    fn inline(&self, role: &str) -> BTreeMap<String, String> {
        let of_role = self.role_policies.iter();
        of_role
            .filter(|((of, _), _)| of == role)
            .map(|((_, name), document)| (name.clone(), document.clone()))
            .collect()
    }

    fn managed_policy(&self, arn: &str) -> Observed<String> {
        match self.managed_policies.get(arn) {
            Some(document) => Observed::Present(document.clone()),
            None => Observed::Unknown("AccessDenied".to_owned()),
        }
    }

    fn rights(&self, question: &RightsQuestion) -> Observed<RightsView> {
        let role = &question.role;
        if !self.roles.contains(role) {
            return Observed::Absent;
        }
        let simulated = match &self.simulator {
            Some(answers) => Ok(answers.get(role).cloned().unwrap_or_default()),
            None => Err("AccessDenied".to_owned()),
        };
        let named = |(name, document)| NamedDocument { name, document };
        let boundary = self.boundaries.get(role).map(|arn| NamedDocument {
            name: arn.clone(),
            document: self.managed_policies[arn].clone(),
        });
        Observed::Present(RightsView {
            role_arn: format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
            simulated,
            policies: Some(Observed::Present(RolePolicies {
                identity: self.inline(role).into_iter().map(named).collect(),
                boundary,
            })),
        })
    }
}
