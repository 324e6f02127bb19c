//! From names of hosts to addresses.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::error::{Error, ErrorKind, Result, words};
use crate::transport::Address;

/// How long an answer is good that came when nobody waited for it any more: long enough for callers
/// who ask again and again with little time, and too short for a host to have moved.
const LATE: Duration = Duration::from_secs(5);

/// The addresses of a host, in the system's order, however long it takes to find them.
pub(super) fn resolve(address: &Address, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    found(address, system(host, port)).map_err(|text| Error::new(ErrorKind::Io, text))
}

fn system(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

/// What has been found, or a sentence that says why nothing was.
pub(crate) fn found(address: &Address, found: io::Result<Vec<SocketAddr>>) -> Found {
    match found {
        Ok(found) if found.is_empty() => Err(format!("the host of {address} has no address")),
        Ok(found) => Ok(found),
        Err(error) => {
            let why = words(&error);
            // The standard library says first what it was about to do.
            let why = why
                .rsplit_once("address information: ")
                .map_or(&*why, |(_, why)| why);
            Err(format!("the host of {address} cannot be resolved: {why}"))
        }
    }
}

/// The addresses, or a sentence that says why there are none.
pub(crate) type Found = Result<Vec<SocketAddr>, String>;

type Lookup = dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Resolves the name of one host, and gives up at a deadline.
///
/// The system cannot be told when to give up, so a thread asks it, and there is never more than one.
/// Everybody who wants to know meanwhile waits for that one, each until a deadline of its own. The
/// answer is for those who wait when it comes; only if there is nobody, it is kept for a moment.
pub(crate) struct Resolver {
    asked: Mutex<Option<Arc<Question>>>,
    lookup: Arc<Lookup>,
    late: Duration,
}

impl Default for Resolver {
    fn default() -> Self {
        Self::new(system, LATE)
    }
}

impl Resolver {
    fn new(
        lookup: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
        late: Duration,
    ) -> Self {
        Self {
            asked: Mutex::default(),
            lookup: Arc::new(lookup),
            late,
        }
    }

    /// One whose answer is always the same, for tests.
    #[cfg(test)]
    pub(super) fn fixed(addresses: Vec<SocketAddr>) -> Self {
        Self::new(move |_, _| Ok(addresses.clone()), LATE)
    }

    pub(super) fn resolve(
        &self,
        address: &Address,
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<Vec<SocketAddr>> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![(ip, port).into()]);
        }
        let question = {
            let mut asked = self.asked.lock();
            match &*asked {
                Some(question) if question.join(self.late) => Arc::clone(question),
                _ => {
                    let question = self.ask(address, host, port)?;
                    Arc::clone(asked.insert(question))
                }
            }
        };
        let Some(found) = question.wait(deadline) else {
            let text = format!("the host of {address} cannot be resolved: no answer in time");
            return Err(Error::new(ErrorKind::Timeout, text));
        };
        found.map_err(|text| Error::new(ErrorKind::Io, text))
    }

    /// Starts a thread that asks. Whoever calls this waits for the answer.
    fn ask(&self, address: &Address, host: &str, port: u16) -> Result<Arc<Question>> {
        let question = Arc::new(Question::default());
        question.state.lock().waiting = 1;
        let (asked, lookup) = (Arc::clone(&question), Arc::clone(&self.lookup));
        let (address, host) = (address.clone(), Arc::<str>::from(host));
        let thread = thread::Builder::new().name("seapink-resolve".to_owned());
        thread.spawn(move || asked.answer(found(&address, lookup(&host, port))))?;
        Ok(question)
    }
}

#[derive(Default)]
struct Question {
    state: Mutex<State>,
    answered: Condvar,
}

#[derive(Default)]
struct State {
    waiting: usize,
    answer: Option<Found>,
    /// When the answer came, if nobody has had it.
    late: Option<Instant>,
}

impl Question {
    /// Takes part in waiting, unless the answer was others' or is too old.
    fn join(&self, late: Duration) -> bool {
        let mut state = self.state.lock();
        let fresh = state.late.is_some_and(|came| came.elapsed() < late);
        let joins = state.answer.is_none() || fresh;
        state.waiting += usize::from(joins);
        joins
    }

    fn wait(&self, deadline: Instant) -> Option<Found> {
        let mut state = self.state.lock();
        while state.answer.is_none() {
            if self.answered.wait_until(&mut state, deadline).timed_out() {
                break;
            }
        }
        state.waiting -= 1;
        if state.answer.is_some() {
            state.late = None;
        }
        state.answer.clone()
    }

    fn answer(&self, found: Found) {
        let mut state = self.state.lock();
        // A failure is of no use to anybody later.
        if state.waiting == 0 && found.is_ok() {
            state.late = Some(Instant::now());
        }
        state.answer = Some(found);
        self.answered.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crossbeam_channel::{Sender, unbounded};

    use super::*;

    const SOON: Duration = Duration::from_millis(10);
    const AGES: Duration = Duration::from_secs(30);

    /// A resolver that answers when it is told to, and how often it was asked.
    fn held(late: Duration) -> (Resolver, Sender<()>, Arc<AtomicUsize>) {
        let (release, held) = unbounded::<()>();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let lookup = move |_: &str, port| {
            let number = count.fetch_add(1, Ordering::SeqCst);
            let _ = held.recv();
            let ip = [10, 0, 0, u8::try_from(number).unwrap()];
            Ok(vec![(ip, port).into()])
        };
        (Resolver::new(lookup, late), release, asked)
    }

    fn resolve(resolver: &Resolver, time: Duration) -> Result<Vec<SocketAddr>> {
        let address: Address = "tcp://calc.example:9090".parse().unwrap();
        resolver.resolve(&address, "calc.example", 9090, Instant::now() + time)
    }

    fn addresses(last: u8) -> Vec<SocketAddr> {
        vec![([10, 0, 0, last], 9090).into()]
    }

    /// Until the thread that asks has left its answer.
    fn settled(resolver: &Resolver) {
        let question = resolver.asked.lock().clone().unwrap();
        while question.state.lock().answer.is_none() {
            thread::yield_now();
        }
    }

    #[test]
    fn everybody_waits_until_a_deadline_of_its_own() {
        let (resolver, release, asked) = held(LATE);
        thread::scope(|scope| {
            let patient = scope.spawn(|| resolve(&resolver, AGES));
            while asked.load(Ordering::SeqCst) == 0 {
                thread::yield_now();
            }
            // It would never return if it waited for the patient one.
            let error = resolve(&resolver, SOON).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            assert!(error.to_string().ends_with("no answer in time"), "{error}");
            release.send(()).unwrap();
            assert_eq!(patient.join().unwrap().unwrap(), addresses(0));
        });
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn answers_are_for_those_who_wait() {
        let (resolver, release, asked) = held(LATE);
        for number in 0..3 {
            release.send(()).unwrap();
            assert_eq!(resolve(&resolver, AGES).unwrap(), addresses(number));
        }
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn a_late_answer_is_used_once() {
        let (resolver, release, asked) = held(AGES);
        resolve(&resolver, SOON).unwrap_err();
        release.send(()).unwrap();
        settled(&resolver);
        assert_eq!(resolve(&resolver, SOON).unwrap(), addresses(0));
        release.send(()).unwrap();
        assert_eq!(resolve(&resolver, AGES).unwrap(), addresses(1));
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_late_answer_does_not_live_long() {
        let (resolver, release, _) = held(Duration::ZERO);
        resolve(&resolver, SOON).unwrap_err();
        release.send(()).unwrap();
        settled(&resolver);
        release.send(()).unwrap();
        assert_eq!(resolve(&resolver, AGES).unwrap(), addresses(1));
    }

    #[test]
    fn a_late_failure_is_nobodys() {
        let (release, held) = unbounded::<()>();
        let asked = AtomicUsize::new(0);
        let lookup = move |_: &str, port| {
            let _ = held.recv();
            match asked.fetch_add(1, Ordering::SeqCst) {
                0 => Err(io::Error::other("no such host")),
                _ => Ok(vec![([10, 0, 0, 1], port).into()]),
            }
        };
        let resolver = Resolver::new(lookup, AGES);
        resolve(&resolver, SOON).unwrap_err();
        release.send(()).unwrap();
        settled(&resolver);
        release.send(()).unwrap();
        assert_eq!(resolve(&resolver, AGES).unwrap(), addresses(1));
    }
}
