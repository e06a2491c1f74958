//! Lists of transfers, resolved: the flags as a request of the contract.
//!
//! Called by [`Settings::resolve`](super::Settings::resolve).

use sluice_proto::v1::{ListTransfersRequest, TransferKind, TransferState};

use crate::cli::{self, ListArgs};

/// A list of transfers.
#[derive(Debug)]
pub(crate) struct TransferList {
    /// Which ones; the size of the page is filled in for each.
    pub(crate) request: ListTransfersRequest,
    /// The most transfers; nothing for all.
    pub(crate) limit: Option<usize>,
}

/// Resolves the flags of `transfers list`.
pub(super) fn transfer_list(args: ListArgs) -> TransferList {
    let states = args.states.into_iter();
    TransferList {
        limit: args.limit,
        request: ListTransfersRequest {
            page_size: 0,
            page_token: args.page_token.unwrap_or_default(),
            states: states.map(|word| state(word).into()).collect(),
            kind: args.kind.map_or(TransferKind::Unspecified, kind).into(),
            table: args.table,
            owner: args.owner.unwrap_or_default(),
        },
    }
}

fn state(word: cli::State) -> TransferState {
    match word {
        cli::State::Running => TransferState::Running,
        cli::State::Succeeded => TransferState::Succeeded,
        cli::State::Failed => TransferState::Failed,
        cli::State::Cancelled => TransferState::Cancelled,
        cli::State::Interrupted => TransferState::Interrupted,
        cli::State::Committing => TransferState::Committing,
    }
}

fn kind(word: cli::Kind) -> TransferKind {
    match word {
        cli::Kind::Upload => TransferKind::Upload,
        cli::Kind::Export => TransferKind::Export,
    }
}
