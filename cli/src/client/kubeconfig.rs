//! Reads kubeconfig files as kubectl does: a list of files, the first that names something wins.
//!
//! Unlike kubectl, it never runs a program that a file names. No credential is shown.
//!
//! <https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/>

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::connection::Endpoint;
use crate::args::Token;

/// Several files, merged.
#[derive(Default)]
pub(super) struct Kubeconfig {
    current_context: String,
    clusters: BTreeMap<String, Found<Cluster>>,
    contexts: BTreeMap<String, Found<Context>>,
    users: BTreeMap<String, Found<User>>,
}

/// An entry, and the folder of its file, to which its paths are relative.
struct Found<T> {
    folder: PathBuf,
    entry: T,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct File {
    current_context: Option<String>,
    clusters: Option<Vec<NamedCluster>>,
    contexts: Option<Vec<NamedContext>>,
    users: Option<Vec<NamedUser>>,
}

#[derive(Deserialize)]
struct NamedCluster {
    name: String,
    cluster: Option<Cluster>,
}

#[derive(Deserialize)]
struct NamedContext {
    name: String,
    context: Option<Context>,
}

#[derive(Deserialize)]
struct NamedUser {
    name: String,
    user: Option<User>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Cluster {
    server: String,
    certificate_authority: Option<PathBuf>,
    certificate_authority_data: Option<String>,
    insecure_skip_tls_verify: bool,
    tls_server_name: Option<String>,
    proxy_url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Context {
    cluster: String,
    user: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct User {
    token: Option<String>,
    #[serde(rename = "tokenFile")]
    token_file: Option<PathBuf>,
    client_certificate: Option<PathBuf>,
    client_certificate_data: Option<String>,
    client_key: Option<PathBuf>,
    client_key_data: Option<String>,
    username: Option<String>,
    exec: Option<Value>,
    auth_provider: Option<Value>,
    #[serde(rename = "as")]
    impersonate: Option<String>,
}

/// Where a file is wrong. The error itself may quote the value there, which may be a credential.
fn at(error: &serde_yaml::Error) -> String {
    match error.location() {
        Some(at) => format!(
            "it is not valid YAML, or has a value of another type than a kubeconfig has, at line {} column {}",
            at.line(),
            at.column()
        ),
        None => "it is not the YAML of a kubeconfig".to_owned(),
    }
}

impl Kubeconfig {
    /// Loads the files: the one that is named, which must exist; else those of `list` (the variable KUBECONFIG)
    /// that exist; else `.kube/config` below `home`, if it exists.
    ///
    /// # Errors
    /// A file cannot be read, or is no kubeconfig; with its path.
    pub(super) fn load(
        named: Option<&Path>,
        list: Option<&OsStr>,
        home: Option<&Path>,
    ) -> Result<Self, String> {
        let mut merged = Self::default();
        if let Some(path) = named {
            merged.add(path)?;
            return Ok(merged);
        }
        let paths: Vec<PathBuf> = match list.filter(|list| !list.is_empty()) {
            Some(list) => std::env::split_paths(list).collect(),
            None => home
                .map(|home| home.join(".kube/config"))
                .into_iter()
                .collect(),
        };
        for path in paths.iter().filter(|path| path.is_file()) {
            merged.add(path)?;
        }
        Ok(merged)
    }

    fn add(&mut self, path: &Path) -> Result<(), String> {
        let text = fs::read_to_string(path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        self.merge(&text, &folder).map_err(|error| {
            format!(
                "{} is not a valid kubeconfig: {}",
                path.display(),
                at(&error)
            )
        })
    }

    /// Adds the entries that are not there yet.
    fn merge(&mut self, text: &str, folder: &Path) -> Result<(), serde_yaml::Error> {
        let file = serde_yaml::from_str::<Option<File>>(text)?.unwrap_or_default();
        if self.current_context.is_empty() {
            self.current_context = file.current_context.unwrap_or_default();
        }
        for named in file.clusters.unwrap_or_default() {
            keep(&mut self.clusters, named.name, named.cluster, folder);
        }
        for named in file.contexts.unwrap_or_default() {
            keep(&mut self.contexts, named.name, named.context, folder);
        }
        for named in file.users.unwrap_or_default() {
            keep(&mut self.users, named.name, named.user, folder);
        }
        Ok(())
    }

    /// Returns the endpoint of a context, by default the current one; `None` if there is no current one. A given
    /// `token` replaces the user.
    ///
    /// # Errors
    /// Something to which it refers does not exist, cannot be read, or is not supported here.
    pub(super) fn endpoint(
        &self,
        context: Option<&str>,
        token: Option<&Token>,
    ) -> Result<Option<Endpoint>, String> {
        let name = context.unwrap_or(&self.current_context);
        if name.is_empty() {
            return Ok(None);
        }
        let Some(context) = self.contexts.get(name) else {
            let known: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
            return Err(match known.is_empty() {
                true => format!("context {name:?} does not exist: the kubeconfig has no contexts"),
                false => format!(
                    "context {name:?} does not exist; existing contexts: {}",
                    known.join(", ")
                ),
            });
        };
        let Context { cluster, user } = &context.entry;
        let mut endpoint = match self.clusters.get(cluster) {
            Some(entry) => of_cluster(cluster, entry)?,
            None => {
                return Err(format!(
                    "context {name:?} refers to cluster {cluster:?}, which does not exist"
                ));
            }
        };
        if token.is_some() {
            endpoint.token = token.cloned();
            return Ok(Some(endpoint));
        }
        match self.users.get(user) {
            Some(entry) => add_user(&mut endpoint, user, entry)?,
            None if user.is_empty() => {}
            None => {
                return Err(format!(
                    "context {name:?} refers to user {user:?}, which does not exist"
                ));
            }
        }
        Ok(Some(endpoint))
    }
}

fn keep<T: Default>(
    kept: &mut BTreeMap<String, Found<T>>,
    name: String,
    entry: Option<T>,
    folder: &Path,
) {
    kept.entry(name).or_insert_with(|| Found {
        folder: folder.to_owned(),
        entry: entry.unwrap_or_default(),
    });
}

fn of_cluster(name: &str, entry: &Found<Cluster>) -> Result<Endpoint, String> {
    let cluster = &entry.entry;
    let refused = |feature: &str| {
        Err(format!(
            "cluster {name:?} has {feature}, which is not supported"
        ))
    };
    if given(cluster.proxy_url.as_ref()) {
        return refused("proxy-url");
    }
    if given(cluster.tls_server_name.as_ref()) {
        return refused("tls-server-name");
    }
    if cluster.server.is_empty() {
        return Err(format!("cluster {name:?} has no server"));
    }
    Ok(Endpoint {
        server: cluster.server.clone(),
        authorities: bytes(
            &entry.folder,
            "certificate-authority",
            cluster.certificate_authority_data.as_ref(),
            cluster.certificate_authority.as_ref(),
        )?,
        insecure: cluster.insecure_skip_tls_verify,
        ..Endpoint::default()
    })
}

fn add_user(endpoint: &mut Endpoint, name: &str, entry: &Found<User>) -> Result<(), String> {
    let user = &entry.entry;
    let refused = |feature: &str| {
        Err(format!(
            "user {name:?} has {feature}, which is not supported: use a token, a tokenFile or a client \
             certificate, or set --token"
        ))
    };
    if user.exec.is_some() {
        return refused("an exec plugin");
    }
    if user.auth_provider.is_some() {
        return refused("an auth-provider");
    }
    if given(user.username.as_ref()) {
        return refused("a username and password");
    }
    if given(user.impersonate.as_ref()) {
        return refused("\"as\"");
    }
    endpoint.token = match &user.token_file {
        Some(path) => Some(text(&entry.folder, "tokenFile", path)?),
        None => user.token.clone(),
    }
    .filter(|token| !token.trim().is_empty())
    .map(|token| Token::new(&token));
    let certificate = bytes(
        &entry.folder,
        "client-certificate",
        user.client_certificate_data.as_ref(),
        user.client_certificate.as_ref(),
    )?;
    let key = bytes(
        &entry.folder,
        "client-key",
        user.client_key_data.as_ref(),
        user.client_key.as_ref(),
    )?;
    endpoint.identity = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            return Err(format!(
                "user {name:?} needs both client-certificate and client-key"
            ));
        }
    };
    Ok(())
}

fn given(text: Option<&String>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

/// Returns the data in the kubeconfig itself, as base64, or else in another file.
fn bytes(
    folder: &Path,
    field: &str,
    data: Option<&String>,
    path: Option<&PathBuf>,
) -> Result<Option<Vec<u8>>, String> {
    if let Some(data) = data.filter(|data| !data.is_empty()) {
        let decoded = BASE64_STANDARD.decode(data.trim());
        return decoded
            .map(Some)
            .map_err(|_| format!("{field}-data is not valid base64"));
    }
    let Some(path) = path.filter(|path| !path.as_os_str().is_empty()) else {
        return Ok(None);
    };
    let path = folder.join(path);
    fs::read(&path)
        .map(Some)
        .map_err(|error| format!("{field}: {} cannot be read: {error}", path.display()))
}

fn text(folder: &Path, field: &str, path: &Path) -> Result<String, String> {
    let path = folder.join(path);
    fs::read_to_string(&path)
        .map_err(|error| format!("{field}: {} cannot be read: {error}", path.display()))
}

#[cfg(test)]
#[path = "kubeconfig_tests.rs"]
mod tests;
