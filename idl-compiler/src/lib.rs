//! The Seapink IDL compiler as a library.

pub mod emit;
pub mod model;
