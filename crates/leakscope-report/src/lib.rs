//! Findings and frames, written for people and for programs
