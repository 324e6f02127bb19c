//! Our side as a server.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use seapink::{CallContext, Error};

use super::idl::interop::*;
use super::idl::shared::{Base, BaseWhoamiError, Origin};
use super::{describe, largest};

/// Answers what the comments of the IDL say.
#[derive(Clone, Default)]
pub struct Handler {
    notes: Arc<Mutex<Vec<String>>>,
}

impl Base for Handler {
    fn whoami(&self, _: &CallContext) -> Result<Origin, BaseWhoamiError> {
        Ok(Origin {
            language: "rust".to_owned(),
            version: None,
        })
    }
}

macro_rules! echoes {
    ($($name:ident: $ty:ty, $error:ident;)*) => {$(
        fn $name(&self, _: &CallContext, value: $ty) -> Result<$ty, $error> {
            Ok(value)
        }
    )*};
}

impl Interop for Handler {
    echoes! {
        echo_bool: bool, InteropEchoBoolError;
        echo_i8: i8, InteropEchoI8Error;
        echo_i16: i16, InteropEchoI16Error;
        echo_i32: i32, InteropEchoI32Error;
        echo_i64: Id, InteropEchoI64Error;
        echo_double: f64, InteropEchoDoubleError;
        echo_string: String, InteropEchoStringError;
        echo_binary: Vec<u8>, InteropEchoBinaryError;
        echo_colour: Colour, InteropEchoColourError;
        echo_scalars: Scalars, InteropEchoScalarsError;
        echo_fields: Fields, InteropEchoFieldsError;
        echo_containers: Containers, InteropEchoContainersError;
        echo_choice: Choice, InteropEchoChoiceError;
        echo_tree: Tree, InteropEchoTreeError;
        echo_list: Vec<i32>, InteropEchoListError;
        echo_set: HashSet<Vec<u8>>, InteropEchoSetError;
        echo_map: HashMap<String, HashMap<i16, Choice>>, InteropEchoMapError;
    }

    fn describe(&self, _: &CallContext, value: Scalars) -> Result<String, InteropDescribeError> {
        Ok(describe(&value))
    }

    fn subtract(
        &self,
        _: &CallContext,
        start: i32,
        amount: i32,
    ) -> Result<i32, InteropSubtractError> {
        Ok(start - amount)
    }

    fn nothing(&self, _: &CallContext) -> Result<(), InteropNothingError> {
        Ok(())
    }

    fn fail(&self, _: &CallContext, how: String) -> Result<String, InteropFailError> {
        match how.as_str() {
            "refused" => Err(refused().into()),
            "busy" => Err(busy().into()),
            "undeclared" => Err(Error::handler("sorry", "not for clients").into()),
            _ => Ok("fine".to_owned()),
        }
    }

    fn fail_void(&self, _: &CallContext, how: String) -> Result<(), InteropFailVoidError> {
        match how.as_str() {
            "refused" => Err(refused().into()),
            "busy" => Err(busy().into()),
            "undeclared" => Err(Error::handler("sorry", "not for clients").into()),
            _ => Ok(()),
        }
    }

    fn note(&self, _: &CallContext, text: String) -> seapink::Result<()> {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(text);
        Ok(())
    }

    fn noted(&self, _: &CallContext) -> Result<Vec<String>, InteropNotedError> {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut *notes))
    }
}

impl Second for Handler {
    fn upper(&self, _: &CallContext, text: String) -> Result<String, SecondUpperError> {
        Ok(text.to_uppercase())
    }
}

fn refused() -> Refused {
    Refused {
        code: 403,
        reason: "as told".to_owned(),
        details: Some(largest()),
    }
}

fn busy() -> Busy {
    Busy { retry_ms: 1 << 40 }
}
