//! Labels of generated objects and the component of events.

use firelens_store::LabelSelector;

/// Label of generated objects: the target, cut to what a label can hold.
pub(crate) const TARGET_LABEL: &str = "firelens.dev/target";

/// Label of rollouts: the policy. Names of policies fit into a label.
pub(crate) const POLICY_LABEL: &str = "firelens.dev/policy";

/// Longest value of a label
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>).
const LABEL_VALUE_MAX: usize = 63;

/// The part of the operator that events come from.
pub(crate) const COMPONENT: &str = "firelens-controller";

/// Selects the generated objects of a target, and of targets whose long names begin alike.
pub(crate) fn target_selector(target: &str) -> LabelSelector {
    LabelSelector::of_label(TARGET_LABEL, &label_value(target))
}

/// Returns a name as the value of a label, which is shorter than a name can be and allows fewer characters than
/// one that another version accepted.
pub(crate) fn label_value(name: &str) -> String {
    let plain = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() || "-_.".contains(letter) => letter,
        _ => '-',
    };
    let cut: String = name.chars().map(plain).take(LABEL_VALUE_MAX).collect();
    let cut = cut.trim_matches(|end: char| !end.is_ascii_alphanumeric());
    cut.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_target_name_becomes_a_valid_label() {
        let name = format!("{}.{}", "a".repeat(62), "b".repeat(62));
        assert_eq!(label_value(&name), "a".repeat(62));
        assert_eq!(label_value("prod-us"), "prod-us");
        assert_eq!(label_value("/Prod us/"), "Prod-us");
    }
}
