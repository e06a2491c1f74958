//! `sluice export`: a table or a query into one file.
//!
//! Joins the call (`receive`), the file (`sink`) and what is kept of it (`kept`). It must never report
//! success without the server's summary, nor go on with a file that is of another export.

mod cut;
mod kept;
mod key;
mod receive;
mod summary;

use std::{sync::Arc, time::Instant};

use sluice_proto::v1::{ExportRequest, GetTableRequest};
use uuid::Uuid;

use self::{
    kept::{Kept, fingerprint},
    key::Key,
    receive::{Meter, Part, Received, receive},
    summary::Object,
};
use crate::{
    command::{guarded, is_closed_pipe, unless},
    connect::{Connection, Server},
    ends::Ends,
    error::{Error, Result},
    output::Output,
    progress::Progress,
    retry::{self, Patience, Wait},
    settings::{Endpoint, Export},
    signal::Interrupt,
    sink::Sink,
    task, text,
};

/// Writes the file and prints what came of it.
pub(super) async fn run(
    export: Export,
    server: &Server,
    output: Output,
    interrupt: &mut Interrupt,
) -> Result<()> {
    let start = Instant::now();
    let place = Place::open(&export)?;
    let connection = unless(interrupt, Connection::open(server)).await?;
    let mut job = Job::new(&export, server, connection);
    let result = job.run(place, output, interrupt).await;
    match result {
        Ok(received) => {
            let style = export.request.style.as_ref();
            let null = style.and_then(|style| style.null_marker.as_deref());
            let object = Object::new(&received, job.attempts, &job.resumed_at, start.elapsed());
            output.summary(&object, &object.words(&export.output, null))
        }
        Err(error) if is_closed_pipe(&error, &export.output) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Where the bytes go.
#[derive(Debug)]
enum Place {
    /// To a file that an attempt writes from its beginning.
    Sink(Sink),
    /// To a file that may have a beginning.
    Kept(Arc<Kept>),
}

impl Place {
    fn open(export: &Export) -> Result<Self> {
        match &export.output {
            Endpoint::Path(path) if export.resume => {
                Kept::open(path).map(|kept| Self::Kept(Arc::new(kept)))
            }
            output => Sink::open(output).map(Self::Sink),
        }
    }
}

/// One export.
#[derive(Debug)]
struct Job<'a> {
    export: &'a Export,
    server: &'a Server,
    connection: Connection,
    /// The next request for the whole file.
    request: ExportRequest,
    meter: Meter,
    ends: Ends,
    patience: Patience,
    /// The most bytes that an attempt came to.
    furthest: u64,
    attempts: u32,
    resumed_at: Vec<u64>,
}

impl<'a> Job<'a> {
    fn new(export: &'a Export, server: &'a Server, connection: Connection) -> Self {
        Self {
            export,
            server,
            connection,
            request: export.request.clone(),
            meter: Meter::new(export.reads_what_it_writes, export.limit),
            ends: Ends::default(),
            patience: Patience::new(export.retry_time),
            furthest: 0,
            attempts: 0,
            resumed_at: Vec::new(),
        }
    }

    /// Writes the file, whatever happens in between, and shows how far it is.
    async fn run(
        &mut self,
        place: Place,
        output: Output,
        interrupt: &mut Interrupt,
    ) -> Result<Received> {
        let progress = Progress::start(&self.meter.counts, output);
        match place {
            Place::Sink(sink) => self.write(sink, &progress, interrupt).await,
            Place::Kept(kept) => {
                let result = self.write_kept(&kept, &progress, interrupt).await;
                if result.is_err() && kept.holds_data() {
                    progress.note("what has arrived is kept: the same command goes on behind it");
                } else if result.is_err() {
                    kept.remove();
                }
                result
            }
        }
    }

    /// Writes a file whose attempts all begin at zero.
    async fn write(
        &mut self,
        sink: Sink,
        progress: &Progress,
        interrupt: &mut Interrupt,
    ) -> Result<Received> {
        let mut sink = Some(sink);
        loop {
            let sink = match sink.take() {
                Some(sink) => sink,
                None => Sink::open(&self.export.output)?,
            };
            let can_restart = sink.can_be_replaced();
            let part = Part::whole(self.request.clone(), sink);
            let error = match self.attempt(part, None, interrupt).await {
                Ok(received) => return Ok(received),
                Err(error) => error,
            };
            if !can_restart && self.meter.counts.bytes() > 0 {
                return Err(error);
            }
            self.recover(error, "trying again from zero", progress, interrupt)
                .await?;
            self.resumed_at.push(0);
        }
    }

    /// Writes a file whose attempts go on where the last one stood, if that can be.
    async fn write_kept(
        &mut self,
        kept: &Arc<Kept>,
        progress: &Progress,
        interrupt: &mut Interrupt,
    ) -> Result<Received> {
        let found = loop {
            match unless(interrupt, self.key()).await {
                Ok(found) => break found,
                Err(error) => {
                    self.recover(error, "trying again", progress, interrupt)
                        .await?;
                }
            }
        };
        let key = match found {
            Ok(key) => key,
            Err(reason) => {
                progress.note(&format!("--resume has no effect: {reason}"));
                kept.remove();
                let sink = Sink::open(&self.export.output)?;
                return self.write(sink, progress, interrupt).await;
            }
        };
        let export = fingerprint(&self.server.url, &self.export.request);
        loop {
            let part = unless(interrupt, self.part(kept, &key, &export, progress)).await?;
            let error = match self.attempt(part, Some((kept, &export)), interrupt).await {
                Ok(received) => return kept.finish().map(|()| received),
                Err(error) => error,
            };
            if let Error::ColumnsChanged | Error::TableReplaced = &error {
                progress.note(&format!("{error}: beginning at zero"));
                kept.forget()?;
                continue;
            }
            self.recover(
                error,
                "trying again behind what has arrived",
                progress,
                interrupt,
            )
            .await?;
        }
    }

    /// The key that the export goes on by, or why it has none.
    async fn key(&self) -> Result<Result<Key, String>> {
        let table = match key::table(&self.export.request) {
            Ok(table) => table.clone(),
            Err(reason) => return Ok(Err(reason)),
        };
        let request = GetTableRequest { table: Some(table) };
        let mut client = self.connection.catalog();
        let table = client.get_table(request).await?.into_inner();
        Ok(key::key(&self.export.request, &table))
    }

    /// The next part of a kept file.
    async fn part(
        &mut self,
        kept: &Arc<Kept>,
        key: &Key,
        export: &str,
        progress: &Progress,
    ) -> Result<Part> {
        let (found, sought, name) = (Arc::clone(kept), key.clone(), export.to_owned());
        let mut start = task::worker(move || found.start(&name, &sought));
        let start = start.join().await.map_err(Error::Runtime)??;
        let sink = Sink::of_file(start.file, kept.name());
        if let Some(reason) = start.reason {
            progress.note(&format!("beginning at zero: {reason}"));
        }
        let Some(cut) = start.cut else {
            return Ok(Part::whole(self.request.clone(), sink));
        };
        progress.note(&format!(
            "going on behind {} and {}, at the key {}",
            text::rows(cut.rows),
            text::size(cut.bytes),
            text::short(&cut.key)
        ));
        self.resumed_at.push(cut.bytes);
        Ok(Part {
            request: key.rest(&self.request, &cut),
            sink,
            bytes: cut.bytes,
            rows: cut.rows,
        })
    }

    /// Makes one call.
    async fn attempt(
        &mut self,
        part: Part,
        kept: Option<(&Kept, &str)>,
        interrupt: &mut Interrupt,
    ) -> Result<Received> {
        self.attempts += 1;
        let transfer_id = part.request.transfer_id.clone();
        let work = receive(&self.connection, part, &self.meter, kept);
        guarded(&self.connection, &transfer_id, interrupt, work).await
    }

    /// Waits for a connection after a failure that passes; any other one is the end.
    async fn recover(
        &mut self,
        mut error: Error,
        next: &'static str,
        progress: &Progress,
        interrupt: &mut Interrupt,
    ) -> Result<()> {
        if !retry::is_passing(&error) || self.patience.limit().is_zero() {
            return Err(error);
        }
        let bytes = self.meter.counts.bytes();
        if bytes > self.furthest {
            self.furthest = bytes;
            self.patience.renew();
            progress.moved();
        }
        // The server may know the last one as an export that has ended.
        self.request.transfer_id = Uuid::now_v7().to_string();
        loop {
            let Some(delay) = self.patience.delay(&error) else {
                return Err(error);
            };
            let connection = async {
                let ends = self.ends.words(self.server, &self.connection, &error).await;
                progress.wait(Wait::new(&ends, &error, &self.patience, next));
                tokio::time::sleep(delay).await;
                Connection::open(self.server).await
            };
            match unless(interrupt, connection).await {
                Ok(connection) => {
                    self.connection = connection;
                    progress.go_on();
                    return Ok(());
                }
                Err(failure) if retry::is_passing(&failure) => error = failure,
                Err(failure) => return Err(failure),
            }
        }
    }
}
