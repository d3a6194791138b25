//! Prints what passes do, to debug a test: `FIRELENS_TEST_PASSES=1` prints each pass with its calls,
//! `FIRELENS_TEST_PASSES=records` also the record of each workload.
#![allow(clippy::expect_used)]

use firelens_controller::PassOutcome;
use jiff::Timestamp;

use super::Harness;

impl Harness {
    pub(super) async fn tell(&mut self, target: &str, began: Timestamp, outcome: &PassOutcome) {
        let Some(how) = std::env::var_os("FIRELENS_TEST_PASSES") else {
            return;
        };
        let calls = self.fake.calls();
        let new = calls.get(self.told..).unwrap_or(&calls);
        let called: Vec<String> = new
            .iter()
            .map(|call| match &call.error {
                Some(error) => format!("{} ({error})", call.operation),
                None => call.operation.clone(),
            })
            .collect();
        self.told = calls.len();
        let pass = self.passes;
        eprintln!("pass {pass} over {target} at {began}: {outcome:?}; {called:?}");
        if how == "records" {
            let records = self.store.records(target).await;
            for record in records.expect("a readable store").values() {
                eprintln!("    {record:?}");
            }
        }
    }
}
