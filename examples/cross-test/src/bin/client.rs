//! The client of the cross tests. Its exit code says which groups of tests have failed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::fmt::Debug;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use seapink::{Client, ErrorKind};
use seapink_cross_test::handler::{insanity, map_map};
use seapink_cross_test::idl::{
    Insanity, Numberz, SecondServiceClient, ThriftTestClient, ThriftTestTestExceptionError,
    ThriftTestTestMultiExceptionError, Xtruct, Xtruct2,
};
use seapink_cross_test::options::Options;

type Outcome = Result<(), Box<dyn Error>>;

/// A group of tests, and the bit of the exit code that stands for it.
type Group = (u8, &'static str, fn(&Session) -> Outcome);

const GROUPS: [Group; 4] = [
    (1, "base types", base_types),
    (2, "structs", structs),
    (4, "containers", containers),
    (8, "exceptions", exceptions),
];
/// The bit for everything else.
const UNKNOWN: u8 = 64;
const CALL: Duration = Duration::from_secs(10);

/// In languages of every direction and width.
const TEXT: &str = "Afrikaans, Ænglisc, العربية, Беларуская, বাংলা, Български, Català, Čeština, Cymraeg, Ελληνικά, \
    Español, فارسی, Français, ગુજરાતી, עברית, हिन्दी, Հայերեն, 日本語, ქართული, ಕನ್ನಡ, 한국어, Кыргызча, ລາວ, Latviešu, \
    മലയാളം, Монгол, မြန်မာဘာသာ, नेपाल भाषा, ଓଡ଼ିଆ, ਪੰਜਾਬੀ, Polski, پښتو, Português, Română, Русский, සිංහල, \
    Shqip, Српски, தமிழ், తెలుగు, ไทย, Türkçe, Українська, اردو, Tiếng Việt, 粵語, 中文, \u{1f30d}";

/// What JSON has to escape, and what it may not.
const JSON: &str = "quote: \" backslash: \\ forwardslash-escaped: \\/ backspace: \u{8} formfeed: \u{c} newline: \n return: \
    \r tab: \t now-all-of-them-together: \"\\/\u{8}\n\r\t now-a-bunch-of-junk: !@#$%&()(&%$#{}{}<><><";

/// One, in each spelling, and the extremes.
#[cfg(has_uuid)]
const UUIDS: [&str; 6] = [
    "00112233-4455-6677-8899-aabbccddeeff",
    "{00112233-4455-6677-8899-AABBCCDDEEFF}",
    "00112233445566778899AABBCCDDEEFF",
    "urn:uuid:00112233-4455-6677-8899-aabbccddeeff",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
];

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: Options,
    /// How often everything is done.
    #[arg(short = 'n', long, default_value_t = 1)]
    testloops: u32,
    /// How many do so at once, each with a connection of its own.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Bytes; larger binaries are left out, for servers that cannot take them.
    #[arg(long, default_value_t = usize::MAX)]
    binary_max: usize,
}

struct Session {
    client: ThriftTestClient,
    second: Option<SecondServiceClient>,
    binary_max: usize,
}

impl Session {
    fn begin(arguments: &Arguments) -> seapink::Result<Self> {
        let Arguments {
            options,
            binary_max,
            ..
        } = arguments;
        let client = Client::connect(&options.client())?.with_timeout(CALL);
        if !options.is_multiplexed() {
            return Ok(Self {
                client: ThriftTestClient::new(client),
                second: None,
                binary_max: *binary_max,
            });
        }
        Ok(Self {
            client: ThriftTestClient::new(client.service("ThriftTest")),
            second: Some(SecondServiceClient::new(client.service("SecondService"))),
            binary_max: *binary_max,
        })
    }

    /// Returns the bits of the groups that have failed.
    fn run(&self) -> u8 {
        let mut failed = 0;
        for (bit, name, group) in GROUPS {
            match group(self) {
                Ok(()) => println!("{name}: fine"),
                Err(error) => {
                    println!("{name}: {error}");
                    failed |= bit;
                }
            }
        }
        failed
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let one = || {
        (0..arguments.testloops).fold(0, |failed, _| {
            failed
                | Session::begin(&arguments).map_or_else(
                    |error| {
                        println!("{error}");
                        UNKNOWN
                    },
                    |session| session.run(),
                )
        })
    };
    let failed = thread::scope(|scope| {
        let threads: Vec<_> = (0..arguments.threads).map(|_| scope.spawn(one)).collect();
        let codes = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(UNKNOWN));
        codes.fold(0, |failed, code| failed | code)
    });
    ExitCode::from(failed)
}

fn same<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Outcome {
    if found == expected {
        return Ok(());
    }
    let short = |value: T| format!("{value:?}").chars().take(200).collect::<String>();
    Err(format!("{what}: {} came back for {}", short(found), short(expected)).into())
}

fn base_types(session: &Session) -> Outcome {
    let Session { client, second, .. } = session;
    client.test_void()?;
    for text in ["Test", "", TEXT, JSON] {
        same("testString", client.test_string(text)?, text.to_owned())?;
    }
    if let Some(second) = second {
        let expected = "testString(\"foo\")".to_owned();
        same(
            "secondtestString",
            second.secondtest_string("foo")?,
            expected,
        )?;
    }
    for value in [true, false] {
        same("testBool", client.test_bool(value)?, value)?;
    }
    for value in [0, 1, -1, 42, -42, 127, -128] {
        same("testByte", client.test_byte(value)?, value)?;
    }
    for value in [
        0,
        -1,
        1,
        7,
        8,
        150,
        -150,
        0x7fff,
        -0x8000,
        i32::MAX,
        i32::MIN,
    ] {
        same("testI32", client.test_i32(value)?, value)?;
    }
    let powers = (0..63).map(|shift| 1_i64 << shift);
    for value in powers
        .flat_map(|power| [power, -power])
        .chain([0, i64::MAX, i64::MIN])
    {
        same("testI64", client.test_i64(value)?, value)?;
    }
    let exact = 2_f64.powi(53);
    for value in [
        0.0,
        -1.0,
        1.5,
        -5.209_852_3,
        -0.000_341_012_439_638_598_9,
        exact - 1.0,
        1.0 - exact,
        exact + 2.0,
        1e307,
        -1e307,
        1e-292,
        -1e-292,
    ] {
        same(
            "testDouble",
            client.test_double(value)?.to_bits(),
            value.to_bits(),
        )?;
    }
    let sizes = [0, 1, 2, 4, 6, 16, 33, 64, 100, 1024, 4096, 65_536, 131_072];
    for size in sizes.into_iter().filter(|size| *size <= session.binary_max) {
        let value: Vec<u8> = (0..size)
            .map(|index: usize| index.to_le_bytes()[0])
            .collect();
        same("testBinary", client.test_binary(&value)?, value)?;
    }
    #[cfg(has_uuid)]
    for text in UUIDS {
        let value = text.parse()?;
        same("testUuid", client.test_uuid(value)?, value)?;
    }
    for value in [
        Numberz::ONE,
        Numberz::TWO,
        Numberz::THREE,
        Numberz::FIVE,
        Numberz::EIGHT,
    ] {
        same("testEnum", client.test_enum(value)?, value)?;
    }
    same(
        "testTypedef",
        client.test_typedef(309_858_235_082_523)?,
        309_858_235_082_523,
    )
}

fn xtruct() -> Xtruct {
    Xtruct {
        string_thing: "Zero".to_owned(),
        byte_thing: 1,
        i32_thing: -3,
        i64_thing: -5,
    }
}

fn structs(Session { client, .. }: &Session) -> Outcome {
    let plain = xtruct();
    same("testStruct", client.test_struct(&plain)?, plain.clone())?;
    let nested = Xtruct2 {
        byte_thing: 1,
        struct_thing: plain,
        i32_thing: 5,
    };
    same("testNest", client.test_nest(&nested)?, nested)?;
    let mut map = HashMap::new();
    map.insert(1, "blah".to_owned());
    map.insert(2, "thing".to_owned());
    let multi = client.test_multi(42, 4242, 424_242, &map, Numberz::FIVE, 24)?;
    let expected = Xtruct {
        string_thing: "Hello2".to_owned(),
        byte_thing: 42,
        i32_thing: 4242,
        i64_thing: 424_242,
    };
    same("testMulti", multi, expected)
}

fn containers(Session { client, .. }: &Session) -> Outcome {
    for size in [0, 1, 5, 14, 15, 16, 300] {
        let list: Vec<i32> = (0..size).map(|number| number * 7 - 20).collect();
        same("testList", client.test_list(&list)?, list.clone())?;
        let set: HashSet<i32> = list.iter().copied().collect();
        same("testSet", client.test_set(&set)?, set)?;
        let map: HashMap<i32, i32> = list.iter().map(|number| (*number, number - 10)).collect();
        same("testMap", client.test_map(&map)?, map)?;
    }
    let texts = [
        ("a", "2"),
        ("b", "blah"),
        ("some", "thing"),
        ("", "empty"),
        ("é", TEXT),
    ];
    let texts: HashMap<_, _> = texts
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    same("testStringMap", client.test_string_map(&texts)?, texts)?;
    same("testMapMap", client.test_map_map(1)?, map_map())?;
    let argument = Insanity {
        user_map: BTreeMap::from([(Numberz::FIVE, 5), (Numberz::EIGHT, 8)]),
        xtructs: vec![
            Xtruct {
                string_thing: "Goodbye4".to_owned(),
                byte_thing: 4,
                i32_thing: 4,
                i64_thing: 4,
            },
            xtruct(),
        ],
    };
    same(
        "testInsanity",
        client.test_insanity(&argument)?,
        insanity(&argument),
    )
}

fn exceptions(Session { client, .. }: &Session) -> Outcome {
    match client.test_exception("Xception") {
        Err(ThriftTestTestExceptionError::Xception(found)) => {
            same(
                "Xception",
                (found.error_code, &*found.message),
                (1001, "Xception"),
            )?;
        }
        other => return Err(format!("testException(\"Xception\"): {other:?}").into()),
    }
    match client.test_exception("TException") {
        Err(ThriftTestTestExceptionError::Other(error))
            if matches!(error.kind(), ErrorKind::Application(_)) => {}
        other => return Err(format!("testException(\"TException\"): {other:?}").into()),
    }
    client.test_exception("success")?;
    match client.test_multi_exception("Xception", "test 1") {
        Err(ThriftTestTestMultiExceptionError::Xception(found)) => {
            let expected = (1001, "This is an Xception");
            same("Xception", (found.error_code, &*found.message), expected)?;
        }
        other => return Err(format!("testMultiException(\"Xception\"): {other:?}").into()),
    }
    match client.test_multi_exception("Xception2", "test 2") {
        Err(ThriftTestTestMultiExceptionError::Xception2(found)) => {
            let expected = (2002, "This is an Xception2");
            let found = (found.error_code, &*found.struct_thing.string_thing);
            same("Xception2", found, expected)?;
        }
        other => return Err(format!("testMultiException(\"Xception2\"): {other:?}").into()),
    }
    let fine = client.test_multi_exception("success", "test 3")?;
    same("testMultiException", &*fine.string_thing, "test 3")?;
    let begun = Instant::now();
    client.test_oneway(1)?;
    if begun.elapsed() > Duration::from_millis(200) {
        return Err(format!("testOneway took {:?}", begun.elapsed()).into());
    }
    same("testI32 behind testOneway", client.test_i32(-1)?, -1)
}
