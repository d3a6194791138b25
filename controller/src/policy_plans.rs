//! Computes what a policy would do in a target, from the world that a pass has just read.
//!
//! Nothing is written to AWS for an answer, and a question that cannot be answered does not affect the pass.

use firelens_plan::PlanInput;
use firelens_report::policy_plan::{PolicyPlanRequest, TargetPlan, policy_plan};
use firelens_store::{PolicyPlanQuestion, Store, StoreError};
use firelens_types::error_chain;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::load::Loaded;
use crate::needs::Reader;
use crate::world::World;

/// The number of rounds of reviewing and reading for one question.
const MAX_ROUNDS: usize = 12;

/// Answers the open questions of a target.
///
/// # Errors
/// The store fails.
pub(crate) async fn answer(
    store: &Store,
    reader: &Reader<'_>,
    loaded: &Loaded,
    world: &mut World,
    now: Timestamp,
) -> Result<(), StoreError> {
    let target = loaded.target.name();
    for question in store.open_questions(target).await? {
        let id = question.id;
        let answer = match readable(question) {
            Some(asked) => {
                let plan = evaluate(reader, loaded, world, &asked, now).await?;
                serde_json::to_value(plan).unwrap_or_else(|error| problem(&error.to_string()))
            }
            None => problem("the controller has another version and cannot read the request"),
        };
        match store.answer(id, target, &answer).await {
            Err(error) if error.refuses_content() => {
                let error = error_chain(&error);
                tracing::error!(
                    target_name = target,
                    error,
                    "the database rejected the response"
                );
                let answer = problem("the operator's database rejected the response");
                store.answer(id, target, &answer).await?;
            }
            other => other?,
        }
    }
    Ok(())
}

fn readable(question: PolicyPlanQuestion) -> Option<PolicyPlanRequest> {
    serde_json::from_value(question.request).ok()
}

/// An answer with only a message.
fn problem(message: &str) -> Value {
    json!({"problem": message})
}

async fn evaluate(
    reader: &Reader<'_>,
    loaded: &Loaded,
    world: &mut World,
    asked: &PolicyPlanRequest,
    now: Timestamp,
) -> Result<TargetPlan, StoreError> {
    let (policies, policy) = asked.policies(&loaded.policies, now);
    let destinations = asked.destinations(&loaded.destinations);
    let mut plan = TargetPlan::default();
    for _ in 0..MAX_ROUNDS {
        let input = PlanInput {
            policies: &policies,
            destinations: &destinations,
            ..loaded.input(&world.observation, now)
        };
        let reviewed = policy_plan(&input, &policy, asked.limit);
        plan = reviewed.plan;
        if reviewed.needs.is_empty() {
            break;
        }
        reader.read(&reviewed.needs, &mut world.observation).await?;
    }
    Ok(plan)
}
