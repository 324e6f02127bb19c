//! Seapink.
