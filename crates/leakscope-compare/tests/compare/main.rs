//! The gate, from reports to exit codes.
