//! The channels through which a process learns that something changed. A hint is only a number and carries no
//! data.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::types::Head;

/// The feeds of a store, updated by one task.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) changes: watch::Sender<i64>,
    pub(crate) desired: watch::Sender<i64>,
    pub(crate) asked: watch::Sender<i64>,
    pub(crate) poke: Arc<Notify>,
}

impl Feed {
    pub(crate) fn tell(&self, head: Head) {
        // Also when it decreased: then the database lost commits, and watchers must notice.
        let set = |sender: &watch::Sender<i64>, value| {
            sender.send_if_modified(|known| std::mem::replace(known, value) != value);
        };
        set(&self.changes, head.resource_version);
        set(&self.desired, head.desired);
        set(&self.asked, head.asked);
    }
}
