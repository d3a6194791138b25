//! How the client verbs reach an API: flags, variables, kubeconfigs, TLS; and that no token is ever shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::thread::{self, JoinHandle};

use firelens_tests::binary;
use firelens_tests::cli::{run, run_with};
use firelens_tests::http::Api;
use tempfile::TempDir;

const TOKEN: &str = "a-token-that-nobody-may-see";

/// Responds to one request with that text, and returns the head of the request.
fn answer_once(answer: String) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut head, mut chunk) = (Vec::new(), [0; 4096]);
        // What does not begin like a method of HTTP is TLS, and gets its response at once.
        let is_whole = |head: &[u8]| {
            let is_http = head.first().is_some_and(u8::is_ascii_uppercase);
            !head.is_empty() && (!is_http || head.ends_with(b"\r\n\r\n"))
        };
        while !is_whole(&head) {
            let read = stream.read(&mut chunk).unwrap();
            assert!(read > 0, "the request ends early");
            head.extend_from_slice(&chunk[..read]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&head).into_owned()
    });
    (url, serving)
}

fn http(code: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {code}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

/// Writes a kubeconfig for `url` with [`TOKEN`].
fn kubeconfig(folder: &TempDir, url: &str) -> String {
    let path = folder.path().join("config");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: x\n\
         contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: '{url}'}}}}]\n\
         users: [{{name: u, user: {{token: {TOKEN}}}}}]\n"
    );
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_token_of_a_kubeconfig_is_sent_and_never_shown() {
    let folder = TempDir::new().unwrap();
    let status = r#"{"kind":"Status","reason":"Forbidden","message":"you may not","code":403}"#;
    let (url, serving) = answer_once(http("403 Forbidden", "", status));
    let config = kubeconfig(&folder, &url);
    let ran = run_with(&[("KUBECONFIG", &config)], &["rollout", "status", "x"]).await;
    let head = serving.join().unwrap().to_lowercase();
    assert!(
        head.contains(&format!("authorization: bearer {TOKEN}\r\n")),
        "{head}"
    );
    assert!(!format!("{ran:?}").contains(TOKEN), "{ran:?}");
    assert_eq!(ran.refused(), "error: you may not (403 Forbidden)\n");

    let variables = [
        ("FIRELENS_SERVER", "http://api.example"),
        ("FIRELENS_TOKEN", TOKEN),
    ];
    let ran = run_with(&variables, &["rollout", "status", "x"]).await;
    assert!(!format!("{ran:?}").contains(TOKEN), "{ran:?}");
    assert!(ran.refused().contains("credentials are not sent to it"));
    let help = run_with(&variables, &["rollout", "status", "--help"]).await;
    assert!(!help.done().contains(TOKEN));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (url, serving) = answer_once(http("302 Found", "location: http://127.0.0.1:1/\r\n", ""));
    let refused = run(&url, &["explain", "x"]).await.refused();
    serving.join().unwrap();
    assert!(
        refused.contains("returned 302, not in the format of the firelens API"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_is_no_firelens_api_is_said_to_be_none() {
    let (url, serving) = answer_once(http("404 Not Found", "", "404 page not found"));
    let refused = run(&url, &["rollout", "status", "x"]).await.refused();
    serving.join().unwrap();
    assert!(
        refused.contains("returned 404, not in the format of the firelens API: 404 page not found"),
        "{refused}"
    );
    let nobody = run("http://127.0.0.1:1", &["rollout", "status", "x"])
        .await
        .refused();
    assert!(
        nobody.contains("cannot reach http://127.0.0.1:1"),
        "{nobody}"
    );
}

#[tokio::test]
async fn tls_that_fails_is_an_error_with_its_cause() {
    let (url, serving) = answer_once("this is no TLS\r\n".to_owned());
    let encrypted = url.replace("http:", "https:");
    let refused = run(&encrypted, &["rollout", "status", "x"]).await.refused();
    assert!(refused.contains("cannot reach https://"), "{refused}");
    serving.join().unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ca.pem");
    fs::write(&path, "no certificate").unwrap();
    let authority = ["--certificate-authority", path.to_str().unwrap()];
    let arguments = [&["rollout", "status", "x"][..], &authority].concat();
    let refused = run(&encrypted, &arguments).await.refused();
    assert!(refused.contains("contains no certificate"), "{refused}");
}

#[tokio::test]
async fn a_context_is_chosen_from_the_kubeconfig() {
    let api = Api::start().await;
    let folder = TempDir::new().unwrap();
    let config = kubeconfig(&folder, &api.url());
    let here = [
        "explain",
        "main/web",
        "--kubeconfig",
        &config,
        "--context",
        "x",
    ];
    let refused = run_with(&[], &here).await.refused();
    assert!(refused.contains("there are no workloads"), "{refused}");
    let gone = [
        "explain",
        "main/web",
        "--kubeconfig",
        &config,
        "--context",
        "y",
    ];
    let refused = run_with(&[], &gone).await.refused();
    assert!(
        refused.contains("context \"y\" does not exist; existing contexts: x"),
        "{refused}"
    );
    let both = run_with(&[], &[&here[..], &["--server", &api.url()]].concat()).await;
    assert_eq!(both.status, 2, "{both:?}");
    assert!(!format!("{both:?}").contains(TOKEN));
}

#[test]
fn called_as_a_plugin_of_kubectl_it_says_so() {
    let folder = TempDir::new().unwrap();
    let plugin = folder.path().join("kubectl-firelens");
    symlink(fs::canonicalize(binary::path()).unwrap(), &plugin).unwrap();
    let help = |program: &std::path::Path, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = help(&plugin, &["rollout", "pause", "--help"]);
    assert!(
        shown.contains("Usage: kubectl firelens rollout pause"),
        "{shown}"
    );
    assert!(help(&plugin, &["--version"]).starts_with("kubectl-firelens "));
    let shown = help(&binary::path(), &["rollout", "pause", "--help"]);
    assert!(shown.contains("Usage: firelens rollout pause"), "{shown}");
}
