//! One child process: started, listened to, asked to end, killed.
//!
//! Used by `engine::embedded` to start it and by `engine::supervisor` to watch it. It knows nothing of
//! ports, data directories or restarts.

use std::collections::VecDeque;
use std::env;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;

use super::host::NOTE;
use crate::task;

/// The one variable that a process is given: what a DateTime without a zone of its own means hangs on it.
const TIME_ZONE: &str = "TZ";

/// The lines of output that are kept for the message of an error.
const KEPT_LINES: usize = 20;

/// The bytes after which a line of output is cut.
const MAX_LINE_BYTES: u64 = 8 * 1024;

/// The time to read what a dead process left in its pipes.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_millis(500);

/// A running child process. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// Closing it asks the process to end.
    stdin: Option<ChildStdin>,
    output: Output,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts `program` with `arguments` and without the server's environment, which may hold secrets; in a
    /// process group of its own, so that a Ctrl-C in a terminal reaches the server only.
    pub(super) fn spawn(program: &Path, arguments: &[OsString]) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(env::var_os(TIME_ZONE).map(|zone| (TIME_ZONE, zone)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let output = Output::default();
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            readers.push(task::spawn("engine stdout", output.clone().follow(stdout)));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.push(task::spawn("engine stderr", output.clone().follow(stderr)));
        }
        // Taken, because waiting for a child closes an input that it still holds.
        let stdin = child.stdin.take();
        Ok(Self {
            child,
            stdin,
            output,
            readers,
        })
    }

    /// The id of the process; `None` once its end was seen.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until the process ends. May be dropped and called again.
    pub(super) async fn exited(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Waits until the process ends and its output is read. May be dropped and called again.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.exited().await?;
        let read_all = async {
            while let Some(reader) = self.readers.last_mut() {
                // A reader that panicked has read what it could.
                drop(reader.await);
                self.readers.pop();
            }
        };
        // A process that the engine started may hold the pipes open; its output can wait.
        drop(tokio::time::timeout(LAST_WORDS_TIMEOUT, read_all).await);
        Ok(status)
    }

    /// Asks the process to end, kills it when it has not after `grace`, and returns when it is gone.
    pub(super) async fn stop(mut self, grace: Duration) {
        drop(self.stdin.take());
        match tokio::time::timeout(grace, self.ended()).await {
            Ok(Ok(status)) => tracing::info!(target: "engine", %status, "the engine ended"),
            Ok(Err(error)) => tracing::warn!(target: "engine", %error, "lost sight of the engine"),
            Err(_) => {
                tracing::warn!(target: "engine", ?grace, "the engine did not end; killing it");
                if let Err(error) = self.child.kill().await {
                    tracing::error!(target: "engine", %error, "cannot kill the engine");
                }
            }
        }
    }

    /// The last lines of its output, or a remark that there are none.
    pub(super) fn output(&self) -> String {
        self.output.text()
    }
}

/// The last lines that a process wrote.
#[derive(Debug, Clone, Default)]
struct Output {
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Output {
    /// Logs and keeps every line of `pipe` until it closes.
    async fn follow(self, pipe: impl AsyncRead + Unpin) {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut limited = (&mut pipe).take(MAX_LINE_BYTES);
            match limited.read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => self.keep(String::from_utf8_lossy(&line).trim_end()),
            }
        }
    }

    /// Logs and keeps one line.
    fn keep(&self, line: &str) {
        if line.is_empty() {
            return;
        }
        if let Some(note) = line.strip_prefix(NOTE) {
            tracing::info!(target: "engine", "{note}");
            return;
        }
        tracing::warn!(target: "engine", "{line}");
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }

    /// The lines that are kept.
    fn text(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            return "it wrote nothing".to_owned();
        }
        lines
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::{KEPT_LINES, Process};

    fn shell(script: &str) -> Process {
        Process::spawn(Path::new("/bin/sh"), &["-c".into(), script.into()]).unwrap()
    }

    #[tokio::test]
    async fn the_last_lines_of_both_outputs_are_kept() {
        let mut process = shell("for i in $(seq 30); do echo line $i; done; printf 'no\\377end'");
        assert!(process.ended().await.unwrap().success());
        let output = process.output();
        assert_eq!(output.lines().count(), KEPT_LINES);
        assert!(output.ends_with("line 30\nno\u{fffd}end"), "{output}");
    }

    #[tokio::test]
    async fn silence_is_said() {
        let mut process = shell("exit 3");
        assert_eq!(process.ended().await.unwrap().code(), Some(3));
        assert_eq!(process.output(), "it wrote nothing");
    }

    #[tokio::test]
    async fn closing_the_input_is_enough_for_a_process_that_reads_it() {
        let start = Instant::now();
        shell("cat").stop(Duration::from_secs(60)).await;
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[tokio::test]
    async fn a_process_that_does_not_end_is_killed() {
        let start = Instant::now();
        shell("exec sleep 1000")
            .stop(Duration::from_millis(50))
            .await;
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
