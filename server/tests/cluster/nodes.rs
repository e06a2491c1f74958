//! Three nodes and a ZooKeeper, each a process that can be killed, frozen and started again; or a cluster
//! that is there.
//!
//! Nodes 1 and 2 are replicas of the first shard, node 3 is the second shard.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{grants, host};

/// The longest that a start, a repair or an answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The cluster of all nodes, in statements.
pub(crate) const ALL: &str = "c";

/// The cluster.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    _dir: TempDir,
    /// None where the cluster was there.
    zookeeper: Option<Child>,
}

/// A node.
pub(crate) struct Node {
    /// Its address, without a user where it is ours.
    pub(crate) url: String,
    number: usize,
    process: Option<Child>,
    launch: Option<Launch>,
}

/// How a node of ours is started.
struct Launch {
    dir: PathBuf,
    http_port: u16,
    tcp_port: u16,
}

impl Cluster {
    /// Has a view count the rows of each day of `t` into `days`, on both replicas.
    pub(crate) fn count_days(&self, database: &str) {
        for node in &self.nodes[..2] {
            node.sql(&format!(
                "CREATE TABLE {database}.days (d Date, c UInt64) ENGINE = \
                 ReplicatedMergeTree('/clickhouse/tables/{database}/{{shard}}/days', '{{replica}}') ORDER BY d"
            ));
            node.sql(&format!(
                "CREATE MATERIALIZED VIEW {database}.view TO {database}.days AS \
                 SELECT d, count() AS c FROM {database}.t GROUP BY d"
            ));
        }
    }

    /// Starts one, unless `SLUICE_CLUSTER` names one.
    pub(crate) fn start() -> Self {
        let dir = TempDir::new().unwrap();
        if let Some(urls) = host::variable("SLUICE_CLUSTER") {
            let node = |(index, url): (usize, &str)| Node {
                url: url.trim().trim_end_matches('/').to_owned(),
                number: index + 1,
                process: None,
                launch: None,
            };
            let nodes: Vec<_> = urls.split(',').enumerate().map(node).collect();
            assert_eq!(nodes.len(), 3, "SLUICE_CLUSTER names three nodes");
            return Self {
                nodes,
                _dir: dir,
                zookeeper: None,
            };
        }
        let ports: [u16; 7] = free_ports();
        let [keeper, http @ .., t1, t2, t3] = ports;
        let tcp = [t1, t2, t3];
        let zookeeper = Some(start_zookeeper(dir.path(), keeper));
        let mut nodes: Vec<_> = (0..3)
            .map(|index| Node::new(dir.path(), index + 1, http[index], tcp[index]))
            .collect();
        for node in &mut nodes {
            node.write_config(keeper, tcp);
        }
        wait(PATIENCE, "ZooKeeper does not answer", || {
            is_zookeeper_serving(keeper).unwrap_or(false)
        });
        let mut cluster = Self {
            nodes,
            _dir: dir,
            zookeeper,
        };
        for node in &mut cluster.nodes {
            node.spawn();
        }
        for node in &mut cluster.nodes {
            node.wait();
        }
        cluster
    }

    /// Whether its nodes can be killed: they are ours.
    pub(crate) fn is_ours(&self) -> bool {
        self.zookeeper.is_some()
    }

    /// Runs SQL on each node.
    pub(crate) fn everywhere(&self, query: &str) {
        for node in &self.nodes {
            node.sql(query);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It ends with its standard input.
        if let Some(mut zookeeper) = self.zookeeper.take() {
            drop(zookeeper.stdin.take());
            drop(zookeeper.wait());
        }
    }
}

impl Node {
    fn new(dir: &Path, number: usize, http_port: u16, tcp_port: u16) -> Self {
        Self {
            url: format!("http://127.0.0.1:{http_port}"),
            number,
            process: None,
            launch: Some(Launch {
                dir: dir.join(format!("node{number}")),
                http_port,
                tcp_port,
            }),
        }
    }

    /// Runs SQL, and returns the answer as text; waits for a node that does not answer, and for a table that a
    /// node that has just been started cannot write to yet.
    pub(crate) fn sql(&self, query: &str) -> String {
        let started = Instant::now();
        loop {
            let last = match post(&self.url, query) {
                Some((200, answer)) => return answer,
                Some((_, answer)) if !answer.contains("TABLE_IS_READ_ONLY") => {
                    panic!("node {}: {query}: {answer}", self.number)
                }
                last => last,
            };
            assert!(
                started.elapsed() < PATIENCE,
                "node {} does not answer {query}: {last:?}",
                self.number
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Ends it at once, with all that it has not written.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it again, with what it has on its disk.
    pub(crate) fn start_again(&mut self) {
        if self.process.is_none() {
            self.spawn();
        }
        self.wait();
    }

    /// Its process stands still.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = &self.process {
            kill_process(Pid::from_child(process), signal).unwrap();
        }
    }

    fn launch(&self) -> &Launch {
        self.launch.as_ref().unwrap()
    }

    fn write_config(&self, keeper: u16, tcp: [u16; 3]) {
        let launch = self.launch();
        fs::create_dir(&launch.dir).unwrap();
        let replica =
            |port| format!("<replica><host>127.0.0.1</host><port>{port}</port></replica>");
        let shard = |replicas: String| {
            format!("<shard><internal_replication>true</internal_replication>{replicas}</shard>")
        };
        let [first, second, third] = tcp.map(replica);
        let shards = shard(first + &second) + &shard(third);
        let number = self.number;
        let shard = number.div_ceil(2);
        let users = grants::users();
        let config = format!(
            "<clickhouse>
  <zookeeper>
    <node><host>127.0.0.1</host><port>{keeper}</port></node>
    <session_timeout_ms>10000</session_timeout_ms>
    <operation_timeout_ms>5000</operation_timeout_ms>
    <!-- The servers of this kind have one id, and would end each other's sessions. -->
    <sessions_path>/clickhouse/sessions/r{number}</sessions_path>
  </zookeeper>
  <macros><cluster>{ALL}</cluster><shard>{shard}</shard><replica>r{number}</replica></macros>
  <default_replica_path>/clickhouse/tables/{{uuid}}/{{shard}}</default_replica_path>
  <default_replica_name>{{replica}}</default_replica_name>
  <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
  <background_schedule_pool_size>16</background_schedule_pool_size>
  <background_pool_size>4</background_pool_size>
  <remote_servers><{ALL}>{shards}</{ALL}></remote_servers>
  <users><default>
    <no_password/><networks><ip>127.0.0.1</ip></networks><access_management>1</access_management>
  </default><alice>
    <no_password/><networks><ip>127.0.0.1</ip></networks><grants>
      <query>GRANT SELECT, INSERT ON alice.*</query><query>GRANT SELECT ON system.merge_tree_settings</query>
    </grants>
  </alice>{users}</users>
  <!-- As the usual configuration of a server has it. -->
  <access_control_improvements>
    <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
    <table_engines_require_grant>true</table_engines_require_grant>
  </access_control_improvements>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
</clickhouse>"
        );
        fs::write(launch.dir.join("config.xml"), config).unwrap();
    }

    fn spawn(&mut self) {
        let Launch {
            dir,
            http_port,
            tcp_port,
        } = self.launch();
        let config = dir.join("config.xml");
        let config = config.display();
        let arguments = [
            "clickhouse".to_owned(),
            "--multiquery".to_owned(),
            format!("--path={}", dir.join("data").display()),
            format!("--config-file={config}"),
            format!("--http_port={http_port}"),
            format!("--tcp_port={tcp_port}"),
            "--listen_host=127.0.0.1".to_owned(),
            "--implicit_select=0".to_owned(),
            "--allow_introspection_functions=0".to_owned(),
            "--query".to_owned(),
            "SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; \
             SELECT count() FROM file('/dev/stdin', 'LineAsString', 's String')"
                .to_owned(),
            "--".to_owned(),
            format!("--users_config={config}"),
        ];
        let output = fs::File::create(dir.join("output")).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "host::node", "--nocapture"])
            .env(host::LIBRARY, library())
            .env(host::PORT, http_port.to_string())
            .env(host::ARGUMENTS, arguments.join("\n"))
            .env("RUST_MIN_STACK", (64 << 20).to_string())
            // Its life hangs on this pipe: it ends with the test, however that ends.
            .stdin(Stdio::piped())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        self.process = Some(command.spawn().unwrap());
    }

    fn wait(&mut self) {
        let started = Instant::now();
        while post(&self.url, "SELECT 1").is_none() {
            let has_ended = match &mut self.process {
                Some(process) => process.try_wait().unwrap().is_some(),
                None => false,
            };
            if has_ended || started.elapsed() > PATIENCE {
                let output = fs::read_to_string(self.launch().dir.join("output")).unwrap();
                panic!("node {} does not start: {output}", self.number);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until something holds.
pub(crate) fn wait(limit: Duration, what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < limit, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The ClickHouse library that `make engine` installs.
fn library() -> PathBuf {
    let package = "engine/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so";
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join(package);
    let missing = || panic!("{} is missing: run `make engine`", library.display());
    // As the kernel names it.
    fs::canonicalize(&library).unwrap_or_else(|_| missing())
}

/// ZooKeeper as `make zookeeper` puts it in place; it ends with the standard input of its shell.
fn start_zookeeper(dir: &Path, port: u16) -> Child {
    let jars = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.zookeeper");
    assert!(
        jars.join("zookeeper.jar").exists(),
        "ZooKeeper is missing: run `make zookeeper`, or name a cluster by SLUICE_CLUSTER"
    );
    let config = dir.join("zoo.cfg");
    let text = format!(
        "tickTime=500\ndataDir={}\nclientPort={port}\nclientPortAddress=127.0.0.1\n\
         admin.enableServer=false\nmaxClientCnxns=0\nextendedTypesEnabled=true\n",
        dir.join("zookeeper").display()
    );
    fs::write(&config, text).unwrap();
    let output = fs::File::create(dir.join("zookeeper.log")).unwrap();
    Command::new("sh")
        .args(["-c", "java \"$@\" & cat > /dev/null; kill -9 $!", "sh"])
        // What is lost with the machine is of no interest.
        .args(["-Xmx256m", "-Dzookeeper.forceSync=no"])
        .arg("-Djute.maxbuffer=8388608")
        .arg("-cp")
        .arg(jars.join("*"))
        .arg("org.apache.zookeeper.server.quorum.QuorumPeerMain")
        .arg(config)
        .stdin(Stdio::piped())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap()
}

/// Its port is open before it serves, and who asks too early is never answered.
fn is_zookeeper_serving(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    stream.write_all(b"srvr")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.contains("Mode: standalone"))
}

/// Ports that nobody listens on, below those that the system gives to connections: a node that is started again
/// finds its own free.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let free = || {
        loop {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, fastrand::u16(10_000..32_000)));
            if let Ok(listener) = listener {
                return listener;
            }
        }
    };
    let listeners = [(); N].map(|()| free());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// One statement: the status and the answer; nothing where nobody answers.
pub(crate) fn post(url: &str, query: &str) -> Option<(u16, String)> {
    let address = url.trim_start_matches("http://");
    let (user, address) = address.split_once('@').unwrap_or(("default:", address));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let head = format!(
        "POST / HTTP/1.0\r\nHost: node\r\nX-ClickHouse-User: {user}\r\nX-ClickHouse-Key: {password}\r\n\
         Content-Length: {}\r\n\r\n",
        query.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(query.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.trim_end().to_owned()))
}
