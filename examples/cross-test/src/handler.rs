//! What the comments in `ThriftTest.thrift` say.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::thread;
use std::time::Duration;

use seapink::codegen::CallContext;
use seapink::{Error, Result};

use crate::idl::{
    self as idl, Insanity, Numberz, SecondService, ThriftTest, UserId, Xception, Xception2, Xtruct,
    Xtruct2,
};

/// Answers both services.
#[derive(Clone, Debug, Default)]
pub struct Handler;

macro_rules! echo {
    ($($name:ident: $ty:ty => $error:ident),* $(,)?) => {
        $(fn $name(&self, _: &CallContext, thing: $ty) -> Result<$ty, idl::$error> {
            Ok(thing)
        })*
    };
}

impl ThriftTest for Handler {
    echo! {
        test_string: String => ThriftTestTestStringError,
        test_bool: bool => ThriftTestTestBoolError,
        test_byte: i8 => ThriftTestTestByteError,
        test_i32: i32 => ThriftTestTestI32Error,
        test_i64: i64 => ThriftTestTestI64Error,
        test_double: f64 => ThriftTestTestDoubleError,
        test_binary: Vec<u8> => ThriftTestTestBinaryError,
        test_struct: Xtruct => ThriftTestTestStructError,
        test_nest: Xtruct2 => ThriftTestTestNestError,
        test_map: HashMap<i32, i32> => ThriftTestTestMapError,
        test_string_map: HashMap<String, String> => ThriftTestTestStringMapError,
        test_set: HashSet<i32> => ThriftTestTestSetError,
        test_list: Vec<i32> => ThriftTestTestListError,
        test_enum: Numberz => ThriftTestTestEnumError,
        test_typedef: UserId => ThriftTestTestTypedefError,
    }

    #[cfg(has_uuid)]
    echo!(test_uuid: seapink::codegen::Uuid => ThriftTestTestUuidError);

    fn test_void(&self, _: &CallContext) -> Result<(), idl::ThriftTestTestVoidError> {
        Ok(())
    }

    fn test_map_map(
        &self,
        _: &CallContext,
        _: i32,
    ) -> Result<HashMap<i32, HashMap<i32, i32>>, idl::ThriftTestTestMapMapError> {
        Ok(map_map())
    }

    fn test_insanity(
        &self,
        _: &CallContext,
        argument: Insanity,
    ) -> Result<HashMap<UserId, HashMap<Numberz, Insanity>>, idl::ThriftTestTestInsanityError> {
        Ok(insanity(&argument))
    }

    fn test_multi(
        &self,
        _: &CallContext,
        arg0: i8,
        arg1: i32,
        arg2: i64,
        _: HashMap<i16, String>,
        _: Numberz,
        _: UserId,
    ) -> Result<Xtruct, idl::ThriftTestTestMultiError> {
        Ok(Xtruct {
            string_thing: "Hello2".to_owned(),
            byte_thing: arg0,
            i32_thing: arg1,
            i64_thing: arg2,
        })
    }

    fn test_exception(
        &self,
        _: &CallContext,
        arg: String,
    ) -> Result<(), idl::ThriftTestTestExceptionError> {
        match &*arg {
            "Xception" => Err(Xception {
                error_code: 1001,
                message: arg,
            }
            .into()),
            "TException" => Err(Error::handler("TException", "TException").into()),
            _ => Ok(()),
        }
    }

    fn test_multi_exception(
        &self,
        _: &CallContext,
        arg0: String,
        arg1: String,
    ) -> Result<Xtruct, idl::ThriftTestTestMultiExceptionError> {
        match &*arg0 {
            "Xception" => Err(Xception {
                error_code: 1001,
                message: "This is an Xception".to_owned(),
            }
            .into()),
            "Xception2" => Err(Xception2 {
                error_code: 2002,
                struct_thing: Xtruct {
                    string_thing: "This is an Xception2".to_owned(),
                    ..Xtruct::default()
                },
            }
            .into()),
            _ => Ok(Xtruct {
                string_thing: arg1,
                ..Xtruct::default()
            }),
        }
    }

    fn test_oneway(&self, _: &CallContext, seconds_to_sleep: i32) -> Result<()> {
        let seconds = u64::try_from(seconds_to_sleep).unwrap_or(0);
        thread::sleep(Duration::from_secs(seconds));
        Ok(())
    }
}

impl SecondService for Handler {
    fn secondtest_string(
        &self,
        _: &CallContext,
        thing: String,
    ) -> Result<String, idl::SecondServiceSecondtestStringError> {
        Ok(format!("testString(\"{thing}\")"))
    }
}

/// What `testMapMap` returns.
#[must_use]
pub fn map_map() -> HashMap<i32, HashMap<i32, i32>> {
    let same = |from: i32, to: i32| (from..=to).map(|number| (number, number)).collect();
    HashMap::from([(-4, same(-4, -1)), (4, same(1, 4))])
}

/// What `testInsanity` returns.
#[must_use]
pub fn insanity(argument: &Insanity) -> HashMap<UserId, HashMap<Numberz, Insanity>> {
    let first = [Numberz::TWO, Numberz::THREE].map(|number| (number, argument.clone()));
    let empty = Insanity {
        user_map: BTreeMap::new(),
        xtructs: Vec::new(),
    };
    HashMap::from([
        (1, HashMap::from(first)),
        (2, HashMap::from([(Numberz::SIX, empty)])),
    ])
}
