//! What the canonical form calls equal, and what it does not.

use super::*;

fn task(members: &str) -> String {
    format!(r#"{{"family":"f"{members},"containerDefinitions":[{{"name":"a"}}]}}"#)
}

fn container(members: &str) -> String {
    format!(r#"{{"family":"f","containerDefinitions":[{{"name":"a"{members}}}]}}"#)
}

#[test]
fn ecs_defaults_and_dropped_fields_at_task_level_compare_equal() {
    for (one, other) in [
        (
            "",
            r#","revision":3,"status":"ACTIVE","taskDefinitionArn":"x","registeredBy":"y","compatibilities":["EC2"]"#,
        ),
        (
            "",
            r#","volumes":[],"placementConstraints":[],"requiresCompatibilities":[],"tags":[]"#,
        ),
        (
            "",
            r#","taskRoleArn":"","executionRoleArn":"","pidMode":"","runtimePlatform":null"#,
        ),
        ("", r#","networkMode":"bridge""#),
        ("", r#","enableFaultInjection":false"#),
        (
            r#","cpu":"1 vCPU","memory":"2 GB""#,
            r#","cpu":"1024","memory":"2048""#,
        ),
        (
            r#","cpu":".5 vcpu","memory":"0.5GB""#,
            r#","cpu":512,"memory":512"#,
        ),
        (
            r#","tags":[{"key":"a","value":"1"},{"key":"b","value":"2"}]"#,
            r#","tags":[{"value":"2","key":"b"},{"key":"a","value":"1"},{"key":"aws:x","value":"y"}]"#,
        ),
        (
            r#","requiresCompatibilities":["EC2","FARGATE"],"networkMode":"awsvpc""#,
            r#","requiresCompatibilities":["FARGATE","EC2"]"#,
        ),
        (
            r#","volumes":[{"name":"v"}]"#,
            r#","volumes":[{"name":"v","host":{}}]"#,
        ),
        (
            r#","volumes":[{"name":"v","efsVolumeConfiguration":{"fileSystemId":"fs-1"}}]"#,
            r#","volumes":[{"name":"v","efsVolumeConfiguration":{"fileSystemId":"fs-1","rootDirectory":"/"}}]"#,
        ),
    ] {
        assert_eq!(
            canonical(&task(one)),
            canonical(&task(other)),
            "{one} / {other}"
        );
    }
}

#[test]
fn ecs_defaults_and_dropped_fields_in_containers_compare_equal() {
    for (one, other) in [
        (
            "",
            r#","cpu":0,"essential":true,"environment":[],"mountPoints":[],"volumesFrom":[],"portMappings":[],"systemControls":[],"dockerLabels":{}"#,
        ),
        ("", r#","cpu":0.0,"dependsOn":null,"user":"""#),
        (
            r#","portMappings":[{"containerPort":80}]"#,
            r#","portMappings":[{"containerPort":80,"hostPort":0,"protocol":"tcp"}]"#,
        ),
        (
            r#","portMappings":[{"containerPort":80},{"containerPort":9}]"#,
            r#","portMappings":[{"containerPort":9},{"containerPort":80}]"#,
        ),
        (
            r#","environment":[{"name":"A","value":"1"},{"name":"B","value":""}]"#,
            r#","environment":[{"value":"","name":"B"},{"name":"A","value":"1"}]"#,
        ),
        (
            r#","secrets":[{"name":"A","valueFrom":"1"},{"name":"B","valueFrom":"2"}]"#,
            r#","secrets":[{"name":"B","valueFrom":"2"},{"name":"A","valueFrom":"1"}]"#,
        ),
        (
            r#","dependsOn":[{"containerName":"x","condition":"START"},{"containerName":"b","condition":"HEALTHY"}]"#,
            r#","dependsOn":[{"containerName":"b","condition":"HEALTHY"},{"condition":"START","containerName":"x"}]"#,
        ),
        (
            r#","healthCheck":{"command":["CMD","true"]}"#,
            r#","healthCheck":{"command":["CMD","true"],"interval":30,"timeout":5,"retries":3}"#,
        ),
        (
            r#","logConfiguration":{"logDriver":"awslogs"}"#,
            r#","logConfiguration":{"logDriver":"awslogs","options":{},"secretOptions":[]}"#,
        ),
        (
            r#","firelensConfiguration":{"type":"fluentbit"}"#,
            r#","user":"0","firelensConfiguration":{"type":"fluentbit","options":{}}"#,
        ),
        (
            r#","mountPoints":[{"sourceVolume":"v","containerPath":"/v"}]"#,
            r#","mountPoints":[{"sourceVolume":"v","containerPath":"/v","readOnly":false}]"#,
        ),
    ] {
        assert_eq!(
            canonical(&container(one)),
            canonical(&container(other)),
            "{one} / {other}"
        );
    }
}

#[test]
fn what_people_wrote_makes_a_difference() {
    for (one, other) in [
        ("", r#","essential":false"#),
        ("", r#","cpu":1"#),
        ("", r#","user":"0""#),
        ("", r#","anythingNew":{}"#),
        ("", r#","anythingNew":"""#),
        (
            r#","environment":[{"name":"A","value":"1"}]"#,
            r#","environment":[{"name":"A","value":""}]"#,
        ),
        (r#","command":["a","b"]"#, r#","command":["b","a"]"#),
        (
            r#","portMappings":[{"containerPort":80,"hostPort":80}]"#,
            r#","portMappings":[{"containerPort":80}]"#,
        ),
        (r#","dockerLabels":{"a":""}"#, r#","dockerLabels":{}"#),
        (
            r#","environment":[{"name":"A","value":"1"},{"name":"A","value":"2"}]"#,
            r#","environment":[{"name":"A","value":"2"},{"name":"A","value":"1"}]"#,
        ),
    ] {
        assert_ne!(
            canonical(&container(one)),
            canonical(&container(other)),
            "{one} / {other}"
        );
    }
    assert_ne!(
        canonical(&task(r#","networkMode":"host""#)),
        canonical(&task(""))
    );
    assert_ne!(
        canonical(&task(r#","cpu":"1 vCPU""#)),
        canonical(&task(r#","cpu":"512""#))
    );
}

#[test]
fn a_redundant_host_port_is_ignored_in_awsvpc_and_host() {
    let with = |mode: &str, port: &str| {
        format!(
            r#"{{"networkMode":"{mode}","containerDefinitions":[{{"name":"a","portMappings":[{{"containerPort":80{port}}}]}}]}}"#
        )
    };
    for mode in ["awsvpc", "host"] {
        assert_eq!(
            canonical(&with(mode, "")),
            canonical(&with(mode, r#","hostPort":80,"protocol":"tcp""#))
        );
    }
    assert_ne!(
        canonical(&with("bridge", "")),
        canonical(&with("bridge", r#","hostPort":80"#))
    );
}

#[test]
fn a_describe_response_and_its_register_input_hash_alike() {
    let input = r#"{"family":"f","containerDefinitions":[{"name":"a","image":"i"}],"tags":[{"key":"k","value":"v"}]}"#;
    let answer = r#"{"tags":[{"value":"v","key":"k"}],"taskDefinition":{"revision":1,"containerDefinitions":[{"cpu":0,"image":"i","name":"a","essential":true,"environment":[]}],"family":"f","volumes":[],"status":"ACTIVE"}}"#;
    assert_eq!(canonical_hash(input), canonical_hash(answer));
    assert_eq!(canonical_hash(input).len(), 64);
}

#[test]
fn numbers_compare_by_value_and_invalid_json_by_bytes() {
    assert_eq!(canonical(r#"{"x":2.0}"#), canonical(r#"{"x":2}"#));
    assert_ne!(canonical(r#"{"x":2.5}"#), canonical(r#"{"x":2}"#));
    assert_ne!(canonical_hash("{"), canonical_hash("["));
}

#[test]
fn the_hash_is_that_of_sha_256() {
    assert_eq!(
        sha256_hex(b"abc"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

/// Each document has this canonical text.
fn assert_canonical(documents: &[(String, &str)]) {
    for (text, expected) in documents {
        let doc = TaskDefinitionDoc::parse(text).unwrap();
        assert_eq!(doc.canonical_text(), *expected, "{text}");
        assert_eq!(canonical(text).to_string(), *expected, "{text}");
        assert_eq!(
            canonical_hash(&doc.to_register_input()),
            doc.canonical_hash(),
            "{text}"
        );
    }
}

#[test]
fn odd_task_definitions_have_this_canonical_text() {
    assert_canonical(&[
        (
            task(
                r#","cpu":"1 vCPU","memory":3072,"volumes":[{"host":{},"name":"v"},7],"pidMode":"""#,
            ),
            r#"{"containerDefinitions":[{"name":"a"}],"cpu":"1024","family":"f","memory":"3072","volumes":[{"name":"v"},7]}"#,
        ),
        (
            task(r#","tags":{"a":1},"cpu":"  ","memory":null,"enableFaultInjection":false"#),
            r#"{"containerDefinitions":[{"name":"a"}],"cpu":"","family":"f"}"#,
        ),
        (
            task(r#","tags":[{"value":"z","key":"b"},{"key":"AWS:x"},3,{"key":"a"}]"#),
            r#"{"containerDefinitions":[{"name":"a"}],"family":"f","tags":[3,{"key":"a"},{"key":"b","value":"z"}]}"#,
        ),
        (
            task(r#","requiresCompatibilities":["FARGATE","EC2",1.0],"networkMode":"awsvpc""#),
            r#"{"containerDefinitions":[{"name":"a"}],"family":"f","requiresCompatibilities":["EC2","FARGATE",1]}"#,
        ),
        (
            task(
                r#","networkMode":"b\u0072idge","x":{"b":1,"a":[null,{"z":null,"c":-0,"b":2.0e1,"a":1e-7}]}"#,
            ),
            r#"{"containerDefinitions":[{"name":"a"}],"family":"f","x":{"a":[null,{"a":1e-7,"b":20,"c":0}],"b":1}}"#,
        ),
        (
            task(
                r#","x":[12345678901234567890,123456789012345678901234567890,-1,1.50,"\/\u00e9\n"]"#,
            ),
            r#"{"containerDefinitions":[{"name":"a"}],"family":"f","x":[12345678901234567890,1.2345678901234568e+29,-1,1.5,"/é\n"]}"#,
        ),
    ]);
}

#[test]
fn odd_containers_have_this_canonical_text() {
    assert_canonical(&[
        (
            container(r#","cpu":0.0,"essential":true,"user":"","hostname":"\u0061","links":[],"memory":null"#),
            r#"{"containerDefinitions":[{"hostname":"a","name":"a"}],"family":"f"}"#,
        ),
        (
            container(r#","portMappings":[{"hostPort":80,"containerPort":80,"protocol":"tcp"},{"containerPort":9,"hostPort":0}]"#),
            r#"{"containerDefinitions":[{"name":"a","portMappings":[{"containerPort":9},{"containerPort":80,"hostPort":80}]}],"family":"f"}"#,
        ),
        (
            container(r#","portMappings":[{"containerPort":"x"},{"containerPort":5},7,{"containerPort":null},{"containerPort":4.5}]"#),
            r#"{"containerDefinitions":[{"name":"a","portMappings":[7,{},{"containerPort":4.5},{"containerPort":5},{"containerPort":"x"}]}],"family":"f"}"#,
        ),
        (
            container(r#","environment":[{"value":"1","name":"b"},{"name":"a\\"},{"name":"a","value":null}],"dependsOn":{"a":{}}"#),
            r#"{"containerDefinitions":[{"dependsOn":{"a":{}},"environment":[{"name":"a"},{"name":"a\\"},{"name":"b","value":"1"}],"name":"a"}],"family":"f"}"#,
        ),
        (
            container(r#","mountPoints":[{"readOnly":false,"sourceVolume":"v"},{"readOnly":true}],"secrets":7"#),
            r#"{"containerDefinitions":[{"mountPoints":[{"sourceVolume":"v"},{"readOnly":true}],"name":"a","secrets":7}],"family":"f"}"#,
        ),
        (
            container(r#","healthCheck":{"command":["x"],"interval":30,"timeout":5.0,"retries":3,"y":null}"#),
            r#"{"containerDefinitions":[{"healthCheck":{"command":["x"],"timeout":5},"name":"a"}],"family":"f"}"#,
        ),
        (
            container(r#","logConfiguration":{"options":{},"logDriver":"x","secretOptions":[{"name":"b"},{"name":"a"}]},"user":"0""#),
            r#"{"containerDefinitions":[{"logConfiguration":{"logDriver":"x","secretOptions":[{"name":"a"},{"name":"b"}]},"name":"a","user":"0"}],"family":"f"}"#,
        ),
        (
            container(r#","firelensConfiguration":{"type":"fluentbit","options":{}},"user":"0""#),
            r#"{"containerDefinitions":[{"firelensConfiguration":{"type":"fluentbit"},"name":"a"}],"family":"f"}"#,
        ),
        (
            container(r#","firelensConfiguration":null,"user":"0","logConfiguration":[]"#),
            r#"{"containerDefinitions":[{"logConfiguration":[],"name":"a","user":"0"}],"family":"f"}"#,
        ),
        (
            r#"{"taskDefinition":{"containerDefinitions":[{"name":"a","portMappings":[{"hostPort":1,"containerPort":1}]}],"networkMode":"host","tags":[{"key":"k"}]},"tags":[]}"#.to_owned(),
            r#"{"containerDefinitions":[{"name":"a","portMappings":[{"containerPort":1}]}],"networkMode":"host","tags":[{"key":"k"}]}"#,
        ),
    ]);
}

#[test]
fn no_member_has_two_rules() {
    for level in [rules::TASK, rules::CONTAINER] {
        let names: std::collections::BTreeSet<&str> = level.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), level.len());
    }
}
