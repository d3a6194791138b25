//! The measure that the Python reference is compared with: whole answers in, whole bodies out.
//!
//! `--write FILE` writes the corpus for the reference; `--measure SECONDS` measures every class and
//! both paths for that long each and prints one JSON object. Without either it prints a table.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use firelens_inject::{Injector, WorkloadContext};
use firelens_taskdef::TaskDefinitionDoc;
use serde_json::{Map, Value};
use support::corpus::{CLASSES, Document, corpus, lines};
use support::policy::Setting;

#[allow(clippy::print_stdout, reason = "the measure is the output")]
#[allow(clippy::disallowed_methods, reason = "writes the corpus")]
fn main() {
    let setting = Setting::new();
    let documents = corpus(&setting);
    let arguments: Vec<String> = std::env::args().collect();
    let value_of = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    if let Some(path) = value_of("--write") {
        std::fs::write(path, lines(&documents)).unwrap();
        return;
    }
    let seconds = value_of("--measure").map_or(1.0, |text| text.parse().unwrap());
    println!(
        "{}",
        measure(&setting, &documents, Duration::from_secs_f64(seconds))
    );
}

/// Documents a second, by class and path.
#[allow(clippy::disallowed_methods, reason = "measures time")]
fn measure(setting: &Setting, documents: &[Document], span: Duration) -> Value {
    let (workload, mut injector) = (setting.workload(), setting.injector());
    let mut rates = Map::new();
    for class in CLASSES {
        let mine: Vec<&Document> = documents
            .iter()
            .filter(|one| one.class == class.name)
            .collect();
        let mut of_class = Map::new();
        for path in ["patch", "no-op"] {
            let mut once = || {
                for document in &mine {
                    let text = if path == "patch" {
                        &document.base
                    } else {
                        &document.live
                    };
                    black_box(patch(black_box(text), &mut injector, &workload));
                }
            };
            once();
            let start = Instant::now();
            let mut done = 0_usize;
            while start.elapsed() < span {
                once();
                done += mine.len();
            }
            #[allow(clippy::cast_precision_loss, reason = "a count of documents")]
            let rate = done as f64 / start.elapsed().as_secs_f64();
            of_class.insert(path.to_owned(), Value::from(rate));
        }
        rates.insert(class.name.to_owned(), Value::Object(of_class));
    }
    Value::Object(rates)
}

/// An answer in, the body to register out; none when the revision is as it should be.
fn patch(
    answer: &str,
    injector: &mut Injector<'_>,
    workload: &WorkloadContext<'_>,
) -> Option<String> {
    let document = TaskDefinitionDoc::parse(answer).unwrap();
    let prepared = injector.prepare(&document, workload).unwrap();
    (!prepared.is_current(&document)).then(|| prepared.seal().register_input)
}
