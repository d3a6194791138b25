//! Whether a task with its router fits: sizes, prices, memory, instances, deployment settings.
//!
//! This is arithmetic over what was read; `inject` and `plan` decide what follows from the results.

mod capability;
mod deployment;
mod fargate;
mod instances;
mod prices;

pub use capability::{added_attributes, agent_version_of, required_attributes};
pub use deployment::{Stuck, stuck};
pub use fargate::{FARGATE_SIZES, SizeRow, is_fargate_size, next_fargate_size};
pub use instances::{Footprint, InstanceFit, compare};
pub use prices::{Architecture, HOURS_PER_MONTH, PriceChange, price_change};

/// CPU shares of a container whose `cpu` is absent, 0 or 1.
/// Source: `cpu` in
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>.
pub const LEAST_CPU_SHARES: u64 = 2;
