//! The packets of SEGGER SystemView, read and written, without allocation
