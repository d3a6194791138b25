//! Events: what happened to an object, for people. Their number is bounded: equal events are counted, texts are
//! cut, old ones are removed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::PgConnection;

use crate::Store;
use crate::error::StoreError;

/// The longest message in bytes, as in Kubernetes.
/// <https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/>
const MESSAGE_BYTES_MAX: usize = 1024;
/// The longest of the other texts in bytes. Together with the message they stay below the 2704 bytes that a
/// PostgreSQL index can hold of a row.
const TEXT_BYTES_MAX: usize = 253;
/// The most events that one call returns.
const LIST_MAX: u32 = 1000;

/// The type of an event, as in Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    /// As expected.
    Normal,
    /// Somebody may have to act.
    Warning,
}

impl EventType {
    /// Returns `Normal` or `Warning`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// Something that happened to an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// `kind` of the object.
    pub object_kind: String,
    /// `metadata.name` of the object.
    pub object_name: String,
    /// `metadata.uid` of the object.
    pub object_uid: String,
    /// Its type.
    pub event_type: EventType,
    /// One word in CamelCase, for programs.
    pub reason: String,
    /// A sentence for people; what exceeds 1024 bytes is cut off. No secrets.
    pub message: String,
    /// The part of the operator that reports it.
    pub component: String,
}

/// An event with the number and times of its occurrences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Unique and growing; the same for all occurrences.
    pub id: i64,
    /// The event.
    pub event: Event,
    /// The number of occurrences.
    pub count: i64,
    /// The time of the first occurrence.
    pub first_at: Timestamp,
    /// The time of the last occurrence.
    pub last_at: Timestamp,
}

/// Which events to read; `None` is any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// `involvedObject.kind`.
    pub object_kind: Option<String>,
    /// `involvedObject.name`.
    pub object_name: Option<String>,
    /// `involvedObject.uid`.
    pub object_uid: Option<String>,
    /// `type`.
    pub event_type: Option<EventType>,
    /// `reason`.
    pub reason: Option<String>,
    /// The number of events to return, 1000 at most.
    pub limit: Option<u32>,
}

impl Store {
    /// Records an event, or counts it where an equal one exists.
    ///
    /// # Errors
    /// The database fails.
    pub async fn record_event(&self, event: Event) -> Result<(), StoreError> {
        self.record_events(vec![event]).await
    }

    /// Records several events at once.
    ///
    /// # Errors
    /// The database fails; none is recorded then.
    pub async fn record_events(&self, events: Vec<Event>) -> Result<(), StoreError> {
        // Counted and sorted: a statement must not touch a row twice, and two statements must not lock rows in
        // opposite orders.
        let mut counted: BTreeMap<Event, i64> = BTreeMap::new();
        for event in events {
            *counted.entry(bounded(event)).or_default() += 1;
        }
        if counted.is_empty() {
            return Ok(());
        }
        let (events, counts): (Vec<Event>, Vec<i64>) = counted.into_iter().unzip();
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            record(&mut conn, &events, &counts).await?;
            Ok(())
        })
        .await
    }

    /// Reads events, the latest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn list_events(
        &self,
        filter: &EventFilter,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            let rows = read(&mut conn, filter).await?;
            Ok(rows.into_iter().map(RecordedEvent::from).collect())
        })
        .await
    }
}

fn bounded(event: Event) -> Event {
    Event {
        object_kind: cut(event.object_kind, TEXT_BYTES_MAX),
        object_name: cut(event.object_name, TEXT_BYTES_MAX),
        object_uid: cut(event.object_uid, TEXT_BYTES_MAX),
        event_type: event.event_type,
        reason: cut(event.reason, TEXT_BYTES_MAX),
        message: cut(event.message, MESSAGE_BYTES_MAX),
        component: cut(event.component, TEXT_BYTES_MAX),
    }
}

/// Cuts at a character boundary; PostgreSQL cannot store NUL in a text.
fn cut(text: String, bytes_max: usize) -> String {
    let mut text = if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    };
    text.truncate(text.floor_char_boundary(bytes_max));
    text
}

struct EventRow {
    id: i64,
    object_kind: String,
    object_name: String,
    object_uid: String,
    event_type: String,
    reason: String,
    message: String,
    component: String,
    count: i64,
    first_us: i64,
    last_us: i64,
}

impl From<EventRow> for RecordedEvent {
    fn from(row: EventRow) -> Self {
        let event_type = if row.event_type == "Warning" {
            EventType::Warning
        } else {
            EventType::Normal
        };
        let at = |us| Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH);
        Self {
            id: row.id,
            event: Event {
                object_kind: row.object_kind,
                object_name: row.object_name,
                object_uid: row.object_uid,
                event_type,
                reason: row.reason,
                message: row.message,
                component: row.component,
            },
            count: row.count,
            first_at: at(row.first_us),
            last_at: at(row.last_us),
        }
    }
}

/// Inserts events, or adds to their counts.
async fn record(conn: &mut PgConnection, events: &[Event], counts: &[i64]) -> sqlx::Result<u64> {
    let column = |of: fn(&Event) -> &str| -> Vec<String> {
        events.iter().map(|event| of(event).to_owned()).collect()
    };
    sqlx::query!(
        "INSERT INTO events AS kept
             (object_kind, object_name, object_uid, type, reason, message, component, count)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
                              $6::text[], $7::text[], $8::bigint[])
         ON CONFLICT (object_kind, object_name, object_uid, type, reason, message, component)
             DO UPDATE SET count = kept.count + excluded.count, last_at = now()",
        &column(|e| &e.object_kind),
        &column(|e| &e.object_name),
        &column(|e| &e.object_uid),
        &column(|e| e.event_type.name()),
        &column(|e| &e.reason),
        &column(|e| &e.message),
        &column(|e| &e.component),
        counts
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Reads the latest events that match a filter.
async fn read(conn: &mut PgConnection, filter: &EventFilter) -> sqlx::Result<Vec<EventRow>> {
    let limit = i64::from(filter.limit.unwrap_or(LIST_MAX).min(LIST_MAX));
    sqlx::query_as!(
        EventRow,
        r#"SELECT id, object_kind, object_name, object_uid, type AS event_type, reason, message,
                  component, count,
                  (extract(epoch FROM first_at) * 1000000)::bigint AS "first_us!",
                  (extract(epoch FROM last_at) * 1000000)::bigint AS "last_us!"
           FROM events
           WHERE ($1::text IS NULL OR object_kind = $1) AND ($2::text IS NULL OR object_name = $2)
             AND ($3::text IS NULL OR object_uid = $3) AND ($4::text IS NULL OR type = $4)
             AND ($5::text IS NULL OR reason = $5)
           ORDER BY last_at DESC, id DESC LIMIT $6"#,
        filter.object_kind.as_deref(),
        filter.object_name.as_deref(),
        filter.object_uid.as_deref(),
        filter.event_type.map(EventType::name),
        filter.reason.as_deref(),
        limit
    )
    .fetch_all(conn)
    .await
}

/// Removes at most `limit` events that are too old, or beyond the newest `rows_max`.
pub(crate) async fn delete_old(
    conn: &mut PgConnection,
    age_max_s: f64,
    rows_max: i64,
    limit: i64,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM events WHERE id IN (
             (SELECT id FROM events WHERE last_at < now() - make_interval(secs => $1)
              ORDER BY last_at LIMIT $3)
             UNION
             (SELECT id FROM events ORDER BY last_at DESC, id DESC OFFSET $2 LIMIT $3))",
        age_max_s,
        rows_max,
        limit
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}
