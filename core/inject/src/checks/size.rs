//! Whether the task has room for the router, and what is done when it has not.
//!
//! Nothing is made smaller, no container of the owner is changed, and a task that was too small before
//! the router came is not made larger.

use serde_json::Value;

use firelens_aws::fit::{self, Architecture, LEAST_CPU_SHARES};
use firelens_aws::size::{self, Reserved, TaskSize};
use firelens_fluent::memory::{self, RouterLoad, RouterMemory};
use firelens_fluent::render;
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::{LaunchType, Resize, Router, RouterType};

use crate::context::InjectContext;
use crate::delivery::Shipment;
use crate::marks::restore::{Before, RestoreRecord, TaskMember};
use crate::refusal::{Note, NoteCode, Reason, Refusal};
use crate::router::health::Network;

/// What the size is evaluated by.
pub(crate) struct Fitting<'a> {
    pub(crate) context: InjectContext<'a>,
    pub(crate) network: Network,
    /// Files of ours.
    pub(crate) shipment: &'a Shipment,
    /// Containers that go through the router.
    pub(crate) routed: usize,
}

/// Makes room for the router, or refuses when there is none. `document` has no router yet.
pub(crate) fn make_room(
    fitting: &Fitting<'_>,
    document: &mut TaskDefinitionDoc,
    record: &mut RestoreRecord,
    notes: &mut Vec<Note>,
) -> Result<(), Refusal> {
    let sums = Sums::of(document, &fitting.context.target.policy.spec.router);
    if let Some(missing) = sums.missing(sums.with_router.least_size()) {
        fitting.enlarge(document, &sums, &missing, record, notes)?;
    }
    fitting.note_memory(document, &sums, notes);
    note_cpu(&fitting.context.target.policy.spec.router, &sums, notes);
    note_missing_sizes(document, fitting.is_fargate(document), notes);
    Ok(())
}

/// What is reserved, and of what.
struct Sums {
    cpu_units: Option<u64>,
    memory_mib: Option<u64>,
    owners: Reserved,
    with_router: Reserved,
}

/// What a task lacks.
struct Missing {
    cpu_units: u64,
    memory_mib: u64,
}

impl Sums {
    fn of(document: &TaskDefinitionDoc, router: &Router) -> Self {
        let owners = size::reserved(document.containers());
        Self {
            cpu_units: TaskSize::cpu_of(document),
            memory_mib: TaskSize::memory_of(document),
            owners,
            with_router: owners.and(
                router.cpu.map(u64::from),
                router.memory_mib.map(u64::from),
                Some(u64::from(router.memory_reservation_mib)),
            ),
        }
    }

    /// What a task of this size lacks; a size that is not said has room for everything.
    fn missing(&self, wanted: TaskSize) -> Option<Missing> {
        let lack = |has: Option<u64>, wanted: u64| wanted.saturating_sub(has.unwrap_or(wanted));
        let missing = Missing {
            cpu_units: lack(self.cpu_units, wanted.cpu_units),
            memory_mib: lack(self.memory_mib, wanted.memory_mib),
        };
        (missing.cpu_units > 0 || missing.memory_mib > 0).then_some(missing)
    }

    /// What is missing, in words.
    fn lack(&self, missing: &Missing) -> String {
        format!(
            "the task has {} (CPU units/MiB), its containers reserve {}/{} and the router needs {}/{}: {} are missing",
            self.size(),
            self.owners.cpu_units,
            self.owners.memory_mib,
            self.with_router.cpu_units - self.owners.cpu_units,
            self.with_router.memory_mib - self.owners.memory_mib,
            missing.words()
        )
    }

    /// The task as it is; what it does not say counts as what it needs.
    fn size(&self) -> TaskSize {
        let least = self.with_router.least_size();
        TaskSize {
            cpu_units: self.cpu_units.unwrap_or(least.cpu_units),
            memory_mib: self.memory_mib.unwrap_or(least.memory_mib),
        }
    }
}

impl Missing {
    fn words(&self) -> String {
        match (self.memory_mib, self.cpu_units) {
            (mib, 0) => format!("{mib} MiB"),
            (0, units) => format!("{units} CPU units"),
            (mib, units) => format!("{mib} MiB and {units} CPU units"),
        }
    }
}

impl Fitting<'_> {
    /// Fargate's sizes hold for every task definition that names it, wherever it runs.
    fn is_fargate(&self, document: &TaskDefinitionDoc) -> bool {
        self.context.workload.platform.launch_type == LaunchType::Fargate
            || document.lists_fargate()
    }

    fn enlarge(
        &self,
        document: &mut TaskDefinitionDoc,
        sums: &Sums,
        missing: &Missing,
        record: &mut RestoreRecord,
        notes: &mut Vec<Note>,
    ) -> Result<(), Refusal> {
        let refuse = |message: String| Err(Refusal::new(Reason::TaskTooSmall, message));
        let size = sums.size();
        if let Some(missing) = sums.missing(sums.owners.least_size()) {
            return refuse(format!(
                "the task has {size} (CPU units/MiB) and its own containers need {} more, even without the router; \
                 increase the task size, or reduce what its containers reserve",
                missing.words()
            ));
        }
        let lack = sums.lack(missing);
        let less = "reduce what its containers or the router (router.cpu, router.memoryReservationMiB) reserve";
        if !self.is_fargate(document) {
            return refuse(format!("{lack}; increase the task size, or {less}"));
        }
        let least = sums.with_router.least_size();
        let next = fit::next_fargate_size(TaskSize {
            cpu_units: least.cpu_units.max(size.cpu_units),
            memory_mib: least.memory_mib.max(size.memory_mib),
        });
        let Some(next) = next else {
            return refuse(format!("{lack}, and Fargate has no larger size; {less}"));
        };
        let price = fit::price_change(
            size,
            next,
            architecture(document),
            self.context.target.region,
            self.context.workload.platform.desired_count.unwrap_or(0),
        );
        if self.context.target.policy.spec.resources.resize == Resize::Never {
            return refuse(format!(
                "{lack}; the next task size is {next}, {price}; set resources.resize to Allow to have the operator use \
                 it, or {less}"
            ));
        }
        for (name, was, now) in [
            ("cpu", sums.cpu_units, next.cpu_units),
            ("memory", sums.memory_mib, next.memory_mib),
        ] {
            if was != Some(now) {
                set_member(document, name, &now.to_string(), record);
            }
        }
        notes.push(Note::new(
            NoteCode::TaskResized,
            format!("the task size is increased from {size} to {next} (CPU units/MiB), because the router does not fit: {price}"),
        ));
        Ok(())
    }

    /// Notes where full buffers would take the router beyond what it may have.
    fn note_memory(&self, document: &TaskDefinitionDoc, sums: &Sums, notes: &mut Vec<Note>) {
        let spec = &self.context.target.policy.spec;
        let memory = self.estimate(document);
        let total = memory.total_mib();
        let reservation = u64::from(spec.router.memory_reservation_mib);
        let task_mib = TaskSize::memory_of(document);
        let (room, of_what) = match (spec.router.memory_mib.map(u64::from), task_mib) {
            (Some(limit), _) => (Some(limit), "router.memoryMiB allows"),
            (None, Some(task)) => (
                Some(task.saturating_sub(sums.owners.memory_mib)),
                "the other containers leave",
            ),
            (None, None) => (None, ""),
        };
        if let Some(room) = room.filter(|room| total > *room) {
            notes.push(Note::new(
                NoteCode::RouterMemory,
                format!(
                    "with full buffers the router uses about {total} MiB ({memory}), {of_what} {room}, and Linux would \
                     kill it; give it {total} MiB, or reduce its buffers with router.memoryReservationMiB"
                ),
            ));
        }
        let buffer = memory::buffer_limit_mib(None, Some(reservation));
        if spec.router.type_ == RouterType::Fluentbit && reservation < memory::PROCESS_MIB + buffer
        {
            let enough = 2 * memory::PROCESS_MIB;
            notes.push(Note::new(
                NoteCode::RouterMemory,
                format!(
                    "router.memoryReservationMiB is {reservation}: the process uses about {} MiB and the ECS agent \
                     allows the input buffer {buffer} MiB, which is more in total; reserve {enough} MiB or more",
                    memory::PROCESS_MIB
                ),
            ));
        }
        if let (Some(lines), Some(task)) = (spec.buffer_limit, task_mib) {
            let containers = u64::try_from(self.routed).unwrap_or(u64::MAX);
            let held = memory::driver_buffer_mib(u64::from(lines), containers);
            if held > task {
                notes.push(Note::new(
                    NoteCode::DriverBuffer,
                    format!(
                        "with a bufferLimit of {lines} lines the log drivers can buffer about {held} MiB (routed \
                         containers: {containers}, lines of 256 bytes), and the task has {task} MiB; set a smaller \
                         bufferLimit"
                    ),
                ));
            }
        }
    }

    fn estimate(&self, document: &TaskDefinitionDoc) -> RouterMemory {
        let router = &self.context.target.policy.spec.router;
        let workers: Vec<u64> = document
            .containers()
            .filter(|container| container.has_log_driver("awsfirelens"))
            .filter(|container| container.log_option_text("Name").is_some())
            .map(|container| memory::workers_of(container.log_option_text("workers").as_deref()))
            .collect();
        // The first object is the router file; parsers, in the second, hold no records.
        let file = self.shipment.objects.first();
        let file = file.and_then(|object| render::read(&object.body).ok());
        memory::router_memory(&RouterLoad {
            router: router.type_,
            limit_mib: router.memory_mib.map(u64::from),
            reservation_mib: Some(u64::from(router.memory_reservation_mib)),
            inline_output_workers: &workers,
            file: file.as_ref(),
            has_tcp_input: self.network != Network::Host,
        })
    }
}

fn architecture(document: &TaskDefinitionDoc) -> Architecture {
    match document
        .text_in("runtimePlatform", "cpuArchitecture")
        .as_deref()
    {
        Some("ARM64") => Architecture::Arm,
        _ => Architecture::X86,
    }
}

fn set_member(
    document: &mut TaskDefinitionDoc,
    name: &str,
    value: &str,
    record: &mut RestoreRecord,
) {
    let before = document.get(name).map(str::to_owned);
    let member = TaskMember {
        before: before.map_or(Before::Absent, Before::Text),
        set: value.to_owned(),
    };
    record.task.insert(name.to_owned(), member);
    document.set(name, &Value::from(value));
}

/// A router without CPU has the least share there is, which matters once the others are busy.
fn note_cpu(router: &Router, sums: &Sums, notes: &mut Vec<Note>) {
    let said = u64::from(router.cpu.unwrap_or(0));
    let others = sums.owners.cpu_units;
    if said < LEAST_CPU_SHARES && others > LEAST_CPU_SHARES {
        notes.push(Note::new(
            NoteCode::RouterCpuShare,
            format!(
                "router.cpu is not set, which counts as {LEAST_CPU_SHARES} CPU shares compared with {others} of the \
                 other containers; when they are busy, the router falls behind; set router.cpu, for example to 64"
            ),
        ));
    }
}

/// What ECS will refuse, and nothing can be evaluated without.
fn note_missing_sizes(document: &TaskDefinitionDoc, is_fargate: bool, notes: &mut Vec<Note>) {
    let (cpu, memory) = (TaskSize::cpu_of(document), TaskSize::memory_of(document));
    if is_fargate && (cpu.is_none() || memory.is_none()) {
        notes.push(Note::new(
            NoteCode::SizeMissing,
            "a Fargate task definition must set cpu and memory, and this one does not; ECS rejects it",
        ));
    } else if memory.is_none() {
        let bare: Vec<String> = document
            .containers()
            .filter(|container| {
                container.memory_mib().is_none() && container.memory_reservation_mib().is_none()
            })
            .map(|container| container.name())
            .collect();
        if !bare.is_empty() {
            notes.push(Note::new(
                NoteCode::SizeMissing,
                format!(
                    "without memory at the task level, each container must set memory or memoryReservation, and {} \
                     does not; ECS rejects the task definition",
                    bare.join(", ")
                ),
            ));
        }
    }
}
