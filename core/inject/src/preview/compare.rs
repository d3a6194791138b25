//! Compares generated files without regard to the order of containers, which the agent changes from
//! task to task.
//!
//! Sections are compared as a whole.

/// The sections of a generated file, sorted. The agent writes one empty line before each.
#[must_use]
pub fn sorted_sections(text: &str) -> Vec<&str> {
    let mut sections: Vec<&str> = text
        .trim_end_matches('\n')
        .split("\n\n")
        .map(|section| section.trim_start_matches('\n'))
        .filter(|section| !section.is_empty())
        .collect();
    sections.sort_unstable();
    sections
}

/// Whether two generated files hold the same sections, in whatever order.
#[must_use]
pub fn same_but_for_order(one: &str, other: &str) -> bool {
    sorted_sections(one) == sorted_sections(other)
}
