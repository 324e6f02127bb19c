//! A file with packets, as programs that listen to a network write it, made of what was said.
//!
//! Why not listen? That takes a right which not everybody has, and packets are cut differently each time.

use super::recorder::{Conversation, From};

/// What a packet holds on most networks, so that larger messages come in several.
const SEGMENT: usize = 1400;

/// Where the server listens.
pub const PORT: u16 = 9090;

/// The first client speaks from here, and the next ones from the ports behind it.
const FIRST: u16 = 20_000;

/// Packets begin with a head of IPv4.
const LINK_TYPE: u32 = 228;

/// A capture of connections that followed each other.
pub fn file(conversations: &[Conversation]) -> Vec<u8> {
    let mut file = Vec::new();
    // The number that says in which order its bytes are, the version 2.4, and two numbers that nobody uses.
    for word in [0xa1b2_c3d4, 0x0002_0004, 0, 0, 65_535, LINK_TYPE] {
        file.extend(u32::to_be_bytes(word));
    }
    let mut packets = 0_u32;
    for (port, conversation) in (FIRST..).zip(conversations) {
        // By those of the client and of the server.
        let mut sent = [1_u32, 1];
        for (from, said) in conversation {
            for payload in said.chunks(SEGMENT) {
                let packet = packet(*from, port, sent, payload);
                let length = u32::try_from(packet.len()).unwrap_or_default();
                for word in [packets, 0, length, length] {
                    file.extend(word.to_be_bytes());
                }
                file.extend(packet);
                packets += 1;
                sent[*from as usize] += u32::try_from(payload.len()).unwrap_or_default();
            }
        }
    }
    file
}

/// With the heads of IPv4 and TCP before it. Their checksums are 0, which stands for none.
fn packet(from: From, client: u16, sent: [u32; 2], payload: &[u8]) -> Vec<u8> {
    let ports = match from {
        From::Client => [client, PORT],
        From::Server => [PORT, client],
    };
    let [own, other] = match from {
        From::Client => sent,
        From::Server => [sent[1], sent[0]],
    };
    let length = u16::try_from(40 + payload.len()).unwrap_or_default();
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    // Not to be cut further, at most 64 steps, TCP.
    packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    packet.extend([127, 0, 0, 1, 127, 0, 0, 1]);
    packet.extend(ports.map(u16::to_be_bytes).concat());
    packet.extend([own, other].map(u32::to_be_bytes).concat());
    // Five words of head, acknowledged and pushed, with a large window.
    packet.extend([0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend_from_slice(payload);
    packet
}
