//! Who makes a request, as far as its head says so.

/// The fields that say it.
#[derive(Default)]
pub(in crate::transport) struct Caller {
    hosts: usize,
    /// The page of each field `Origin`.
    pages: Vec<String>,
}

impl Caller {
    pub(in crate::transport) fn note(&mut self, name: &str, value: &[u8]) {
        if name.eq_ignore_ascii_case("host") {
            self.hosts += 1;
        } else if name.eq_ignore_ascii_case("origin") {
            self.pages.push(String::from_utf8_lossy(value).into_owned());
        }
    }

    /// The first page that asks and may not.
    pub(in crate::transport) fn stranger(&self, origins: &[String]) -> Option<&str> {
        let mut pages = self.pages.iter().map(|page| &**page);
        pages.find(|page| !may_call(page, origins))
    }

    /// What is wrong with the host that a request is for. Only HTTP/1.0 may leave it out.
    pub(in crate::transport) fn host_fault(&self, is_old: bool) -> Option<&'static str> {
        match self.hosts {
            0 if !is_old => Some("it names no host"),
            0 | 1 => None,
            _ => Some("it names several hosts"),
        }
    }
}

/// Whether a page is one of these, or `*` is.
///
/// Browsers let every page of the world send requests to every server that they reach, those at home
/// included, and say only in `Origin` which page it is. Whoever is no browser does not say it.
fn may_call(page: &str, origins: &[String]) -> bool {
    let is_it = |own: &String| own == "*" || own.eq_ignore_ascii_case(page);
    origins.iter().any(is_it)
}
