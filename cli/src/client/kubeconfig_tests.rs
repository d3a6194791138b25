//! Kubeconfigs as data: the endpoint of a context, and what is refused.
#![allow(clippy::unwrap_used)]

use super::*;

const BASE: &str = "
apiVersion: v1
kind: Config
current-context: here
contexts:
  - {name: here, context: {cluster: c, user: u}}
  - {name: bare, context: {cluster: c}}
  - {name: lost, context: {cluster: nowhere}}
  - {name: nobody, context: {cluster: c, user: nobody}}
";

/// Returns [`BASE`] with one cluster and one user.
fn config(cluster: &str, user: &str) -> Kubeconfig {
    let text = format!(
        "{BASE}clusters:\n  - {{name: c, cluster: {cluster}}}\nusers:\n  - {{name: u, user: {user}}}\n"
    );
    let mut config = Kubeconfig::default();
    config.merge(&text, Path::new("/nowhere")).unwrap();
    config
}

const PLAIN: &str = "{server: 'https://api.example:6443'}";

/// Returns the server and the token, or the error.
fn outcome(config: &Kubeconfig, context: Option<&str>) -> String {
    match config.endpoint(context, None) {
        Err(problem) => problem,
        Ok(None) => "none".to_owned(),
        Ok(Some(endpoint)) => {
            let token = endpoint.token.as_ref().map_or("-", |token| token.reveal());
            format!("{} {token}", endpoint.server)
        }
    }
}

#[test]
fn a_context_leads_to_a_cluster_and_a_user() {
    let kubeconfig = config(PLAIN, "{token: abc}");
    for (context, expected) in [
        (None, "https://api.example:6443 abc"),
        (Some("here"), "https://api.example:6443 abc"),
        (Some("bare"), "https://api.example:6443 -"),
        (
            Some("lost"),
            "context \"lost\" refers to cluster \"nowhere\", which does not exist",
        ),
        (
            Some("nobody"),
            "context \"nobody\" refers to user \"nobody\", which does not exist",
        ),
        (
            Some("gone"),
            "context \"gone\" does not exist; existing contexts: bare, here, lost, nobody",
        ),
    ] {
        assert_eq!(outcome(&kubeconfig, context), expected, "{context:?}");
    }
    assert_eq!(outcome(&Kubeconfig::default(), None), "none");
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let exec = "{exec: {command: aws, args: [eks]}}";
    for (cluster, user, part) in [
        (
            PLAIN,
            exec,
            "user \"u\" has an exec plugin, which is not supported:",
        ),
        (
            PLAIN,
            "{auth-provider: {name: oidc}}",
            "has an auth-provider",
        ),
        (
            PLAIN,
            "{username: a, password: b}",
            "has a username and password",
        ),
        (PLAIN, "{token: a, as: admin}", "has \"as\""),
        (
            PLAIN,
            "{client-certificate-data: QQ==}",
            "needs both client-certificate and client-key",
        ),
        (
            PLAIN,
            "{client-certificate-data: '*', client-key-data: QQ==}",
            "is not valid base64",
        ),
        (
            PLAIN,
            "{tokenFile: token}",
            "tokenFile: /nowhere/token cannot be read",
        ),
        (
            "{server: 'http://x', proxy-url: 'http://p'}",
            "{}",
            "cluster \"c\" has proxy-url",
        ),
        (
            "{server: 'https://x', tls-server-name: y}",
            "{}",
            "has tls-server-name",
        ),
        ("{}", "{}", "cluster \"c\" has no server"),
        (
            "{server: 'https://x', certificate-authority: ca.crt}",
            "{}",
            "certificate-authority: /nowhere/ca.crt cannot be read",
        ),
    ] {
        let message = outcome(&config(cluster, user), None);
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_given_token_replaces_the_user_of_the_kubeconfig() {
    let kubeconfig = config(PLAIN, "{exec: {command: aws}}");
    let token = Token::new("mine\n");
    let endpoint = kubeconfig.endpoint(None, Some(&token)).unwrap().unwrap();
    assert_eq!(endpoint.token.unwrap().reveal(), "mine");
}

#[test]
fn data_in_the_file_wins_from_a_path() {
    let cluster =
        "{server: 'https://x', certificate-authority-data: Q0E=, certificate-authority: ca.crt}";
    let user = "{client-certificate-data: Q0VSVA==, client-key-data: S0VZ}";
    let endpoint = config(cluster, user).endpoint(None, None).unwrap().unwrap();
    assert_eq!(endpoint.authorities.as_deref(), Some(&b"CA"[..]));
    assert_eq!(endpoint.identity, Some((b"CERT".to_vec(), b"KEY".to_vec())));
    assert!(!endpoint.insecure);
}

#[test]
fn of_several_files_the_first_that_names_something_wins() {
    let folder = tempfile::tempdir().unwrap();
    let (first_file, second_file) = (folder.path().join("one"), folder.path().join("sub/two"));
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::write(folder.path().join("sub/secret"), "from-file\n").unwrap();
    fs::write(
        &first_file,
        "clusters: null\ncurrent-context: b\ncontexts: [{name: a, context: {cluster: c}}]\n",
    )
    .unwrap();
    let second = "current-context: a
contexts: [{name: a, context: {cluster: other}}, {name: b, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]
users: [{name: u, user: {token: inline, tokenFile: secret}}]
";
    fs::write(&second_file, second).unwrap();
    let list =
        std::env::join_paths([folder.path().join("missing"), first_file, second_file]).unwrap();
    let config = Kubeconfig::load(None, Some(&list), None).unwrap();
    assert_eq!(outcome(&config, None), "http://127.0.0.1:1 from-file");
    assert_eq!(outcome(&config, Some("a")), "http://127.0.0.1:1 -");

    let named = folder.path().join("missing");
    assert!(Kubeconfig::load(Some(&named), Some(&list), None).is_err());
    let nothing = Kubeconfig::load(None, None, Some(folder.path())).unwrap();
    assert_eq!(outcome(&nothing, None), "none");
}

#[test]
fn a_file_that_is_no_kubeconfig_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, "clusters: 7").unwrap();
    let problem = Kubeconfig::load(Some(&path), None, None).err().unwrap();
    assert!(
        problem.contains("config is not a valid kubeconfig"),
        "{problem}"
    );
    fs::write(&path, "").unwrap();
    assert!(Kubeconfig::load(Some(&path), None, None).is_ok());
}

#[test]
fn a_file_of_the_wrong_shape_shows_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    for text in [
        "users: [{name: u, user: hunter2}]",
        "users: hunter2",
        "users:\n- name: u\n  user: {token: {a: hunter2}}",
        "users: [{name: u, user: {token: 'hunter2}}]",
    ] {
        fs::write(&path, text).unwrap();
        let problem = Kubeconfig::load(Some(&path), None, None).err().unwrap();
        assert!(problem.contains(" line "), "{problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}
