//! A PostgreSQL for tests: one server per run, one freshly migrated database per test.
//! No server is used that was not started or named for tests.
//!
//! The server is the one that `FIRELENS_TEST_DATABASE_URL` names, or else one that the first test
//! starts through `deploy/local/postgres.sh` and that all tests of this checkout share, in whichever
//! process they run. Each process holds a shared lock while it lives; a watcher stops the server half
//! a minute after the last one has gone, however it went.

#![allow(clippy::expect_used, reason = "without a server a test has failed")]

use std::env;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use firelens_store::{Store, StoreConfig, scratch};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Connections per store: many tests run at once against one server.
const CONNECTIONS: u32 = 16;

/// A database of one test; dropped with this handle.
#[derive(Debug)]
pub struct Database {
    server_url: String,
    name: String,
}

impl Database {
    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        let (server, _) = self
            .server_url
            .rsplit_once('/')
            .unwrap_or((&self.server_url, ""));
        format!("{server}/{}", self.name)
    }

    /// How a process under test connects to it.
    #[must_use]
    pub fn config(&self) -> StoreConfig {
        let mut config = StoreConfig::new(self.url());
        config.max_connections = CONNECTIONS;
        config
    }

    /// A store over it, with a pool of its own: two of them are two replicas.
    pub async fn store(&self) -> Store {
        Store::connect(&self.config())
            .await
            .expect("the database of the test can be reached")
    }

    /// Runs statements inside it: what another version left there, or what it is to refuse.
    ///
    /// # Panics
    /// If the server refuses them.
    pub async fn execute(&self, statements: &str) {
        scratch::execute(&self.url(), statements)
            .await
            .expect("the statements are run");
    }

    /// Ends every connection to it, as a failover does.
    pub async fn cut_connections(&self) {
        scratch::cut_connections(&self.server_url, &self.name)
            .await
            .expect("the server ends connections");
    }
}

/// The one that goes while the test is at its next: a test that has hundreds of them waits for none but the one before.
static DROPPING: Mutex<Option<thread::JoinHandle<std::io::Result<()>>>> = Mutex::new(None);

impl Drop for Database {
    fn drop(&mut self) {
        let (server_url, name) = (self.server_url.clone(), self.name.clone());
        // On a thread of its own, as the runtime of the test may be the one that drops this. What
        // cannot be dropped, and the last one of a test, goes with the server.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let done = runtime.block_on(scratch::drop_database(&server_url, &name));
            done.map_err(std::io::Error::other)
        });
        let mut before = DROPPING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Ok(Err(error))) = before.replace(dropping).map(thread::JoinHandle::join) {
            tracing::warn!(%error, "the database of a test stays");
        }
    }
}

/// A new database with the schema of this version and nothing in it.
///
/// # Panics
/// If no server can be started: a test that needs one has failed then.
pub async fn database() -> Database {
    let (server_url, template) = template().await;
    let name = format!("firelens_{}", Uuid::new_v4().simple());
    scratch::create_database(server_url, &name, template)
        .await
        .expect("a database for the test");
    Database {
        server_url: server_url.clone(),
        name,
    }
}

/// Address of the server and name of the migrated database there.
async fn template() -> &'static (String, String) {
    static TEMPLATE: OnceCell<(String, String)> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let url = tokio::task::spawn_blocking(server_url)
                .await
                .expect("a server for tests");
            // By content: a template of another schema is never taken for this one.
            let template = format!("firelens_template_{:016x}", hash_of_migrations());
            scratch::ensure_template(&url, &template)
                .await
                .expect("a migrated template");
            (url, template)
        })
        .await
}

fn server_url() -> String {
    match env::var("FIRELENS_TEST_DATABASE_URL") {
        Ok(url) if !url.is_empty() => url,
        _ => shared_server(),
    }
}

/// Starts the shared server, or finds it running.
#[expect(clippy::zombie_processes, reason = "the watcher outlives this process")]
fn shared_server() -> String {
    static IN_USE: OnceLock<File> = OnceLock::new();
    let directory = shared_directory();
    fs::create_dir_all(&directory).expect("a directory for the server");
    let users = File::create(directory.join("users")).expect("the file of users");
    // Waits while the watcher stops an unused server.
    users.lock_shared().expect("a lock on the file of users");
    IN_USE.get_or_init(|| users);

    let starting = File::create(directory.join("starting")).expect("the file of starters");
    starting.lock().expect("a lock on the file of starters");
    let script = root().join("deploy/local/postgres.sh");
    let url = start(&script, &directory).expect("deploy/local/postgres.sh start");
    // All but the first watcher end at once. In a process group of its own, so that it outlives a
    // run that is interrupted from the keyboard.
    Command::new(&script)
        .arg("watch")
        .arg(&directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("deploy/local/postgres.sh watch");
    url
}

/// One directory per checkout, outside of it: the server may run as a user who cannot enter there.
fn shared_directory() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    root().hash(&mut hasher);
    env::var_os("USER").hash(&mut hasher);
    env::temp_dir().join(format!("firelens-tests-{:016x}", hasher.finish()))
}

fn start(script: &Path, directory: &Path) -> Option<String> {
    let mut command = Command::new(script);
    command
        .arg("start")
        .arg(directory)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command.output().ok()?;
    let url = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    output.status.success().then_some(url)
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_path_buf()
}

fn hash_of_migrations() -> u64 {
    let listed = fs::read_dir(root().join("migrations")).expect("the migrations");
    let mut files: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        fs::read(&file).expect("a migration").hash(&mut hasher);
    }
    hasher.finish()
}
