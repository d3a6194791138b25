//! The HTTP side: one loopback port on a thread of its own, so that blocking tests can call it too.
//! The state is accessed only through [`Core::exchange`].

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

use super::Core;
use super::reply::Reply;
use super::state::Outcome;
use super::wire;

/// Ends the server when dropped.
#[derive(Debug)]
pub(super) struct Guard {
    stop: Option<oneshot::Sender<()>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // A server that ended already needs no telling.
            let _ = stop.send(());
        }
    }
}

/// Starts serving `core`; returns the endpoint URL and the guard that keeps it up.
pub(super) fn start(core: Arc<Core>) -> io::Result<(String, Guard)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (stop, stopped) = oneshot::channel();
    std::thread::Builder::new()
        .name("fake-aws".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = serve(core, listener) => {}
                    _ = stopped => {}
                }
            });
        })?;
    Ok((endpoint, Guard { stop: Some(stop) }))
}

async fn serve(core: Arc<Core>, listener: TcpListener) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let core = Arc::clone(&core);
        let life = core.life();
        tokio::spawn(async move {
            let service = service_fn(|request| handle(&core, life, request));
            // A connection that the peer or a fault closes is not an error here.
            let _ = http1::Builder::new()
                .auto_date_header(false)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// An error makes hyper close the connection without an answer.
async fn handle(
    core: &Arc<Core>,
    life: u64,
    request: Request<Incoming>,
) -> io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    match core.exchange(life, wire::read(&head, body)) {
        Outcome::Answer(reply) | Outcome::Odd(reply) => response(reply),
        Outcome::Close => Err(io::Error::other("closed by a fault")),
        Outcome::Hang | Outcome::Crash => {
            core.revived(life).await;
            Err(io::Error::other("of an earlier life"))
        }
    }
}

fn response(reply: Reply) -> io::Result<Response<Full<Bytes>>> {
    let mut builder = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        let value = HeaderValue::from_str(&value).map_err(io::Error::other)?;
        builder = builder.header(name, value);
    }
    builder
        .header("x-amzn-requestid", "fake")
        .body(Full::new(reply.body))
        .map_err(io::Error::other)
}
