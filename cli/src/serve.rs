//! `firelens serve` and `firelens migrate`: wires store, API and controller together.
//!
//! On a stop signal, requests in progress are completed and leases are released. Further signals have no effect,
//! since the handlers stay installed.

use std::future::Future;
use std::time::Duration;

use firelens_api::{ApiOptions, ApiState};
use firelens_controller::ControllerConfig;
use firelens_controller::prometheus::Prometheus;
use firelens_store::{InstallationNamed, Store, StoreConfig, StoreError};
use prometheus::Registry;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::args::{Database, LogFormat, Migrate, Role, Serve};
use crate::failure::Failure;
use crate::logging;

/// How long the database may take to start beside the operator, as in a compose file or a task.
const DATABASE_WAIT: Duration = Duration::from_secs(60);
/// Pause between two attempts to connect.
const DATABASE_RETRY: Duration = Duration::from_secs(1);

/// Serves until a stop signal comes.
pub(crate) fn serve(arguments: &Serve) -> Result<(), Failure> {
    let api = arguments.roles.contains(&Role::Api);
    if api {
        firelens_api::check_listen(arguments.listen)
            .map_err(|error| Failure::Usage(error.to_string()))?;
    }
    let prometheus = arguments
        .prometheus_url
        .as_deref()
        .map(Prometheus::new)
        .transpose()
        .map_err(|error| Failure::Usage(format!("--prometheus-url: {error}")))?;
    logging::start(arguments.log_format);
    block_on(async {
        let store = connect(&arguments.database).await?;
        if !arguments.no_migrate {
            migrate_store(&store).await?;
        }
        name_installation(&store, arguments).await?;
        let shutdown = stop_on_signal()?;
        let registry = Registry::new();
        let mut roles: JoinSet<Result<(), Failure>> = JoinSet::new();
        if api {
            let listener = TcpListener::bind(arguments.listen).await.map_err(|error| {
                Failure::broken(format!("cannot listen on {}", arguments.listen), error)
            })?;
            let state = ApiState::new(
                store.clone(),
                registry.clone(),
                ApiOptions::default(),
                shutdown.clone(),
            )
            .map_err(|error| Failure::broken("cannot register the metrics of the API", error))?;
            // With port 0 the system chooses a port: the actual address is reported.
            let address = listener.local_addr().unwrap_or(arguments.listen);
            tracing::info!(%address, "serving the API");
            let shutdown = shutdown.clone();
            roles.spawn(async move {
                let router = firelens_api::router(state);
                firelens_api::serve(listener, router, shutdown)
                    .await
                    .map_err(|error| Failure::broken("the API stopped", error))
            });
        }
        if arguments.roles.contains(&Role::Controller) {
            let config = ControllerConfig {
                api_budget_percent: arguments.api_budget_percent,
                prometheus,
                ..ControllerConfig::default()
            };
            let (store, shutdown) = (store.clone(), shutdown.clone());
            roles.spawn(async move {
                firelens_controller::run(store, config, registry, shutdown)
                    .await
                    .map_err(|error| Failure::broken("the controller stopped", error))
            });
        }
        let ended = wait_for_all(roles, &shutdown).await;
        store.close().await;
        ended
    })
}

/// Migrates the database schema.
pub(crate) fn migrate(arguments: &Migrate) -> Result<(), Failure> {
    logging::start(LogFormat::Auto);
    block_on(async {
        let store = connect(&arguments.database).await?;
        migrate_store(&store).await?;
        store.close().await;
        Ok(())
    })
}

/// Waits until every role has ended; the first failure stops the others.
async fn wait_for_all(
    mut roles: JoinSet<Result<(), Failure>>,
    shutdown: &CancellationToken,
) -> Result<(), Failure> {
    let mut first = Ok(());
    while let Some(ended) = roles.join_next().await {
        shutdown.cancel();
        let ended = ended
            .unwrap_or_else(|error| Err(Failure::broken("a role stopped unexpectedly", error)));
        if first.is_ok() {
            first = ended;
        }
    }
    first
}

async fn connect(database: &Database) -> Result<Store, Failure> {
    let config = StoreConfig {
        max_connections: database.database_connections,
        ..StoreConfig::new(database.database_url.clone())
    };
    let give_up = tokio::time::Instant::now() + DATABASE_WAIT;
    loop {
        let attempt = match Store::connect(&config).await {
            Ok(store) => store.ping().await.map(|()| store),
            Err(error) => Err(error),
        };
        match attempt {
            Ok(store) => return Ok(store),
            Err(error)
                if matches!(error, StoreError::Unavailable { .. })
                    && tokio::time::Instant::now() < give_up =>
            {
                tracing::warn!(%error, "cannot reach the database yet; retrying");
                tokio::time::sleep(DATABASE_RETRY).await;
            }
            Err(error) => return Err(Failure::broken("cannot reach the database", error)),
        }
    }
}

async fn migrate_store(store: &Store) -> Result<(), Failure> {
    store
        .migrate()
        .await
        .map_err(|error| Failure::broken("cannot migrate the database schema", error))?;
    tracing::info!("the database schema is up to date");
    Ok(())
}

/// Logs the id of the installation, after it was compared with, or replaced by, the one of the arguments.
async fn name_installation(store: &Store, arguments: &Serve) -> Result<(), Failure> {
    let broken = |error| {
        Failure::broken(
            "cannot read the installation ID; check that the database schema is up to date",
            error,
        )
    };
    if let Some(id) = &arguments.installation_id {
        let replace = arguments.replace_installation_id;
        match store.name_installation(id, replace).await.map_err(broken)? {
            InstallationNamed::Same => {}
            InstallationNamed::Replaced { before } => {
                tracing::warn!(
                    before,
                    installation = id,
                    "the installation ID was replaced; services that the previous installation managed report Contested"
                );
            }
            InstallationNamed::Differs { kept } => {
                return Err(Failure::refused(format!(
                    "the database belongs to installation {kept}, but --installation-id is {id}: correct DATABASE_URL or the ID; to continue as {id}, add --replace-installation-id; services that {kept} injected then count as those of another installation and are not changed"
                )));
            }
        }
    }
    let installation = store.installation().await.map_err(broken)?;
    tracing::info!(
        installation,
        "installation ID of this operator; keep it with the backups"
    );
    Ok(())
}

fn block_on<F: Future<Output = Result<(), Failure>>>(work: F) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::broken("cannot start threads", error))?
        .block_on(work)
}

/// Returns a token that is cancelled by SIGTERM (how ECS stops a task) or SIGINT.
fn stop_on_signal() -> Result<CancellationToken, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let broken = |error| Failure::broken("cannot listen for signals", error);
    let mut terminate = signal(SignalKind::terminate()).map_err(broken)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(broken)?;
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("stopping on SIGTERM"),
            _ = interrupt.recv() => tracing::info!("stopping on SIGINT"),
        }
        stop.cancel();
    });
    Ok(token)
}
