//! The last look at an injection: what starts it, stops it, and stands beside it.
//!
//! It refuses, computes the router's stop time and adds notes, but changes no container of the owner.

pub(crate) mod foreign;
pub(crate) mod lifetime;
pub(crate) mod neighbours;
pub(crate) mod size;
pub(crate) mod stop;

use firelens_aws::image::{RouterImage, Use};
use firelens_taskdef::TaskDefinitionDoc;

use crate::checks::stop::Stop;
use crate::context::InjectContext;
use crate::delivery::{Shipment, Way};
use crate::refusal::{Note, NoteCode, Refusal};
use crate::router::health::Network;
use crate::router::image;

/// Variable that sets Fluent Bit's log level over the configuration.
const LOG_LEVEL_VARIABLE: &str = "FLB_LOG_LEVEL";

/// What is checked.
pub(crate) struct TaskChecks<'a> {
    pub(crate) context: InjectContext<'a>,
    pub(crate) image: &'a RouterImage<'a>,
    pub(crate) network: Network,
    pub(crate) way: Way<'a>,
    pub(crate) shipment: &'a Shipment,
    /// Names of the routed containers.
    pub(crate) routed: &'a [String],
    /// Plugins of the outputs.
    pub(crate) plugins: Vec<&'a str>,
}

impl TaskChecks<'_> {
    /// Checks the document without the router in it; returns the router's `stopTimeout`, in
    /// seconds.
    pub(crate) fn run(
        self,
        doc: &TaskDefinitionDoc,
        notes: &mut Vec<Note>,
    ) -> Result<u32, Refusal> {
        let spec = &self.context.target.policy.spec;
        lifetime::check(doc, &spec.router, notes)?;
        let used = Use {
            plugins: self.plugins,
            dispensable: !spec.router.essential,
            log_level_variable: spec
                .router
                .environment
                .get(LOG_LEVEL_VARIABLE)
                .map(String::as_str),
            log_level_option: self.shipment.service_value("Log_Level"),
        };
        image::check(doc, self.image, self.context, &used, notes)?;
        neighbours::note_mesh(doc, &spec.router, notes);
        neighbours::note_fluent_host(doc, self.routed, self.network, notes);
        neighbours::note_unselected(doc, self.routed, notes);
        let custom = spec.custom_config.as_deref().unwrap_or_default();
        if !custom.trim().is_empty() {
            notes.push(Note::new(
                NoteCode::CustomConfiguration,
                "customConfig is used unchanged; what it does is not checked",
            ));
        }
        let stop = Stop {
            doc,
            router: &spec.router,
            launch_type: self.context.workload.platform.launch_type,
            grace_seconds: stop::grace_seconds(&spec.router, self.way, self.shipment),
        };
        Ok(stop::timeout_seconds(&stop, notes))
    }
}
