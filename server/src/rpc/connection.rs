//! Gives what is known about a connection to each of its requests, as an extension.
//!
//! `rpc::serve` relies on it; handlers and layers read [`ConnectionInfo`] from the request.

use tonic::transport::server::Connected;

use crate::tls::{Connection, ConnectionInfo};

impl Connected for Connection {
    type ConnectInfo = ConnectionInfo;

    fn connect_info(&self) -> ConnectionInfo {
        self.info().clone()
    }
}
