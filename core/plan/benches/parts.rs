//! How long each part takes: reading, hashing, injecting, evaluating, and one pass over 10,000 services.
//!
//! `cargo bench -p firelens-core --bench parts`; a word behind `--` narrows it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/plan/build.rs"]
mod build;
mod support;
#[allow(
    dead_code,
    reason = "a benchmark drives less of the world than the tests do"
)]
#[path = "../tests/plan/world/mod.rs"]
mod world;

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use firelens_inject::{Platform, TargetContext, WorkloadContext, inject, is_current};
use firelens_plan::{Decision, Plan};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::LaunchType;
use serde_json::json;
use support::corpus::{Document, corpus};
use support::policy::Setting;
use world::World;

static SETTING: LazyLock<Setting> = LazyLock::new(Setting::new);
static CORPUS: LazyLock<Vec<Document>> = LazyLock::new(|| corpus(&SETTING));

fn main() {
    divan::main();
}

/// The first document of a class.
fn document(class: &str) -> &'static Document {
    CORPUS.iter().find(|one| one.class == class).unwrap()
}

#[divan::bench(args = ["2.5 KB", "12 KB", "58 KB"])]
fn read(bencher: Bencher<'_, '_>, class: &str) {
    let text = &document(class).base;
    bencher.bench(|| TaskDefinitionDoc::parse(black_box(text)).unwrap());
}

#[divan::bench(args = ["2.5 KB", "12 KB", "58 KB"])]
fn hash(bencher: Bencher<'_, '_>, class: &str) {
    let doc = TaskDefinitionDoc::parse(&document(class).base).unwrap();
    bencher.bench(|| black_box(&doc).canonical_hash());
}

#[divan::bench(args = ["2.5 KB", "12 KB", "58 KB"])]
fn inject_into_the_owners(bencher: Bencher<'_, '_>, class: &str) {
    let doc = TaskDefinitionDoc::parse(&document(class).base).unwrap();
    let (workload, mut injector) = (SETTING.workload(), SETTING.injector());
    bencher.bench_local(|| injector.prepare(black_box(&doc), &workload).unwrap().seal());
}

#[divan::bench(args = ["2.5 KB", "12 KB", "58 KB"])]
fn prepare_again(bencher: Bencher<'_, '_>, class: &str) {
    let doc = TaskDefinitionDoc::parse(&document(class).live).unwrap();
    let (workload, mut injector) = (SETTING.workload(), SETTING.injector());
    bencher.bench_local(|| injector.prepare(black_box(&doc), &workload).unwrap());
}

#[divan::bench(args = ["2.5 KB", "12 KB", "58 KB"])]
fn evaluate(bencher: Bencher<'_, '_>, class: &str) {
    let doc = TaskDefinitionDoc::parse(&document(class).live).unwrap();
    let injection = inject(&doc, &SETTING.target(), &SETTING.workload()).unwrap();
    bencher.bench(|| assert!(is_current(black_box(&doc), &injection)));
}

/// A fleet in which every service already runs what its policy wants.
fn settled_fleet(services: usize) -> World {
    let mut world = World::fleet(services);
    let policy = build::policy("all", &json!({}));
    let names: Vec<String> = world.services.keys().cloned().collect();
    for name in names {
        let live = world.live(&name);
        let target = TargetContext {
            policy: &policy,
            destinations: &world.destinations,
            account_id: build::ACCOUNT,
            region: build::REGION,
            partition: "aws",
            config_bucket: world.target.spec.config_bucket.as_ref(),
            installation: None,
        };
        let workload = WorkloadContext {
            platform: Platform::of_document(&live, Some(LaunchType::Fargate)),
            base_arn: None,
        };
        let body = inject(&live, &target, &workload).unwrap().register_input;
        let arn = world.register(&body);
        world.services.get_mut(&name).unwrap().revision = arn;
    }
    world.policies.push(policy);
    for _ in 0..3 {
        world.pass();
        world.advance(60);
    }
    world
}

/// Nothing is to be done for any of them, and the pass has to find that out.
#[divan::bench(args = [1_000, 10_000], sample_count = 10, sample_size = 1)]
fn a_pass_over_services_in_sync(bencher: Bencher<'_, '_>, services: usize) {
    let world = settled_fleet(services);
    let seen = world.seen();
    let pass = || world.plan_with(&seen);
    let in_sync = |made: &Plan| {
        let decisions = made.workloads.values().map(|workload| &workload.decision);
        decisions.filter(|one| **one == Decision::InSync).count()
    };
    assert_eq!(in_sync(&pass()), services);
    bencher.bench_local(pass);
}
