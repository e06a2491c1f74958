//! The server program: reads the configuration, builds the server, runs it.

use std::{error::Error, io::Write as _, net::SocketAddr, process::ExitCode};

use secrecy::ExposeSecret as _;
use sluice_server::{
    app::{App, shutdown::Shutdown},
    auth::mint::{SigningKey, TokenRequest, mint},
    causes::with_causes,
    config::{self, Config, Invocation},
    engine, health, telemetry,
};
use tokio::runtime::Builder;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let outcome = match config::parse() {
        // The hosted library wants a process without other threads.
        Ok(Invocation::HostEngine(request)) => return engine::run_host(request),
        Ok(Invocation::Serve(config)) => serve(*config),
        Ok(Invocation::Show(config)) => print(&config.to_toml()),
        Ok(Invocation::Health { config, address }) => health(&config, address),
        Ok(Invocation::Token(request)) => token(&request),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&*error);
            ExitCode::FAILURE
        }
    }
}

fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(run(config));
    // All that has to end has ended. A thread that types an upload may wait for the next bytes of a session,
    // and would be waited for.
    runtime.shutdown_background();
    outcome
}

async fn run(config: Config) -> Result<(), Box<dyn Error>> {
    telemetry::init(&config.telemetry)?;
    tracing::info!("{config}");
    let shutdown = Shutdown::on_signals()?;
    let app = tokio::select! {
        app = App::build(config) => app?,
        () = shutdown.requested() => return Ok(()),
    };
    tracing::info!(address = %app.local_address()?, "listening");
    Ok(app.run(shutdown.token().clone()).await?)
}

/// Asks a running server how it is, and writes its answer to standard output.
fn health(config: &Config, address: Option<SocketAddr>) -> Result<(), Box<dyn Error>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let whom = health::Ask::of(config, address)?;
    let line = runtime.block_on(health::ask(&whom))?;
    print(&format!("{line}\n"))
}

/// Makes a token and writes it to standard output.
fn token(request: &TokenRequest) -> Result<(), Box<dyn Error>> {
    let key = SigningKey::read(&request.key, request.algorithm)?;
    let token = mint(&key, &request.claims)?;
    print(&format!("{}\n", token.expose_secret()))
}

fn print(text: &str) -> Result<(), Box<dyn Error>> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// Writes an error with all its causes; a standard error that is closed takes none.
fn report(error: &dyn Error) {
    let text = with_causes(error);
    drop(writeln!(std::io::stderr(), "sluice-server: {text}"));
}
