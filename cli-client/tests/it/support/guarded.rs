//! A ClickHouse beside the server's own, with a user who has a password.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

use super::{Files, library, server_binary, until};

/// An engine in a process of the server's program; dropping it ends it.
pub(crate) struct GuardedClickhouse {
    pub(crate) url: String,
    process: Child,
    _files: Files,
}

impl GuardedClickhouse {
    /// Starts it with one user besides `default`, who may do everything.
    pub(crate) fn start(user: &str, password: &str) -> Self {
        Self::start_with(user, password, &[])
    }

    /// The same with a user who has these grants only, unless there are none.
    pub(crate) fn start_with(user: &str, password: &str, grants: &[&str]) -> Self {
        let grants = grants.iter();
        let grants = grants.map(|grant| format!("<query>GRANT {grant}</query>"));
        let grants = match grants.collect::<String>() {
            none if none.is_empty() => none,
            grants => format!("<grants>{grants}</grants>"),
        };
        let files = Files::new();
        let anywhere = "<networks><ip>::/0</ip></networks>";
        let users = files.write(
            "users.xml",
            format!(
                "<clickhouse><users><default><no_password/>{anywhere}</default>\
                 <{user}><password>{password}</password>{anywhere}{grants}</{user}></users>\
                 <profiles><default/></profiles><quotas><default/></quotas></clickhouse>"
            ),
        );
        let config = files.write(
            "config.xml",
            format!("<clickhouse><users_config>{users}</users_config></clickhouse>"),
        );
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let wait = "SELECT count() FROM file('/dev/stdin', 'LineAsString', 's String')";
        let process = Command::new(server_binary())
            .args(["engine-host", "--library"])
            .arg(library())
            .args(["--", "--multiquery", "--listen_host=127.0.0.1"])
            .arg(format!("--config-file={config}"))
            .arg(format!("--path={}", files.path("data")))
            .arg(format!("--http_port={}", address.port()))
            .args(["--query", &format!("SYSTEM START LISTEN HTTP; {wait}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("the other ClickHouse listens", || {
            TcpStream::connect(address).ok()
        });
        Self {
            url: format!("http://{address}"),
            process,
            _files: files,
        }
    }

    /// Runs SQL as `default`, past every server, and returns the answer as text.
    pub(crate) fn sql(&self, query: &str) -> String {
        super::sql(self.url.strip_prefix("http://").unwrap(), "", query)
    }
}

impl Drop for GuardedClickhouse {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
