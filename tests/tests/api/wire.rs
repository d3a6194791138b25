//! The HTTP interface for clients: representations, pages, discovery, limits, refusals.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use firelens_api::ApiOptions;
use firelens_tests::http::{Api, GROUP, destination, policy};
use firelens_types::v1alpha1::Kind;
use serde_json::{Value, json};

const DESTINATIONS: &str = "/apis/firelens.dev/v1alpha1/logdestinations";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// Compares with a committed file, or writes it if `UPDATE_GOLDEN=1` is set.
fn golden(name: &str, value: &Value) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path: PathBuf = tests.join("golden").join(name);
    let text = serde_json::to_string_pretty(value).unwrap() + "\n";
    if env::var("UPDATE_GOLDEN").is_ok_and(|v| v == "1") {
        fs::create_dir_all(tests.join("golden")).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        known == text,
        "{name} differs: look at it with UPDATE_GOLDEN=1 and git diff"
    );
}

#[tokio::test]
async fn discovery_is_as_committed() {
    let api = Api::start().await;
    let mut answers = json!({});
    for path in [
        "/api",
        "/api/v1",
        "/apis",
        "/apis/firelens.dev",
        "/apis/firelens.dev/v1alpha1",
    ] {
        answers[path] = api.get(path).await.expect(200);
    }
    for path in ["/api", "/apis"] {
        for version in ["v2", "v2beta1"] {
            let accept = format!(
                "application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList,application/json"
            );
            let answer = api.get_as(path, &accept).await;
            let media_type = answer.headers["content-type"].to_str().unwrap().to_owned();
            assert!(accept.starts_with(&media_type), "{media_type}");
            answers[format!("{path} aggregated {version}")] = answer.expect(200);
        }
    }
    golden("discovery.json", &answers);
    let version = api.get("/version").await.expect(200);
    let installation = version["firelensInstallation"].as_str().expect("an id");
    assert_eq!(installation.len(), 12, "{installation}");
    assert!(
        version["gitVersion"]
            .as_str()
            .unwrap()
            .starts_with("v1.32.0-firelens")
    );
}

#[tokio::test]
async fn openapi_is_as_committed() {
    let api = Api::start().await;
    let index = api.get("/openapi/v3").await.expect(200);
    let entry = &index["paths"]["apis/firelens.dev/v1alpha1"]["serverRelativeURL"];
    let document = api.get(entry.as_str().unwrap()).await;
    let etag = document.headers["etag"].to_str().unwrap().to_owned();
    let document = document.expect(200);
    assert_eq!(document, firelens_api::openapi_v3());
    golden("openapi-v3.json", &document);
    let again = api
        .send(
            "GET",
            entry.as_str().unwrap(),
            &[("if-none-match", &etag)],
            "",
        )
        .await;
    assert_eq!(again.code, 304);
    let core = index["paths"]["api/v1"]["serverRelativeURL"]
        .as_str()
        .unwrap();
    let core = api.get(core).await.expect(200);
    assert!(core["components"]["schemas"]["io.k8s.api.core.v1.Event"].is_object());
}

#[tokio::test]
async fn openapi_tells_kubectl_what_it_asks_for() {
    let document = firelens_api::openapi_v3();
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Workload) {
        let path = format!("{GROUP}/{}/{{name}}", kind.plural());
        let patch = &document["paths"][&path]["patch"];
        let gvk = json!({"group": "firelens.dev", "version": "v1alpha1", "kind": kind.name()});
        assert_eq!(patch["x-kubernetes-group-version-kind"], gvk);
        let parameters = patch["parameters"].as_array().unwrap();
        for name in ["dryRun", "fieldValidation"] {
            assert!(
                parameters
                    .iter()
                    .any(|p| p["name"] == name && p["in"] == "query"),
                "{name}"
            );
        }
        let content = &patch["requestBody"]["content"];
        assert!(content["application/merge-patch+json"].is_object());
        assert!(content["application/strategic-merge-patch+json"].is_null());
        let schema = format!("dev.firelens.v1alpha1.{}", kind.name());
        let schema = &document["components"]["schemas"][&schema];
        assert_eq!(schema["x-kubernetes-group-version-kind"], json!([gvk]));
    }
}

#[tokio::test]
async fn openapi_v2_comes_as_json_and_as_protobuf() {
    let api = Api::start().await;
    let json = api.get("/openapi/v2").await.expect(200);
    assert_eq!(json["swagger"], "2.0");
    let schema = &json["definitions"]["dev.firelens.v1alpha1.LoggingPolicy"];
    assert!(schema["properties"]["spec"]["properties"]["router"].is_object());
    let accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf,application/json";
    let answer = api.get_as("/openapi/v2", accept).await;
    assert_eq!(
        answer.headers["content-type"],
        "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
    );
    // Field 1 of the document, a string of three bytes: the version of Swagger.
    assert!(
        answer.text.starts_with("\u{a}\u{3}2.0"),
        "{:?}",
        &answer.text[..20]
    );
}

#[tokio::test]
async fn lists_and_objects_come_as_tables_and_as_metadata() {
    let api = Api::start().await;
    api.created("loggingpolicies", &policy("pay")).await;
    let path = format!("{GROUP}/loggingpolicies");
    for path in [path.clone(), format!("{path}/pay")] {
        let table = api.get_as(&path, TABLE).await.expect(200);
        assert_eq!(
            (&table["kind"], &table["apiVersion"]),
            (&json!("Table"), &json!("meta.k8s.io/v1"))
        );
        let columns: Vec<(&str, i64)> = table["columnDefinitions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| (c["name"].as_str().unwrap(), c["priority"].as_i64().unwrap()))
            .collect();
        assert!(
            columns.contains(&("Mode", 0)) && columns.contains(&("Reason", 1)),
            "{columns:?}"
        );
        let row = &table["rows"][0];
        assert_eq!(
            (&row["cells"][0], &row["cells"][1]),
            (&json!("pay"), &json!("Audit"))
        );
        let age = row["cells"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .as_str()
            .unwrap();
        assert!(age.ends_with('s'), "{age}");
        assert_eq!(row["object"]["kind"], "PartialObjectMetadata");
    }
    let whole = api
        .get_as(&format!("{path}?includeObject=Object"), TABLE)
        .await
        .expect(200);
    assert_eq!(whole["rows"][0]["object"]["kind"], "LoggingPolicy");
    let none = api
        .get_as(&format!("{path}?includeObject=None"), TABLE)
        .await
        .expect(200);
    assert!(none["rows"][0].get("object").is_none());
    let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let metadata = api.get_as(&path, accept).await.expect(200);
    assert_eq!(metadata["kind"], "PartialObjectMetadataList");
    assert_eq!(metadata["items"][0]["metadata"]["name"], "pay");
    assert!(metadata["items"][0].get("spec").is_none());
    let yaml = api.get_as(&format!("{path}/pay"), "application/yaml").await;
    assert!(yaml.text.contains("kind: LoggingPolicy"), "{}", yaml.text);
    assert_eq!(
        api.get_as(&path, "text/html").await.expect(406)["reason"],
        "NotAcceptable"
    );
}

#[tokio::test]
async fn pages_hold_every_object_once_while_others_write() {
    let api = Api::start().await;
    for n in 0..7 {
        api.created("logdestinations", &destination(&format!("d{n}")))
            .await;
    }
    let mut path = format!("{DESTINATIONS}?limit=3");
    let (mut names, mut versions) = (Vec::new(), Vec::new());
    loop {
        let page = api.get(&path).await.expect(200);
        for item in page["items"].as_array().unwrap() {
            names.push(item["metadata"]["name"].as_str().unwrap().to_owned());
        }
        versions.push(page["metadata"]["resourceVersion"].clone());
        api.created(
            "logdestinations",
            &destination(&format!("a{}", names.len())),
        )
        .await;
        match page["metadata"]["continue"].as_str() {
            Some(token) => {
                assert!(page["metadata"]["remainingItemCount"].as_i64().unwrap() > 0);
                path = format!("{DESTINATIONS}?limit=3&continue={token}");
            }
            None => break,
        }
    }
    assert_eq!(names, ["d0", "d1", "d2", "d3", "d4", "d5", "d6"]);
    assert!(
        versions.iter().all(|version| *version == versions[0]),
        "{versions:?}"
    );
    let status = api
        .get(&format!("{DESTINATIONS}?limit=3&continue=nonsense"))
        .await
        .expect(400);
    assert_eq!(status["reason"], "BadRequest");
}

#[tokio::test]
async fn yaml_is_read_and_other_bodies_are_refused() {
    let api = Api::start().await;
    let yaml = "apiVersion: firelens.dev/v1alpha1\nkind: LogDestination\nmetadata: {name: y}\nspec: {s3: {bucket: logs-of-all, region: us-east-1}}\n";
    let _ = api
        .send(
            "POST",
            DESTINATIONS,
            &[("content-type", "application/yaml")],
            yaml,
        )
        .await
        .expect(201);
    let text = [("content-type", "text/plain")];
    assert_eq!(
        api.send("POST", DESTINATIONS, &text, "x").await.expect(415)["reason"],
        "UnsupportedMediaType"
    );
    let apply = [("content-type", "application/apply-patch+yaml")];
    let status = api
        .send("PATCH", &format!("{DESTINATIONS}/y"), &apply, yaml)
        .await
        .expect(415);
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("server-side apply is not supported")
    );
    let json = [("content-type", "application/json")];
    assert_eq!(
        api.send("POST", DESTINATIONS, &json, "{").await.expect(400)["reason"],
        "BadRequest"
    );
    let large = format!("{{\"kind\": \"{}\"}}", "x".repeat(1024 * 1024));
    assert_eq!(
        api.send("POST", DESTINATIONS, &json, large)
            .await
            .expect(413)["reason"],
        "RequestEntityTooLarge"
    );
    let status = api.post(DESTINATIONS, &policy("pay")).await.expect(400);
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("does not match the expected kind (LogDestination)")
    );
}

#[tokio::test]
async fn every_refusal_is_a_status() {
    let api = Api::start().await;
    for (method, path, code) in [
        ("GET", "/nope", 404),
        ("GET", "/apis/firelens.dev/v1alpha1/nopes", 404),
        (
            "GET",
            "/apis/firelens.dev/v1alpha1/namespaces/x/loggingpolicies",
            404,
        ),
        ("POST", "/version", 405),
        (
            "GET",
            "/apis/firelens.dev/v1alpha1/logdestinations?fieldSelector=spec.x%3D1",
            400,
        ),
        (
            "GET",
            "/apis/firelens.dev/v1alpha1/logdestinations?labelSelector=a%20b",
            400,
        ),
    ] {
        let status = api.send(method, path, &[], "").await.expect(code);
        assert_eq!(
            (&status["kind"], &status["code"]),
            (&json!("Status"), &json!(code)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn another_machines_name_is_refused() {
    let api = Api::start().await;
    for host in ["evil.example", "127.0.0.1.evil.example:80", "10.0.0.1"] {
        for path in [DESTINATIONS, "/metrics", "/nope"] {
            let status = api
                .send("GET", path, &[("host", host)], "")
                .await
                .expect(403);
            assert!(status["message"].as_str().unwrap().contains(host));
        }
    }
    let _ = api
        .send("GET", DESTINATIONS, &[("host", "localhost:1")], "")
        .await
        .expect(200);
    let answer = api
        .send("GET", DESTINATIONS, &[("origin", "http://localhost")], "")
        .await;
    assert!(answer.headers.get("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn health_and_metrics_answer_when_the_api_is_full() {
    let options = ApiOptions {
        max_requests: 0,
        ..ApiOptions::default()
    };
    let api = Api::start_with(options).await;
    assert_eq!(api.get(DESTINATIONS).await.code, 429);
    assert_eq!(api.get("/livez").await.text, "ok");
    assert_eq!(api.get("/readyz").await.text, "ok");
    let metrics = api.get("/metrics").await.text;
    let line = "firelens_http_requests_total{code=\"429\",method=\"GET\",route=\"/apis/firelens.dev/v1alpha1/{plural}\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    assert!(
        metrics.contains("firelens_http_request_duration_seconds_count"),
        "{metrics}"
    );
    api.store.close().await;
    assert_eq!(api.get("/readyz").await.code, 503);
    assert_eq!(api.get("/livez").await.code, 200);
}
