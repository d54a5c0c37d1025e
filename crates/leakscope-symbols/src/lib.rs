//! From code addresses to functions, files and lines, out of an ELF file
