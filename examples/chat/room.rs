//! What was said, and who may say it.

use std::sync::Mutex;

use seapink::interceptor::Interceptor;
use seapink::{CallContext, Error, ErrorKind};

use crate::chat::{Chat, ChatReadError, ChatSayError, Line, TooLong};

const CHARACTERS_MAX: usize = 200;

/// The handler.
#[derive(Default)]
pub struct Room(Mutex<Vec<Line>>);

impl Room {
    fn lines(&self) -> std::sync::MutexGuard<'_, Vec<Line>> {
        // A line is pushed whole or not at all.
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Chat for Room {
    fn say(&self, cx: &CallContext, text: String) -> Result<i64, ChatSayError> {
        if text.chars().count() > CHARACTERS_MAX {
            let characters_max = i32::try_from(CHARACTERS_MAX).unwrap_or(i32::MAX);
            return Err(TooLong { characters_max }.into());
        }
        let member = cx.extensions().get::<Member>();
        let Some(Member(speaker)) = member.cloned() else {
            // `Members` lets nobody else through.
            return Err(Error::handler("internal error", "a call without a member").into());
        };
        let mut lines = self.lines();
        let number = i64::try_from(lines.len() + 1).unwrap_or(i64::MAX);
        lines.push(Line {
            number,
            speaker,
            text,
        });
        Ok(number)
    }

    fn read(&self, _: &CallContext, after: i64) -> Result<Vec<Line>, ChatReadError> {
        let after = usize::try_from(after).unwrap_or(0);
        Ok(self.lines().iter().skip(after).cloned().collect())
    }
}

/// Who calls.
#[derive(Clone)]
pub struct Member(String);

/// Lets members through, whose certificates have a name, and nobody else.
pub struct Members;

impl Interceptor for Members {
    fn before(&self, cx: &mut CallContext) -> seapink::Result<()> {
        let name = cx.tls().and_then(|tls| tls.common_name());
        let Some(name) = name.map(str::to_owned) else {
            let text = "only members may call, by a certificate with a common name";
            return Err(Error::new(ErrorKind::Handler, text));
        };
        cx.extensions_mut().insert(Member(name));
        Ok(())
    }
}
