//! The spoke in a second region of the same account: what is global exists once.

use crate::policies::{HOME, spoke_module, spoke_stack};

const SECOND: &str = "eu-west-1";

#[test]
fn a_second_region_gets_a_bucket_and_nothing_of_iam() {
    let stack = spoke_stack(SECOND);
    let kinds: Vec<&str> = stack
        .resources
        .values()
        .map(|resource| resource.kind.as_str())
        .collect();
    assert_eq!(kinds, ["AWS::S3::Bucket", "AWS::S3::BucketPolicy"]);
    let module = spoke_module(SECOND);
    let kinds: Vec<&str> = module.resources.keys().map(String::as_str).collect();
    assert!(kinds.contains(&"aws_s3_bucket.config"), "{kinds:?}");
    assert!(
        kinds.iter().all(|kind| kind.starts_with("aws_s3_")),
        "{kinds:?}"
    );
}

#[test]
fn regions_share_role_and_boundary_but_not_the_bucket() {
    let (home, second) = (spoke_stack(HOME).outputs, spoke_stack(SECOND).outputs);
    let (here, there) = (spoke_module(HOME).outputs, spoke_module(SECOND).outputs);
    for (in_stack, in_module, is_global) in [
        ("OperatorRoleArn", "operator_role_arn", true),
        ("TaskBoundaryArn", "task_boundary_arn", true),
        ("ConfigBucketName", "config_bucket_name", false),
    ] {
        assert_eq!(home[in_stack] == second[in_stack], is_global, "{in_stack}");
        assert_eq!(home[in_stack], here[in_module], "{in_module}");
        assert_eq!(second[in_stack], there[in_module], "{in_module}");
    }
    // The outputs name what is made, and are not only alike.
    let stack = spoke_stack(HOME);
    let role = stack
        .property("OperatorRole", "/RoleName")
        .as_str()
        .unwrap();
    assert!(
        home["OperatorRoleArn"]
            .as_str()
            .unwrap()
            .ends_with(&format!(":role/{role}"))
    );
}

/// The role of the first region reaches the buckets of all: `firelens-config-ACCOUNT-REGION`.
#[test]
fn the_one_role_reaches_the_bucket_of_every_region() {
    let policy = spoke_stack(HOME)
        .property("OperatorWrite", "/PolicyDocument")
        .to_string();
    let grant = "arn:aws:s3:::firelens-config-111122223333-*/firelens/*";
    assert!(policy.contains(grant), "{policy}");
    for region in [HOME, SECOND] {
        let bucket = spoke_stack(region).outputs["ConfigBucketName"].clone();
        assert_eq!(bucket, format!("firelens-config-111122223333-{region}"));
    }
}
