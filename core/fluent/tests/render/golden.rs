//! `cases/NAME.json` gives `cases/NAME.conf` and, with parsers, `cases/NAME.parsers.conf`.
//! `UPDATE_GOLDEN=1` writes them.

use crate::case::{Case, assert_golden, folder};
use crate::names::assert_known_options;

#[test]
fn every_case_renders_golden_files_with_known_options() {
    let mut count = 0;
    for entry in std::fs::read_dir(folder().join("cases")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        count += 1;
        let case = Case::parse(&std::fs::read_to_string(&path).unwrap());
        let files = case
            .render()
            .unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
        assert_golden(&path.with_extension("conf"), Some(&files.main));
        assert_golden(
            &path.with_extension("parsers.conf"),
            files.parsers.as_deref(),
        );
        assert_known_options(&files.main);
        assert_eq!(case.render().unwrap(), files, "rendering is deterministic");
    }
    assert!(count >= 8, "only {count} cases were found");
}
