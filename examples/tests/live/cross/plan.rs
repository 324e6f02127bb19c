//! Which cells are run.

use std::collections::HashSet;

use super::cell::{Cell, Side};
use super::known::Known;
use super::peers::Peer;
use super::support::Result;

/// How our server shares its work: each in turn.
pub const MODELS: [&str; 4] = ["simple", "threaded", "thread-pool", "nonblocking"];

/// All cells that peers have, or a part that has each protocol with each transport.
pub fn plan(peers: &[Peer], known: &Known, all: bool) -> Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for peer in peers {
        let every = every(peer);
        cells.extend(if all { every } else { short(every, known) });
    }
    let mut models = MODELS.iter().cycle();
    for cell in &mut cells {
        if cell.side == Side::Client || cell.peer == "seapink" {
            cell.model = models.next().ok_or("there are no models")?;
        }
    }
    Ok(cells)
}

fn every(peer: &Peer) -> Vec<Cell> {
    let mut cells = Vec::new();
    for side in Side::BOTH {
        let Some(program) = peer.side(side) else {
            continue;
        };
        let offer = &program.offer;
        for socket in &offer.sockets {
            for protocol in &offer.protocols {
                for transport in &offer.transports {
                    cells.push(Cell {
                        peer: peer.name,
                        side,
                        protocol: protocol.clone(),
                        transport: transport.clone(),
                        socket: socket.clone(),
                        model: MODELS[0],
                    });
                }
            }
        }
    }
    cells
}

/// Over `ip`, each protocol with each transport at one side, in turn; over other sockets, one at each
/// side. Cells that are known to fail are left to the whole matrix.
fn short(every: Vec<Cell>, known: &Known) -> Vec<Cell> {
    let fine = every.into_iter().filter(|cell| known.rule(cell).is_none());
    let fine: Vec<Cell> = fine.collect();
    let mut wanted = Side::BOTH.into_iter().cycle();
    let mut seen = HashSet::new();
    let mut cells = Vec::new();
    for cell in &fine {
        let what = (&cell.protocol, &cell.transport);
        if cell.socket != "ip" {
            if seen.insert((Some(cell.side), None, &*cell.socket)) {
                cells.push(cell.clone());
            }
        } else if seen.insert((None, Some(what), "ip")) {
            let side = wanted.next();
            let other = fine.iter().find(|other| {
                (&other.protocol, &other.transport, &*other.socket) == (what.0, what.1, "ip")
                    && Some(other.side) == side
            });
            cells.push(other.unwrap_or(cell).clone());
        }
    }
    cells
}
