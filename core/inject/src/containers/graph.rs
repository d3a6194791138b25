//! Who waits for whom, in the document as it will be registered.
//!
//! The graph has all containers: a circle through containers that are not ours stops the task as well.
//! Rules: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html>.

use std::borrow::Cow;
use std::collections::BTreeMap;

use firelens_taskdef::TaskDefinitionDoc;

use crate::refusal::{Reason, Refusal};

/// Containers by name, and what each waits for: container and condition.
type Graph<'a> = BTreeMap<Cow<'a, str>, Vec<(Cow<'a, str>, Cow<'a, str>)>>;

/// Refuses a document in which containers wait for each other in a circle, for a container that is
/// not there, or for the router to end.
pub(crate) fn prove(doc: &TaskDefinitionDoc, router: &str) -> Result<(), Refusal> {
    if waits_for_router_alone(doc, router) {
        return Ok(());
    }
    let graph: Graph<'_> = doc
        .containers()
        .map(|container| (container.name_text(), container.waits().collect()))
        .collect();
    refuse_missing(&graph)?;
    refuse_end_of_router(&graph, router)?;
    match circle(&graph) {
        None => Ok(()),
        Some(path) => Err(Refusal::new(
            Reason::DependencyCycle,
            format!(
                "the container dependencies form a cycle: {}; change dependsOn of these containers",
                path.join(" -> ")
            ),
        )),
    }
}

/// Whether there is nothing to prove: nobody waits for another than the router, or for its end.
fn waits_for_router_alone(doc: &TaskDefinitionDoc, router: &str) -> bool {
    doc.containers().all(|container| {
        let is_router = container.is_named(router);
        container.waits().all(|(on, condition)| {
            !is_router && on == router && !matches!(condition.as_ref(), "COMPLETE" | "SUCCESS")
        })
    }) && doc.container(router).is_some()
}

fn refuse_missing(graph: &Graph<'_>) -> Result<(), Refusal> {
    for (name, on) in graph {
        if let Some((missing, _)) = on.iter().find(|(on, _)| !graph.contains_key(on)) {
            return Err(Refusal::new(
                Reason::DependencyMissing,
                format!(
                    "container {name} depends on {missing}, and the task definition has no such container; remove the \
                     entry from its dependsOn"
                ),
            ));
        }
    }
    Ok(())
}

fn refuse_end_of_router(graph: &Graph<'_>, router: &str) -> Result<(), Refusal> {
    for (name, on) in graph {
        let end = on.iter().find(|(on, condition)| {
            on == router && matches!(condition.as_ref(), "COMPLETE" | "SUCCESS")
        });
        if let Some((_, condition)) = end {
            return Err(never_ends(name, router, condition));
        }
    }
    Ok(())
}

/// The refusal of a wait for the end of a router.
pub(crate) fn never_ends(name: &str, on: &str, condition: &str) -> Refusal {
    Refusal::new(
        Reason::DependencyConditionInvalid,
        format!(
            "container {name} depends on {on} with the condition {condition}, which a router never meets; change the \
             condition to START or HEALTHY, or give the router another name"
        ),
    )
}

/// How far the walk has come with a container.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    OnPath,
    Done,
}

/// A circle, its first container named again at its end; the same one for the same document.
fn circle(graph: &Graph<'_>) -> Option<Vec<String>> {
    let mut marks: BTreeMap<&str, Mark> = BTreeMap::new();
    for start in graph.keys() {
        // Containers on the way from the start, each with the next of its dependencies to look at.
        let mut path: Vec<(&str, usize)> = Vec::new();
        if !marks.contains_key(start.as_ref()) {
            marks.insert(start, Mark::OnPath);
            path.push((start, 0));
        }
        while let Some((name, next)) = path.last_mut() {
            let on = graph.get(*name).and_then(|on| on.get(*next));
            *next += 1;
            let Some((on, _)) = on else {
                marks.insert(*name, Mark::Done);
                path.pop();
                continue;
            };
            match marks.get(on.as_ref()) {
                Some(Mark::Done) => {}
                Some(Mark::OnPath) => return Some(closed(&path, on)),
                None => {
                    marks.insert(on, Mark::OnPath);
                    path.push((on, 0));
                }
            }
        }
    }
    None
}

/// The part of the path from the container that is met again, and that container once more.
fn closed(path: &[(&str, usize)], again: &str) -> Vec<String> {
    path.iter()
        .map(|(name, _)| *name)
        .skip_while(|name| *name != again)
        .chain([again])
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn doc(edges: &[(usize, usize)], containers: usize) -> TaskDefinitionDoc {
        let containers: Vec<_> = (0..containers)
            .map(|index| {
                let on: Vec<_> = edges
                    .iter()
                    .filter(|(from, _)| *from == index)
                    .map(|(_, to)| json!({"containerName": format!("c{to}"), "condition": "START"}))
                    .collect();
                json!({"name": format!("c{index}"), "dependsOn": on})
            })
            .collect();
        let text = json!({"family": "f", "containerDefinitions": containers}).to_string();
        TaskDefinitionDoc::parse(&text).unwrap()
    }

    /// Whether nothing is left when containers that wait for nobody are taken away again and again.
    fn comes_to_an_end(edges: &[(usize, usize)], containers: usize) -> bool {
        let mut open: Vec<usize> = (0..containers).collect();
        loop {
            let waits = |one: &usize, open: &[usize]| {
                edges
                    .iter()
                    .any(|(from, to)| from == one && open.contains(to))
            };
            let left: Vec<usize> = open
                .iter()
                .copied()
                .filter(|one| waits(one, &open))
                .collect();
            if left.len() == open.len() {
                return open.is_empty();
            }
            open = left;
        }
    }

    #[test]
    fn a_circle_is_named_from_container_to_container() {
        let refusal = prove(&doc(&[(0, 1), (1, 2), (2, 3), (3, 1)], 4), "log_router").unwrap_err();
        assert_eq!(refusal.reason, Reason::DependencyCycle);
        assert!(
            refusal.message.contains("c1 -> c2 -> c3 -> c1;"),
            "{}",
            refusal.message
        );
        let own = prove(&doc(&[(0, 0)], 1), "log_router").unwrap_err();
        assert!(own.message.contains("c0 -> c0;"), "{}", own.message);
    }

    #[test]
    fn a_container_that_is_not_there_cannot_be_waited_for() {
        let refusal = prove(&doc(&[(0, 7)], 1), "log_router").unwrap_err();
        assert_eq!(refusal.reason, Reason::DependencyMissing);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

        #[test]
        fn a_graph_is_refused_exactly_when_it_has_a_circle(
            edges in proptest::collection::vec((0_usize..10, 0_usize..10), 0..24),
        ) {
            let outcome = prove(&doc(&edges, 10), "log_router");
            prop_assert_eq!(outcome.is_ok(), comes_to_an_end(&edges, 10));
            if let Err(refusal) = outcome {
                let path = refusal.message.split(": ").nth(1).unwrap_or_default();
                let path = path.split(';').next().unwrap_or_default();
                let steps: Vec<usize> = path.split(" -> ").map(|name| name[1..].parse().unwrap()).collect();
                prop_assert_eq!(steps.first(), steps.last());
                for pair in steps.windows(2) {
                    prop_assert!(edges.contains(&(pair[0], pair[1])), "{:?}", path);
                }
            }
        }
    }
}
