//! Plan requests: questions to the controller, which alone may read AWS, about what a policy would do. They are
//! short-lived: whoever asked withdraws the question with its answers, and what nobody withdraws is removed.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::PgConnection;

use crate::Store;
use crate::error::StoreError;

/// A question that waits for an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyPlanQuestion {
    /// Its id.
    pub id: i64,
    /// The request, as given to [`Store::ask`].
    pub request: Value,
}

impl Store {
    /// Stores a question to the controllers of these targets, and wakes them. Returns the question's id.
    ///
    /// # Errors
    /// The database fails.
    pub async fn ask(&self, targets: &[String], request: &Value) -> Result<i64, StoreError> {
        let id = self
            .within_deadline(async {
                let mut conn = self.acquire().await?;
                Ok(insert(&mut conn, targets, request).await?)
            })
            .await?;
        self.poke();
        Ok(id)
    }

    /// Returns the questions that a target has not answered, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn open_questions(
        &self,
        target: &str,
    ) -> Result<Vec<PolicyPlanQuestion>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            Ok(open(&mut conn, target).await?)
        })
        .await
    }

    /// Returns the targets that have questions to answer.
    ///
    /// # Errors
    /// The database fails.
    pub async fn asked_targets(&self) -> Result<Vec<String>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            Ok(asked_targets(&mut conn).await?)
        })
        .await
    }

    /// Stores the answer of a target. A question that was withdrawn meanwhile needs no answer.
    ///
    /// # Errors
    /// The database fails.
    pub async fn answer(&self, id: i64, target: &str, answer: &Value) -> Result<(), StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            insert_answer(&mut conn, id, target, answer).await?;
            Ok(())
        })
        .await
    }

    /// Returns the answers so far, by target.
    ///
    /// # Errors
    /// The database fails.
    pub async fn answers(&self, id: i64) -> Result<BTreeMap<String, Value>, StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            let rows = answers(&mut conn, id).await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.target, row.answer))
                .collect())
        })
        .await
    }

    /// Removes a question, with its answers.
    ///
    /// # Errors
    /// The database fails.
    pub async fn withdraw(&self, id: i64) -> Result<(), StoreError> {
        self.within_deadline(async {
            let mut conn = self.acquire().await?;
            delete(&mut conn, id).await?;
            Ok(())
        })
        .await
    }
}

struct Answer {
    target: String,
    answer: Value,
}

/// Inserts a question and sends a hint.
async fn insert(conn: &mut PgConnection, targets: &[String], request: &Value) -> sqlx::Result<i64> {
    let row = sqlx::query!(
        "WITH asked AS (INSERT INTO plan_requests (targets, request) VALUES ($1, $2) RETURNING id)
         SELECT id, pg_notify('firelens_changes', '')::text AS hint FROM asked",
        targets,
        request
    )
    .fetch_one(conn)
    .await?;
    Ok(row.id)
}

/// Reads the questions that a target has not answered.
async fn open(conn: &mut PgConnection, target: &str) -> sqlx::Result<Vec<PolicyPlanQuestion>> {
    sqlx::query_as!(
        PolicyPlanQuestion,
        "SELECT q.id, q.request FROM plan_requests q
         WHERE $1 = ANY (q.targets)
           AND NOT EXISTS (SELECT FROM plan_answers a WHERE a.request = q.id AND a.target = $1)
         ORDER BY q.id",
        target
    )
    .fetch_all(conn)
    .await
}

/// Reads the targets that have something to answer.
async fn asked_targets(conn: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"SELECT DISTINCT t.target AS "target!" FROM plan_requests q, unnest(q.targets) AS t (target)
         WHERE NOT EXISTS (SELECT FROM plan_answers a WHERE a.request = q.id AND a.target = t.target)
         ORDER BY 1"#
    )
    .fetch_all(conn)
    .await
}

/// Inserts an answer, where the question still exists.
async fn insert_answer(
    conn: &mut PgConnection,
    id: i64,
    target: &str,
    answer: &Value,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "INSERT INTO plan_answers (request, target, answer)
         SELECT q.id, $2, $3 FROM plan_requests q WHERE q.id = $1
         ON CONFLICT (request, target) DO NOTHING",
        id,
        target,
        answer
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Reads the answers to a question.
async fn answers(conn: &mut PgConnection, id: i64) -> sqlx::Result<Vec<Answer>> {
    sqlx::query_as!(
        Answer,
        "SELECT target, answer FROM plan_answers WHERE request = $1 ORDER BY target",
        id
    )
    .fetch_all(conn)
    .await
}

/// Removes a question; its answers are removed with it.
async fn delete(conn: &mut PgConnection, id: i64) -> sqlx::Result<u64> {
    sqlx::query!("DELETE FROM plan_requests WHERE id = $1", id)
        .execute(conn)
        .await
        .map(|done| done.rows_affected())
}

/// Removes questions that nobody withdrew.
pub(crate) async fn delete_old(
    conn: &mut PgConnection,
    age_max_s: f64,
    limit: i64,
) -> sqlx::Result<u64> {
    sqlx::query!(
        "DELETE FROM plan_requests WHERE id IN (
             SELECT id FROM plan_requests WHERE asked_at < now() - make_interval(secs => $1)
             ORDER BY id LIMIT $2)",
        age_max_s,
        limit
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}
