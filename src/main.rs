//! Environment → adapters → verb → exit code. The only place that names the concrete runtime and store.

use clap::Parser;
use lifeboat::cli::Cli;
use lifeboat::commands::Cancel;
use lifeboat::exit::Exit;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Two of our libraries can each bring a crypto provider; the process has one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            }
            .into();
        }
    };
    lifeboat::app::main(cli, Cancel::default()).into()
}
