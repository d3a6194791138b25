//! The accept loop: HTTP/1.1 connections with bounds on their number and on how long a header may take.
//! Never drops a request that it began to answer, unless shutting down takes longer than its bound.

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

/// A client that has not sent its header by then is gone or means harm.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long requests under way may take once shutdown began. ECS kills a container 30 s after it asked.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after a failed accept, most likely for lack of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// Connections open at once; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 1024;

/// Serves `router` on `listener` until `shutdown` is cancelled, then lets requests under way end.
///
/// The address is not evaluated here: ask [`crate::check_listen`] before binding.
///
/// # Errors
/// None today; accepting is retried. The type leaves room.
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

/// Accepts connections for ever, each in a task of its own.
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
    // Small answers must not wait for an acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
}
