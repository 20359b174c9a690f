//! What Karat remembers between runs: runs, events, ledger, leases.
