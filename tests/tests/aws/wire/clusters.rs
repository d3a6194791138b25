//! Clusters and tags: pages, failures, limits.

use firelens_tests::fake_aws::FakeAws;
use serde_json::{Value, json};

use crate::wire::support::{ecs, fake, refused};

fn names(fake: &FakeAws, params: Value) -> (usize, Option<String>) {
    let answer = ecs(fake, "ListClusters", params);
    (
        answer["clusterArns"].as_array().unwrap().len(),
        answer["nextToken"].as_str().map(str::to_owned),
    )
}

#[test]
fn clusters_are_listed_a_hundred_at_a_time() {
    let fake = fake();
    for i in 0..105 {
        ecs(
            &fake,
            "CreateCluster",
            json!({"clusterName": format!("c{i:03}")}),
        );
    }
    let (count, token) = names(&fake, json!({}));
    assert_eq!(count, 100);
    assert_eq!(names(&fake, json!({"nextToken": token})), (5, None));
    let (code, _) = refused(&fake, "ListClusters", json!({"maxResults": 101}));
    assert_eq!(code, "InvalidParameterException");
}

#[test]
fn cluster_tags_appear_on_request_and_missing_clusters_as_failures() {
    let fake = fake();
    let tags = json!([{"key": "team", "value": "a"}]);
    ecs(
        &fake,
        "CreateCluster",
        json!({"clusterName": "main", "tags": tags}),
    );
    let answer = ecs(
        &fake,
        "DescribeClusters",
        json!({"clusters": ["main", "nope"]}),
    );
    assert_eq!(answer["clusters"][0]["tags"], json!([]));
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
    let answer = ecs(
        &fake,
        "DescribeClusters",
        json!({"clusters": ["main"], "include": ["TAGS"]}),
    );
    assert_eq!(answer["clusters"][0]["tags"], tags);
    let too_many: Vec<String> = (0..101).map(|i| i.to_string()).collect();
    let (code, _) = refused(&fake, "DescribeClusters", json!({"clusters": too_many}));
    assert_eq!(code, "InvalidParameterException");
}

#[test]
fn tags_are_added_replaced_and_removed() {
    let fake = fake();
    let created = ecs(&fake, "CreateCluster", json!({"clusterName": "main"}));
    let arn = created["cluster"]["clusterArn"].clone();
    for value in ["1", "2"] {
        ecs(
            &fake,
            "TagResource",
            json!({"resourceArn": arn, "tags": [{"key": "k", "value": value}]}),
        );
    }
    let tags = ecs(&fake, "ListTagsForResource", json!({"resourceArn": arn}));
    assert_eq!(tags["tags"], json!([{"key": "k", "value": "2"}]));
    ecs(
        &fake,
        "UntagResource",
        json!({"resourceArn": arn, "tagKeys": ["k"]}),
    );
    let tags = ecs(&fake, "ListTagsForResource", json!({"resourceArn": arn}));
    assert_eq!(tags["tags"], json!([]));
    let (code, _) = refused(
        &fake,
        "TagResource",
        json!({"resourceArn": arn, "tags": [{"key": "aws:x", "value": "1"}]}),
    );
    assert_eq!(code, "InvalidParameterException");
}

#[test]
fn an_operation_that_is_not_spoken_says_so() {
    let (code, message) = refused(&fake(), "RunTask", json!({"taskDefinition": "web"}));
    assert_eq!(code, "UnknownOperationException");
    assert!(message.contains("RunTask"));
}
