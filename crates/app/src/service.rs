//! The service: listeners, loops, and their end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webinar_bridge_admin::Admin;

use crate::exit::Failure;
use crate::pipeline::{Board, Loops};
use crate::world::Wait;

/// A running service.
pub(crate) struct Service {
    pub(crate) public: SocketAddr,
    pub(crate) private: Option<SocketAddr>,
    pub(crate) loops: Loops,
    admin: Admin,
    tasks: TaskTracker,
    servers: JoinSet<std::io::Result<()>>,
    close: CancellationToken,
}

/// A socket that listens.
pub(crate) async fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let help = format!("choose another for `{setting}`; port 0 takes a free one");
        Failure::configuration(format!("cannot listen on {address}: {error}; {help}"))
    })
}

impl Service {
    /// Opens the doors and starts the loops.
    pub(crate) fn start(
        admin: Admin,
        board: Arc<Board>,
        public: TcpListener,
        private: Option<TcpListener>,
        wait: Arc<dyn Wait>,
        deliver_workers: u32,
    ) -> Result<Self, Failure> {
        let loops =
            Loops::new(admin.bridge.clone(), admin.meters.clone(), board, wait, CancellationToken::new());
        let close = CancellationToken::new();
        let mut servers = JoinSet::new();
        let address = |listener: &TcpListener| listener.local_addr().map_err(Failure::unexpected);
        let public_address = address(&public)?;
        let private_address = private.as_ref().map(address).transpose()?;
        serve(&mut servers, public, webinar_bridge_admin::public(&admin), &close);
        if let Some(private) = private {
            serve(&mut servers, private, webinar_bridge_admin::private(&admin), &close);
        }
        let tasks = loops.start(deliver_workers);
        admin.readiness.started();
        Ok(Self { public: public_address, private: private_address, loops, admin, tasks, servers, close })
    }

    /// Stops taking work and lets running calls end; meanwhile, and for `drain` at least, the doors stay open and
    /// readiness says no, so that load balancers send nobody here any more. Then closes the doors.
    pub(crate) async fn stop(mut self, drain: Duration) {
        self.admin.readiness.ending();
        self.loops.stop.cancel();
        tokio::join!(self.tasks.wait(), crate::world::pause(drain));
        self.close.cancel();
        let doors_close = crate::world::pause(DOORS_CLOSE);
        tokio::pin!(doors_close);
        loop {
            tokio::select! {
                closed = self.servers.join_next() => if closed.is_none() { break },
                () = &mut doors_close => break,
            }
        }
    }
}

/// How long open connections may take to end.
const DOORS_CLOSE: Duration = Duration::from_secs(3);

fn serve(
    servers: &mut JoinSet<std::io::Result<()>>,
    listener: TcpListener,
    router: Router,
    close: &CancellationToken,
) {
    let close = close.clone();
    servers.spawn(async move {
        axum::serve(listener, router).with_graceful_shutdown(close.cancelled_owned()).await
    });
}

/// The signals that ask the process to end, caught from the moment this is made.
pub(crate) struct Ending {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Ending {
    pub(crate) fn caught() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate()).map_err(Failure::unexpected)?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt()).map_err(Failure::unexpected)? })
    }

    /// Returns when the process is asked to end.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Ending {
    pub(crate) fn caught() -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// Returns when the process is asked to end.
    pub(crate) async fn asked(&mut self) {
        drop(tokio::signal::ctrl_c().await);
    }
}
