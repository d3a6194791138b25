//! Hints that something changed: LISTEN/NOTIFY for speed, a poll of every second for certainty. A hint is only a
//! number and carries no data: the receiver reads the database.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval};

use crate::config::listener_pool;
use crate::error::StoreError;
use crate::hints::Feed;
use crate::store::Inner;
use crate::{Store, sql_objects};

/// The channel of the notifications; no other one is used.
pub(crate) const CHANNEL: &str = "firelens_changes";
/// A notification can be lost, and many writes send none: the newest revision is read at this interval.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The time to wait after LISTEN failed. The poll goes on meanwhile.
const LISTEN_RETRY: Duration = Duration::from_secs(5);

impl Store {
    /// Returns the newest resourceVersion, kept up to date within a second and usually within milliseconds.
    /// [`Store::changes`] returns the changes themselves.
    ///
    /// # Errors
    /// The database fails.
    pub async fn subscribe(&self) -> Result<watch::Receiver<i64>, StoreError> {
        Ok(self.feed().await?.changes.subscribe())
    }

    /// The same, only for changes of what people request: objects created, deleted, or changed in `spec` or
    /// metadata. A subscriber that writes status on such a hint is not woken by its own writes.
    ///
    /// # Errors
    /// The database fails.
    pub async fn subscribe_desired(&self) -> Result<watch::Receiver<i64>, StoreError> {
        Ok(self.feed().await?.desired.subscribe())
    }

    /// Reports when somebody asks the controllers a question: see [`Store::asked_targets`].
    ///
    /// # Errors
    /// The database fails.
    pub async fn subscribe_asked(&self) -> Result<watch::Receiver<i64>, StoreError> {
        Ok(self.feed().await?.asked.subscribe())
    }

    /// Notifies the subscribers of this process at once, where no notification is sent.
    pub(crate) fn poke(&self) {
        if let Some(feed) = self.inner.feed.get() {
            feed.poke.notify_one();
        }
    }

    /// The feed, started by the first caller. It ends with the last handle on the store.
    async fn feed(&self) -> Result<&Feed, StoreError> {
        self.inner
            .feed
            .get_or_try_init(|| async {
                let head = self.head().await?;
                let listeners = listener_pool(&self.inner.config)?;
                let feed = Feed {
                    changes: watch::Sender::new(head.resource_version),
                    desired: watch::Sender::new(head.desired),
                    asked: watch::Sender::new(0),
                    poke: Arc::new(Notify::new()),
                };
                let poke = Arc::clone(&feed.poke);
                tokio::spawn(run(Arc::downgrade(&self.inner), listeners, poke));
                Ok(feed)
            })
            .await
    }
}

async fn run(store: Weak<Inner>, listeners: PgPool, poke: Arc<Notify>) {
    let mut poll = interval(POLL_INTERVAL);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (wake, mut woken) = watch::channel(());
    let listening = tokio::spawn(listen(listeners, wake));
    let mut was_reachable = true;
    loop {
        tokio::select! {
            _ = poll.tick() => {}
            () = poke.notified() => {}
            Ok(()) = woken.changed() => {}
        }
        let Some(inner) = store.upgrade() else { break };
        let answer = newest(inner).await;
        let is_reachable = answer.is_ok();
        if let Err(error) = answer
            && was_reachable
        {
            tracing::warn!(%error, "the newest revision cannot be read; retrying every second");
        }
        was_reachable = is_reachable;
    }
    listening.abort();
}

async fn newest(inner: Arc<Inner>) -> Result<(), StoreError> {
    let store = Store::of(inner);
    let head = store
        .within_deadline(async {
            let mut conn = store.acquire().await?;
            Ok(sql_objects::head(&mut conn).await?)
        })
        .await?;
    if let Some(feed) = store.inner.feed.get() {
        feed.tell(head);
    }
    Ok(())
}

/// Passes notifications on as wake-ups, over one connection of its own.
async fn listen(listeners: PgPool, wake: watch::Sender<()>) {
    loop {
        if let Err(error) = listen_once(&listeners, &wake).await {
            tracing::debug!(%error, "LISTEN failed; the poll of every second goes on");
        }
        tokio::time::sleep(LISTEN_RETRY).await;
    }
}

async fn listen_once(listeners: &PgPool, wake: &watch::Sender<()>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(listeners).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // `None` is a connection that broke and was opened again: what was sent meanwhile is lost, so this is a
        // wake-up too.
        let _ = listener.try_recv().await?;
        wake.send_replace(());
    }
}
