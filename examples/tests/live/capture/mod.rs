//! Calls as they are seen on a network: recorded, put into a file as packets, and taken apart by `tshark`.

pub mod calls;
pub mod dissected;
mod pcap;
pub mod recorder;
