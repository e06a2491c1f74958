//! How far a transfer is, on standard error: a bar on a terminal, else a line now and then.
//!
//! `source` and the commands count into [`Counts`]; a task of its own shows it, so that counting
//! costs nothing. It must never write to standard output, nor fail the transfer.

use std::{
    io::{self, IsTerminal as _},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{MissedTickBehavior, interval_at};

use crate::{
    output::Output,
    retry::Wait,
    stdio,
    task::{self, Background},
    text,
};

/// Time between two lines.
const LINE_INTERVAL: Duration = Duration::from_secs(5);
/// Time between two states of the bar.
const BAR_INTERVAL: Duration = Duration::from_millis(100);

/// What has moved so far.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    bytes: AtomicU64,
    rows: AtomicU64,
    total_bytes: AtomicU64,
    total_rows: AtomicU64,
}

impl Counts {
    /// Adds bytes of the file.
    pub(crate) fn add_bytes(&self, count: usize) {
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Bytes of the file so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Sets the bytes of the file so far; what is negative is not known.
    pub(crate) fn set_bytes(&self, count: i64) {
        store(&self.bytes, count);
    }

    /// Sets the rows so far.
    pub(crate) fn set_rows(&self, count: i64) {
        store(&self.rows, count);
    }

    /// Sets the size of the file; 0 is unknown.
    pub(crate) fn set_total_bytes(&self, count: u64) {
        self.total_bytes.store(count, Ordering::Relaxed);
    }

    /// Sets the rows to come; 0 is unknown.
    pub(crate) fn set_total_rows(&self, count: i64) {
        store(&self.total_rows, count);
    }

    fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// The measure that has a known end, as done and total: bytes, else rows.
    fn share(&self) -> Option<(u64, u64)> {
        let bytes = (self.bytes(), self.total_bytes.load(Ordering::Relaxed));
        let rows = (self.rows(), self.total_rows.load(Ordering::Relaxed));
        [bytes, rows].into_iter().find(|(_, total)| *total > 0)
    }
}

fn store(target: &AtomicU64, count: i64) {
    if let Ok(count) = u64::try_from(count) {
        target.store(count, Ordering::Relaxed);
    }
}

/// What a transfer waits for, where it waits.
#[derive(Debug, Default)]
struct Waiting {
    now: Mutex<Option<Wait>>,
    /// The kind of the wait that was said last.
    said: Mutex<String>,
}

impl Waiting {
    fn now(&self) -> MutexGuard<'_, Option<Wait>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn said(&self) -> MutexGuard<'_, String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to say of a wait; nothing where the same was said and nothing has moved since.
    fn news(&self, wait: &Wait) -> Option<String> {
        let mut said = self.said();
        if *said == wait.kind() {
            return None;
        }
        wait.kind().clone_into(&mut said);
        Some(wait.line(Instant::now()))
    }
}

/// Shows counts until it is dropped.
#[derive(Debug)]
#[must_use = "dropping it ends the display"]
pub(crate) struct Progress {
    counts: Arc<Counts>,
    waiting: Arc<Waiting>,
    start: Instant,
    display: Display,
    _task: Option<Background>,
}

/// How it is shown.
#[derive(Debug)]
enum Display {
    /// Not at all.
    Nothing,
    /// As lines, the last one at the end if anything has moved.
    Lines,
    /// As a bar, cleared at the end.
    Bar(ProgressBar),
}

impl Drop for Progress {
    fn drop(&mut self) {
        match &self.display {
            Display::Nothing => {}
            Display::Lines if self.counts.bytes() == 0 => {}
            Display::Lines => stdio::error_line(&moved(&self.counts, self.start.elapsed())),
            Display::Bar(bar) => bar.finish_and_clear(),
        }
    }
}

impl Progress {
    /// Begins to show the counts.
    pub(crate) fn start(counts: &Arc<Counts>, output: Output) -> Self {
        let start = Instant::now();
        let waiting = Arc::new(Waiting::default());
        let (display, task) = if output.is_quiet() {
            (Display::Nothing, None)
        } else if io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let task = task::background(move_bar(
                bar.clone(),
                Arc::clone(counts),
                Arc::clone(&waiting),
            ));
            (Display::Bar(bar), Some(task))
        } else {
            let task =
                task::background(write_lines(Arc::clone(counts), Arc::clone(&waiting), start));
            (Display::Lines, Some(task))
        };
        Self {
            counts: Arc::clone(counts),
            waiting,
            start,
            display,
            _task: task,
        }
    }

    /// Says what is waited for: on a terminal in the place of the bar, up to [`Progress::go_on`], else as a
    /// line, which is not repeated while nothing moves.
    pub(crate) fn wait(&self, wait: Wait) {
        if let Display::Lines = self.display
            && let Some(news) = self.waiting.news(&wait)
        {
            self.note(&news);
        }
        *self.waiting.now() = Some(wait);
    }

    /// Says that the wait is over.
    pub(crate) fn go_on(&self) {
        *self.waiting.now() = None;
    }

    /// Says that something has moved, so that the next wait is another one.
    pub(crate) fn moved(&self) {
        self.waiting.said().clear();
    }

    /// Says that something has happened, beside how far it is.
    pub(crate) fn note(&self, text: &str) {
        let line = format!("sluice: {text}");
        match &self.display {
            Display::Nothing => {}
            Display::Lines => stdio::error_line(&line),
            Display::Bar(bar) => bar.println(text::one_line(&line)),
        }
    }
}

async fn write_lines(counts: Arc<Counts>, waiting: Arc<Waiting>, start: Instant) {
    let mut ticks = interval_at(tokio::time::Instant::now() + LINE_INTERVAL, LINE_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if waiting.now().is_none() {
            stdio::error_line(&line(&counts, start.elapsed()));
        }
    }
}

async fn move_bar(bar: ProgressBar, counts: Arc<Counts>, waiting: Arc<Waiting>) {
    let mut ticks = tokio::time::interval(BAR_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let start = Instant::now();
    let mut shown = "";
    loop {
        ticks.tick().await;
        let wait = waiting.now().as_ref().map(|wait| wait.line(Instant::now()));
        let share = counts.share();
        let template = match (&wait, share) {
            (Some(_), _) => "{spinner} {wide_msg}",
            (None, Some(_)) => "[{bar:30}] {percent} %, {msg}, {eta} left",
            (None, None) => "{spinner} {msg}, {elapsed}",
        };
        if shown != template {
            shown = template;
            bar.set_style(style(template));
        }
        if let Some((done, total)) = share {
            if bar.length() != Some(total) {
                bar.set_length(total);
            }
            bar.set_position(done.min(total));
        }
        let words = wait.unwrap_or_else(|| moved(&counts, start.elapsed()));
        bar.set_message(text::one_line(&words));
        bar.tick();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Rows, bytes and rate: `12,000 rows, 1.4 MB, 0.7 MB/s`.
fn moved(counts: &Counts, elapsed: Duration) -> String {
    let bytes = counts.bytes();
    format!(
        "{} rows, {}, {}",
        text::count(counts.rows()),
        text::size(bytes),
        text::rate(bytes, elapsed)
    )
}

/// One line: `12,000 rows, 1.4 MB, 0.7 MB/s, 45 %, 2.40 s left`.
fn line(counts: &Counts, elapsed: Duration) -> String {
    let mut line = moved(counts, elapsed);
    if let Some((done, total)) = counts.share() {
        let percent = done.saturating_mul(100) / total;
        line.push_str(&format!(", {} %", percent.min(100)));
        if let Some(left) = time_left(done, total, elapsed) {
            line.push_str(&format!(", {} left", text::duration(left)));
        }
    }
    line
}

/// The time that the rest takes at the rate so far; nothing at the beginning and at the end.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn time_left(done: u64, total: u64, elapsed: Duration) -> Option<Duration> {
    let rest = total
        .checked_sub(done)
        .filter(|rest| *rest > 0 && done > 0)?;
    Some(elapsed.mul_f64(rest as f64 / done as f64))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Counts, Wait, Waiting, line};
    use crate::{error::Error, retry::Patience};

    #[test]
    fn a_line_without_a_total_tells_what_moved() {
        let counts = Counts::default();
        counts.add_bytes(1_500_000);
        counts.set_rows(12_000);
        assert_eq!(
            line(&counts, Duration::from_secs(2)),
            "12,000 rows, 1.5 MB, 750.0 kB/s"
        );
    }

    #[test]
    fn a_line_with_a_total_tells_what_is_left() {
        let counts = Counts::default();
        counts.set_total_bytes(4_000_000);
        counts.add_bytes(1_000_000);
        let text = "0 rows, 1.0 MB, 1.0 MB/s, 25 %, 3.00 s left";
        assert_eq!(line(&counts, Duration::from_secs(1)), text);
        counts.add_bytes(3_000_000);
        let text = "0 rows, 4.0 MB, 2.0 MB/s, 100 %";
        assert_eq!(line(&counts, Duration::from_secs(2)), text);
    }

    #[test]
    fn rows_are_the_measure_when_bytes_have_no_end() {
        let counts = Counts::default();
        counts.set_total_rows(10);
        counts.set_rows(5);
        assert_eq!(
            line(&counts, Duration::from_secs(1)),
            "5 rows, 0 B, 0 B/s, 50 %, 1.00 s left"
        );
    }

    #[test]
    fn a_wait_is_told_again_only_for_another_reason_or_when_something_has_moved() {
        let patience = Patience::new(Duration::from_secs(60));
        let wait = |reason: &str| {
            let error = Error::Usage(reason.to_owned());
            Wait::new("db:1", &error, &patience, "trying again")
        };
        let waiting = Waiting::default();
        let is_told = |reason| waiting.news(&wait(reason)).is_some();
        assert!(is_told("elsewhere"));
        assert!(!is_told("elsewhere"));
        assert!(is_told("away"));
        waiting.said().clear();
        assert!(is_told("away"));
    }
}
