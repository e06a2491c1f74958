//! A load balancer before several engines: each connection goes to the next one.
//!
//! Used by the tests of addresses at which several servers answer.

use std::net::SocketAddr;

use sluice_server::task;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use super::hosted::HostedEngine;

/// Opens an address before these engines, and returns its URL.
pub(crate) async fn balance(engines: &[HostedEngine]) -> String {
    let address = |engine: &HostedEngine| engine.url.trim_start_matches("http://").parse();
    balance_addresses(engines.iter().map(|own| address(own).unwrap()).collect()).await
}

/// The same before these addresses.
pub(crate) async fn balance_addresses(targets: Vec<SocketAddr>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    task::spawn_background("balancer", async move {
        for target in targets.into_iter().cycle() {
            let Ok((mut client, _)) = listener.accept().await else {
                return;
            };
            task::spawn_background("connection", async move {
                if let Ok(mut server) = TcpStream::connect(target).await {
                    copy_bidirectional(&mut client, &mut server).await.ok();
                }
            });
        }
    });
    url
}
