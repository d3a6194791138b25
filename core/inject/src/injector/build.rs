//! The steps of an injection, in order.
//!
//! The first refusal ends it, and the base document is not touched.

use std::rc::Rc;

use firelens_aws::iam::RoleUse;
use firelens_aws::image::{Registry, RouterImage};
use firelens_taskdef::{ContainerView, MAX_CONTAINERS, ObjectText, RawObject, TaskDefinitionDoc};
use firelens_types::v1alpha1::{LaunchType, LoggingPolicySpec};

use crate::checks::{TaskChecks, foreign, size};
use crate::containers::dependencies::RouterNames;
use crate::containers::{Routed, dependencies, graph};
use crate::context::{InjectContext, WorkloadContext};
use crate::delivery::{BuiltIn, Choice, Shipment, Way, placement};
use crate::injector::prepared::{Prepared, refuse_too_large};
use crate::injector::{Injector, grants};
use crate::marks::restore::{Before, RestoreRecord};
use crate::marks::{LABEL_BASE, LABEL_GENERATION, LABEL_POLICY, LABEL_POLICY_UID, LABEL_RESTORE};
use crate::refusal::{Note, Reason, Refusal};
use crate::router::health::{Chosen, HttpServer, Network, Situation};
use crate::router::{Frame, health};
use crate::routing::Routing;
use crate::{awslogs, containers, delivery, eject, marks, platform, router};

/// The injection; with `all_in_file` no output is in log options.
pub(crate) fn attempt(
    injector: &mut Injector<'_>,
    base: &TaskDefinitionDoc,
    workload: &WorkloadContext<'_>,
    all_in_file: bool,
) -> Result<Prepared, Refusal> {
    let (mut document, found_base) = owners_document(base)?;
    let policy = injector.target.policy;
    let mut notes = Vec::new();
    platform::check(
        &document,
        &workload.platform,
        policy
            .spec
            .selector
            .launch_types
            .contains(&LaunchType::External),
        &mut notes,
    )?;
    let mut record = RestoreRecord::default();
    let replaced = foreign::take_over(&mut document, &policy.spec, &mut record, &mut notes)?;
    refuse_too_many_containers(&document)?;
    let expanded = awslogs::expand(&document, policy, &mut notes)?;
    let start = Start {
        document,
        record,
        notes,
        replaced,
        base_arn: workload.base_arn.map(str::to_owned).or(found_base),
        all_in_file,
        needs_task_id: expanded.as_ref().is_some_and(|own| own.needs_task_id),
    };
    // A policy that is expanded for this task definition alone is made ready for it alone.
    match &expanded {
        Some(own) => start.finish(&mut injector.for_policy(&own.policy), workload),
        None => start.finish(injector, workload),
    }
}

fn refuse_too_many_containers(document: &TaskDefinitionDoc) -> Result<(), Refusal> {
    if document.containers().count() < MAX_CONTAINERS {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::TooManyContainers,
        format!(
            "the task definition has {MAX_CONTAINERS} containers, the maximum that ECS allows, and the router is \
             one more; remove a container"
        ),
    ))
}

/// The owner's document, and the base revision that it is or was made from.
fn owners_document(
    base: &TaskDefinitionDoc,
) -> Result<(TaskDefinitionDoc, Option<String>), Refusal> {
    let Some(router) = marks::our_router(base) else {
        return Ok((base.clone(), base.arn().map(str::to_owned)));
    };
    match eject::take_out(base, &router) {
        Ok(document) => Ok((document, marks::base_of(&router))),
        Err(error) => Err(Refusal::new(Reason::RestoreImpossible, error.to_string())),
    }
}

/// The owner's document with a router of somebody else taken out, before ours is added.
struct Start {
    document: TaskDefinitionDoc,
    record: RestoreRecord,
    notes: Vec<Note>,
    /// Name of the router that ours replaces.
    replaced: Option<String>,
    base_arn: Option<String>,
    /// Whether no output may be in log options.
    all_in_file: bool,
    /// Whether an output names its streams by the ID of the task.
    needs_task_id: bool,
}

impl Start {
    fn finish(
        self,
        injector: &mut Injector<'_>,
        workload: &WorkloadContext<'_>,
    ) -> Result<Prepared, Refusal> {
        let Self {
            document,
            record,
            mut notes,
            ..
        } = self;
        let target = &injector.target;
        let spec = &target.policy.spec;
        let routed = containers::select(&document, spec, &injector.globs, &mut notes)?;
        let (routing, last_frame) = injector.routings.of(target, &routed)?;
        let draft = Draft {
            context: InjectContext { target, workload },
            network: Network::of(&document, &workload.platform),
            image: &injector.image,
            routing,
            router_name: router::choose_name(&document, &spec.router.name, &mut notes)?,
            replaced: self.replaced,
            names: routed
                .iter()
                .map(|container| container.name.clone())
                .collect(),
            routed,
            all_in_file: self.all_in_file,
            base_arn: self.base_arn,
            needs_task_id: self.needs_task_id,
        };
        draft.finish(document, record, notes, last_frame)
    }
}

/// An injection in progress.
struct Draft<'a> {
    context: InjectContext<'a>,
    network: Network,
    image: &'a RouterImage<'a>,
    routing: &'a Routing,
    router_name: String,
    /// Name of the router that ours replaces.
    replaced: Option<String>,
    routed: Vec<Routed>,
    /// Names of the routed containers, in document order.
    names: Vec<String>,
    /// Whether no output may be in log options.
    all_in_file: bool,
    base_arn: Option<String>,
    /// Whether an output names its streams by the ID of the task.
    needs_task_id: bool,
}

impl Draft<'_> {
    fn spec(&self) -> &LoggingPolicySpec {
        &self.context.target.policy.spec
    }

    /// What the task is asked to have room for.
    fn fitting<'s>(&'s self, shipment: &'s delivery::Shipment) -> size::Fitting<'s> {
        size::Fitting {
            context: self.context,
            network: self.network,
            shipment,
            routed: self.routed.len(),
        }
    }

    fn finish(
        self,
        mut document: TaskDefinitionDoc,
        mut record: RestoreRecord,
        mut notes: Vec<Note>,
        last_frame: &mut Option<Frame>,
    ) -> Result<Prepared, Refusal> {
        let spec = self.spec();
        health::check_ports(&document, spec.router.type_, self.network, &mut notes)?;
        let choice = Choice {
            context: self.context,
            image: self.image,
            routed: &self.routed,
            outputs: &self.routing.outputs,
            all_in_file: self.all_in_file,
        };
        let health = self.choose_health(&document, &choice, &mut notes)?;
        let way = choice.way(&health)?;
        let mut shipment =
            delivery::ship(&choice, way, &self.routing.texts.filters, health.http_port)?;
        if self.needs_task_id {
            choice.tell_task_id(&mut shipment)?;
        }
        let own_log = self.own_log(&document, &record, &mut notes);
        self.route_containers(&mut document, way, &mut record);
        if self.order_start(&mut document, &mut record)? {
            health::refuse_without_check(&health, &notes)?;
        }
        let stop_timeout_seconds = self.check_task(&document, way, &shipment, &mut notes)?;
        let fitting = self.fitting(&shipment);
        size::make_room(&fitting, &mut document, &mut record, &mut notes)?;
        let needs = self.needs(&shipment, own_log.as_ref());
        let grants = grants::decide(&document, &needs, self.context.target)?;
        let environment = [&shipment.environment[..], &self.routing.texts.environment].concat();
        let shape = router::Shape {
            name: &self.router_name,
            image: shipment.image.as_deref().unwrap_or(&spec.router.image),
            environment: &environment,
            secrets: &shipment.secrets,
            config_file: delivery::config_file(way, &shipment),
            health_check: health.check.as_deref(),
        };
        let mut container = router::frame(&spec.router, &shape, last_frame);
        let labels = self.labels(&record);
        router::complete(&mut container, own_log, stop_timeout_seconds, labels);
        // Behind the other containers, so that the numbers in secret variables (`NAME_INDEX`) stay.
        document
            .append_container(container)
            .map_err(|error| Refusal::new(Reason::RouterNameTaken, error.to_string()))?;
        refuse_too_large(&document, self.context.target.installation)?;
        graph::prove(&document, &self.router_name)?;
        notes.sort();
        notes.dedup();
        Ok(Prepared {
            document,
            objects: shipment.objects,
            grants,
            iam_mode: spec.iam.mode,
            installation: self.context.target.installation.map(str::to_owned),
            router: self.router_name,
            routed: self.routed,
            outputs: Rc::clone(&self.routing.outputs),
            notes,
        })
    }

    /// The router's log goes where that of the router it replaces went, else where the first routed
    /// container's went.
    fn own_log(
        &self,
        base: &TaskDefinitionDoc,
        record: &RestoreRecord,
        notes: &mut Vec<Note>,
    ) -> Option<router::OwnLog> {
        let replaced = record.foreign_router.as_ref();
        let replaced = replaced.and_then(|router| RawObject::parse(&router.text).ok());
        let routed = self.routed.iter();
        let candidates: Vec<ContainerView<'_>> = replaced
            .iter()
            .map(ContainerView::new)
            .chain(routed.filter_map(|container| base.container(&container.name)))
            .collect();
        let logs = self.spec().router.logs.as_ref();
        router::own_log(&candidates, logs, self.context.target.region, notes)
    }

    /// Makes the routed containers wait for the router; returns whether anything waits for its
    /// health.
    fn order_start(
        &self,
        document: &mut TaskDefinitionDoc,
        record: &mut RestoreRecord,
    ) -> Result<bool, Refusal> {
        let routed: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let router_names = RouterNames {
            own: &self.router_name,
            replaced: self.replaced.as_deref(),
        };
        let wanted = self.spec().router.dependency;
        dependencies::add(document, &routed, &router_names, wanted, record)
    }

    fn choose_health(
        &self,
        document: &TaskDefinitionDoc,
        choice: &Choice<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Chosen, Refusal> {
        let http_server = match self.spec().config.file.as_deref() {
            None if choice.needs_own_file() => HttpServer::OwnFile,
            None => HttpServer::AnyFile,
            Some(file) if file == BuiltIn::Health.path() => HttpServer::AlreadyOn,
            Some(_) => HttpServer::Nobody,
        };
        let situation = Situation {
            doc: document,
            router: &self.spec().router,
            image: self.image,
            network: self.network,
            http_server,
        };
        health::choose(&situation, notes)
    }

    /// Replaces the log configuration of the routed containers as a whole.
    fn route_containers(
        &self,
        document: &mut TaskDefinitionDoc,
        way: Way<'_>,
        record: &mut RestoreRecord,
    ) {
        for routed in &self.routed {
            let configuration =
                placement::log_configuration(way, self.spec(), routed, self.routing);
            if let Some(container) = document.container_mut(&routed.name) {
                let before = container.get("logConfiguration").map(str::to_owned);
                record.container(&routed.name).log =
                    Some(before.map_or(Before::Absent, Before::Text));
                container.set_shared("logConfiguration", &configuration);
            }
        }
    }

    fn needs(&self, shipment: &Shipment, own_log: Option<&router::OwnLog>) -> grants::Needs<'_> {
        let router = &self.spec().router;
        let mut needs = grants::Needs::of(self.routing);
        let secrets = self
            .routing
            .outputs
            .values()
            .flat_map(|output| output.secret_options.values());
        let secrets = secrets.chain(router.secrets.values()).map(String::as_str);
        needs
            .execution
            .extend(grants::of_secrets(secrets, self.context.target));
        if let Some(first) = shipment.objects.first() {
            let keys = shipment.objects.iter().map(|object| object.key.as_str());
            let reader = match shipment.config_file_arn {
                Some(_) => RoleUse::Execution,
                None => RoleUse::Task,
            };
            let statements = grants::of_objects(&first.bucket, keys, reader, self.context.target);
            match reader {
                RoleUse::Execution => needs.execution.extend(statements),
                RoleUse::Task => needs.task.extend(statements),
            }
        }
        if let Some(log) = own_log.filter(|log| log.creates_group) {
            needs.execution.push(grants::of_log_group(
                &log.group,
                &log.region,
                self.context.target,
            ));
        }
        if self.context.workload.platform.launch_type == LaunchType::Fargate {
            if own_log.is_some() {
                needs
                    .execution_role_for
                    .push("the log driver awslogs on Fargate");
            }
            if matches!(self.image.registry(), Registry::PrivateEcr { .. }) {
                needs
                    .execution_role_for
                    .push("pulling the router image from Amazon ECR on Fargate");
            }
        }
        needs
    }

    /// The last checks, which add notes, and the router's `stopTimeout` in seconds.
    fn check_task(
        &self,
        document: &TaskDefinitionDoc,
        way: Way<'_>,
        shipment: &Shipment,
        notes: &mut Vec<Note>,
    ) -> Result<u32, Refusal> {
        let checks = TaskChecks {
            context: self.context,
            image: self.image,
            network: self.network,
            way,
            shipment,
            routed: &self.names,
            plugins: self
                .routing
                .outputs
                .values()
                .map(|output| output.plugin.as_str())
                .collect(),
        };
        checks.run(document, notes)
    }

    /// All labels but those of the seal.
    fn labels(&self, record: &RestoreRecord) -> String {
        let policy = self.context.target.policy;
        let mut labels = ObjectText::default();
        labels.set_string(LABEL_POLICY, policy.name());
        labels.set_string(LABEL_POLICY_UID, policy.uid());
        labels.set_string(LABEL_GENERATION, &policy.generation().to_string());
        if let Some(arn) = &self.base_arn {
            labels.set_string(LABEL_BASE, arn);
        }
        labels.set_string(LABEL_RESTORE, &record.to_json());
        labels.finish()
    }
}
