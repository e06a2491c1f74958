//! Which names a server may be called by: the defence against DNS rebinding.
//!
//! A page of another site can let the name of that site lead to this machine, and is then of the same
//! origin as this server to its browser. A server that asks nobody who they are must not answer to such a
//! name. `rpc` puts [`check`] around everything on the port. An address is always answered to: no name
//! has led to it.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;

use super::{
    access::is_probe,
    headers::{authority, is_grpc, is_grpc_web, split},
    status,
};

/// The names that a server may be called by.
#[derive(Debug, Clone)]
pub struct Hosts {
    /// Beside `localhost`; none where every name is good.
    names: Option<Arc<[String]>>,
}

impl Hosts {
    /// Those of `names`, in lower case. Without any, a server that `is_open` has no other names than
    /// `localhost`, and every name is good for one that is not.
    pub fn new(names: &[String], is_open: bool) -> Self {
        let is_limited = is_open || !names.is_empty();
        Self {
            names: is_limited.then(|| names.into()),
        }
    }

    /// The same and one more name: that by which the other servers of the fleet call this one.
    #[must_use]
    pub fn and(self, name: &str) -> Self {
        let names = self.names.map(|names| {
            let all = names.iter().cloned().chain([name.to_owned()]);
            all.collect()
        });
        Self { names }
    }

    /// The name that a request was sent to, where it is none of ours.
    fn foreign(&self, request: &Request) -> Option<String> {
        let names = self.names.as_ref()?;
        let (host, _) = split(authority(request)?).unwrap_or_default();
        let host = host.trim_end_matches('.').to_owned();
        let is_ours = host == "localhost"
            || host.ends_with(".localhost")
            || names.contains(&host)
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        (!is_ours).then_some(host)
    }
}

/// Refuses a request to a name of another server.
pub(super) async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    // Balancers ask by addresses and names of their own, and learn nothing but whether the server works.
    let foreign = Some(&request).filter(|request| !is_probe(request.uri().path()));
    let Some(host) = foreign.and_then(|request| hosts.foreign(request)) else {
        return next.run(request).await;
    };
    let status = status::foreign_host(&host);
    if is_grpc(request.headers()) && !is_grpc_web(request.headers()) {
        return status.into_http();
    }
    (StatusCode::FORBIDDEN, format!("{}\n", status.message())).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::Request};

    use super::Hosts;

    fn foreign(hosts: &Hosts, host: &str) -> Option<String> {
        let request = Request::builder().uri("/").header("host", host);
        hosts.foreign(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn an_open_server_answers_to_this_machine_only() {
        let hosts = Hosts::new(&["sluice.example".to_owned()], true);
        for own in [
            "localhost",
            "LocalHost:50051",
            "localhost.:80",
            "app.localhost",
            "127.0.0.1:50051",
            "[::1]:50051",
            "10.0.0.1",
            "SLUICE.example:443",
        ] {
            assert_eq!(foreign(&hosts, own), None, "{own}");
        }
        for other in [
            "evil.example",
            "localhost.evil.example:50051",
            "127.0.0.1.evil.example",
            "sluice.example.evil.example",
            "evil.example@localhost:1:2",
            "",
            "127.1",
        ] {
            assert!(foreign(&hosts, other).is_some(), "{other}");
        }
        let whole = Request::builder()
            .uri("http://evil.example/")
            .body(Body::empty());
        assert!(hosts.foreign(&whole.unwrap()).is_some());
    }

    #[test]
    fn a_server_that_asks_who_calls_answers_to_every_name_unless_it_has_a_list() {
        let hosts = Hosts::new(&[], false);
        assert_eq!(foreign(&hosts, "any.example"), None);
        let listed = Hosts::new(&["sluice.example".to_owned()], false);
        assert!(foreign(&listed, "any.example").is_some());
    }
}
