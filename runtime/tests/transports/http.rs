//! HTTP as others speak it, by the byte.
