//! A terminal that somebody sits at: a pseudo terminal with a command in it.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use rustix::{
    pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt},
    termios::{LocalModes, tcgetattr},
};
use serde_json::Value;

use super::{
    process::{Client, ended},
    until,
};
use crate::program;

/// A command whose standard input and error are a terminal.
pub(crate) struct Terminal {
    process: Child,
    keyboard: File,
    /// What has been seen on it.
    screen: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Terminal {
    /// Starts a command line with `--json`.
    pub(crate) fn start(line: &[&str]) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let controller = openpt(flags).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let other: OwnedFd = ioctl_tiocgptpeer(&controller, flags).unwrap();
        let process = program()
            .args(line)
            .arg("--json")
            // A terminal has a kind, whatever the tests are run from.
            .env("TERM", "xterm")
            .stdin(other.try_clone().unwrap())
            .stderr(other)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let keyboard = File::from(controller);
        let screen = Arc::new(Mutex::new(String::new()));
        let reader = watch(keyboard.try_clone().unwrap(), &screen);
        Self {
            process,
            keyboard,
            screen,
            reader,
        }
    }

    /// Waits until this is to be seen and what is typed is not.
    pub(crate) fn asks(&self, prompt: &str) {
        until(prompt, || {
            let is_shown = self.screen.lock().unwrap().contains(prompt);
            let modes = tcgetattr(&self.keyboard).unwrap().local_modes;
            (is_shown && !modes.contains(LocalModes::ECHO)).then_some(())
        });
    }

    /// Waits until this has been seen.
    pub(crate) fn shows(&self, text: &str) {
        until(text, || {
            self.screen.lock().unwrap().contains(text).then_some(())
        });
    }

    /// Types a line.
    pub(crate) fn types(&mut self, line: &str) {
        self.keyboard
            .write_all(format!("{line}\n").as_bytes())
            .unwrap();
    }

    /// Waits for the end of the command: exit code, JSON object and all that was to be seen.
    pub(crate) fn finish(mut self) -> (Option<i32>, Value, String) {
        ended(&mut self.process);
        let (code, object) = Client::new(self.process).finish();
        self.reader.join().unwrap();
        let screen = self.screen.lock().unwrap().clone();
        (code, object, screen)
    }
}

/// Keeps what a terminal shows until nobody has it open any more, which is an error of the read.
fn watch(mut terminal: File, screen: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let screen = Arc::clone(screen);
    thread::spawn(move || {
        let mut bytes = [0; 1024];
        while let Ok(length @ 1..) = terminal.read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..length]);
            screen.lock().unwrap().push_str(&text);
        }
    })
}
