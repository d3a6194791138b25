//! The channels over which a process hears that something changed.
//! Never carries data: a hint is a number.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::types::Head;

/// The feeds of a store, fed by one task.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) changes: watch::Sender<i64>,
    pub(crate) desired: watch::Sender<i64>,
    pub(crate) asked: watch::Sender<i64>,
    pub(crate) poke: Arc<Notify>,
}

impl Feed {
    pub(crate) fn tell(&self, head: Head) {
        // Also when it went back: then the database lost commits, and watchers must find out.
        let set = |sender: &watch::Sender<i64>, value| {
            sender.send_if_modified(|known| std::mem::replace(known, value) != value);
        };
        set(&self.changes, head.resource_version);
        set(&self.desired, head.desired);
        set(&self.asked, head.asked);
    }
}
