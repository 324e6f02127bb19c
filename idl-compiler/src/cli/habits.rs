//! What people type who are used to Apache's compiler.

/// What was probably meant by arguments that were refused.
pub(super) fn hint(arguments: &[String]) -> Option<String> {
    let file = arguments
        .iter()
        .find(|argument| argument.ends_with(".thrift"))
        .map_or("FILE", String::as_str);
    let mut words = arguments.iter().map(String::as_str);
    let (first, second) = (words.next()?, words.next());
    let other = "for other languages give the same files to Apache's compiler";
    let generator = arguments.iter().enumerate().find_map(|(index, argument)| {
        let rest = argument.trim_start_matches('-').strip_prefix("gen")?;
        match rest.strip_prefix('=') {
            Some(language) => Some(language),
            None if rest.is_empty() && argument.starts_with('-') => {
                Some(arguments.get(index + 1)?.as_str())
            }
            None => None,
        }
    });
    if let Some(generator) = generator {
        let hint = format!("`--gen rs` is `idl-compiler generate rust {file} -o DIR` here");
        let is_rust = generator.split(':').next() == Some("rs");
        return Some(if is_rust {
            hint
        } else {
            format!("{hint}; {other}")
        });
    }
    if arguments.iter().any(|argument| argument == "-r") {
        return Some("leave out `-r`: included files are always compiled".to_owned());
    }
    if first.ends_with(".thrift") {
        return Some(format!(
            "say what to do: `idl-compiler check {first}`, or `idl-compiler generate rust {first} -o DIR`"
        ));
    }
    match second {
        Some(second) if first == "generate" && second.ends_with(".thrift") => Some(format!(
            "name the language: `idl-compiler generate rust {second}`"
        )),
        Some("rs") if first == "generate" => Some("it is called `rust`".to_owned()),
        Some(second) if first == "generate" && second != "rust" && !second.starts_with('-') => {
            Some(format!("only `generate rust` is there; {other}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_of_apaches_compiler_are_understood() {
        for (line, expected) in [
            (
                "--gen rs a.thrift",
                Some("generate rust a.thrift -o DIR` here"),
            ),
            (
                "-r --gen=rs:x a.thrift",
                Some("generate rust a.thrift -o DIR` here"),
            ),
            ("--gen py a.thrift", Some("to Apache's compiler")),
            ("-gen", None),
            ("-r a.thrift", Some("leave out `-r`")),
            ("generate rust -r a.thrift", Some("leave out `-r`")),
            ("a.thrift", Some("`idl-compiler check a.thrift`")),
            ("generate a.thrift", Some("generate rust a.thrift`")),
            ("generate python a.thrift", Some("to Apache's compiler")),
            ("generate rs a.thrift", Some("called `rust`")),
            ("generate rust a.thrift --generous", None),
            ("generate rust", None),
            ("", None),
        ] {
            let arguments: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            let found = hint(&arguments);
            match expected {
                None => assert_eq!(found, None, "{line}"),
                Some(end) => assert!(
                    found.as_deref().is_some_and(|text| text.contains(end)),
                    "{line}: {found:?}"
                ),
            }
        }
    }
}
