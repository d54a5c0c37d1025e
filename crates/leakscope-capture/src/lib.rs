//! Where trace bytes come from: files, and what stands beside them
