//! The accept loop: HTTP/1.1 connections with limits on their number and on how long a header may take.
//! Requests in progress are completed, unless a shutdown takes longer than its limit.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// The time a client has to send its header. One that takes longer is gone or hostile.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long requests in progress may take after shutdown began. ECS kills a container 30 s after its stop signal.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after a failed accept, whose most likely cause is a lack of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// Number of connections open at once; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 1024;

/// Serves `router` on `listener` until `shutdown` is cancelled, then completes the requests in progress.
///
/// The address is not checked here: call [`crate::check_listen`] before binding.
///
/// # Errors
/// None at present, since accepting is retried.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = accept(&listener, &router, &graceful) => {}
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown())
        .await
        .is_err()
    {
        let seconds = DRAIN_TIMEOUT.as_secs();
        tracing::warn!(seconds, "requests did not finish in time and are aborted");
    }
    Ok(())
}

/// Accepts connections for ever, each in its own task.
async fn accept(listener: &TcpListener, router: &Router, graceful: &GracefulShutdown) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = graceful.watch(connection(stream, router.clone()));
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

fn connection(
    stream: TcpStream,
    router: Router,
) -> http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>> {
    // Small responses must not wait for an acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
}
