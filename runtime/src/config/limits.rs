//! What messages may cost, `[server.limits]` and `[client.limits]`.

use crate::config::WIRE_MAX;
use crate::config::document::Section;
use crate::config::origin::Origin;
use crate::error::Result;
use crate::limits::Limits;

/// Reads one of the two sections.
pub(super) fn read(mut section: Section<'_>) -> Result<Limits> {
    // Named one by one, so that a new limit cannot be forgotten here.
    let Limits {
        mut message_bytes_max,
        mut frame_bytes_max,
        mut string_bytes_max,
        mut container_elements_max,
        mut depth_max,
    } = Limits::default();
    section.number("message_bytes_max", 1..=WIRE_MAX, &mut message_bytes_max)?;
    section.number("frame_bytes_max", 1..=WIRE_MAX, &mut frame_bytes_max)?;
    section.number("string_bytes_max", 1..=WIRE_MAX, &mut string_bytes_max)?;
    section.number(
        "container_elements_max",
        1..=WIRE_MAX,
        &mut container_elements_max,
    )?;
    section.number("depth_max", 1..=Limits::DEPTH_MAX, &mut depth_max)?;
    section.finish()?;
    Ok(Limits {
        message_bytes_max,
        frame_bytes_max,
        string_bytes_max,
        container_elements_max,
        depth_max,
    })
}

/// Refuses limits that a program has set and a file could not, and those above one that contains
/// them. Sizes have no upper bound here: a program may well say that there is none.
pub(super) fn check(
    limits: &Limits,
    transport: &str,
    section: &str,
    origin: &Origin,
) -> Result<()> {
    let sizes = [
        ("message_bytes_max", limits.message_bytes_max),
        ("frame_bytes_max", limits.frame_bytes_max),
        ("string_bytes_max", limits.string_bytes_max),
        ("container_elements_max", limits.container_elements_max),
    ];
    if let Some((key, _)) = sizes.iter().find(|(_, size)| *size == 0) {
        let text = format!("must be a number from 1 to {WIRE_MAX}, not 0");
        return Err(origin.error(&format!("{section}.{key}"), text));
    }
    let key = format!("{section}.depth_max");
    origin.check_number(&key, 1, Limits::DEPTH_MAX, limits.depth_max)?;
    check_inside_message(limits, section, origin)?;
    check_frame(limits, transport, section, origin)
}

/// Refuses a bound that a configuration raises above the message that it is inside of.
fn check_inside_message(limits: &Limits, section: &str, origin: &Origin) -> Result<()> {
    let defaults = Limits::default();
    let message = limits.message_bytes_max;
    for (key, value, default, what) in [
        (
            "string_bytes_max",
            limits.string_bytes_max,
            defaults.string_bytes_max,
            "strings are inside messages",
        ),
        (
            "container_elements_max",
            limits.container_elements_max,
            defaults.container_elements_max,
            "every element takes a byte of one",
        ),
    ] {
        let key = format!("{section}.{key}");
        if (value != default || origin.has(&key)) && value > message {
            let text = format!(
                "{value} is more than message_bytes_max = {message}, and {what}; write {message} or less"
            );
            return Err(origin.error(&key, text));
        }
    }
    Ok(())
}

/// Refuses messages that are to be larger than the frame that they are in. By default they are, a
/// little, and the frame counts.
fn check_frame(limits: &Limits, transport: &str, section: &str, origin: &Origin) -> Result<()> {
    let defaults = Limits::default();
    let (message, frame) = (limits.message_bytes_max, limits.frame_bytes_max);
    let key = format!("{section}.frame_bytes_max");
    if transport == "buffered" {
        let text =
            "the transport `buffered` has no frames; remove it, or write `transport = \"framed\"`";
        // A program may well have one `Limits` for every transport, but a file has one transport.
        return origin.check_useful(&key, false, text);
    }
    if !["framed", "auto", "sasl"].contains(&transport) {
        return Ok(());
    }
    origin.check_number(&key, 1, WIRE_MAX, frame)?;
    let frame_given = frame != defaults.frame_bytes_max || origin.has(&key);
    let key = format!("{section}.message_bytes_max");
    let given = message != defaults.message_bytes_max || origin.has(&key);
    let apart = (message, frame) != (defaults.message_bytes_max, defaults.frame_bytes_max);
    if given && apart && message > frame {
        let remedy = if frame_given || message > WIRE_MAX {
            format!("{frame} or less")
        } else {
            format!("`frame_bytes_max = {message}` beside it")
        };
        let text = format!(
            "{message} is more than frame_bytes_max = {frame}, and a message has to fit its frame; \
             write {remedy}"
        );
        return Err(origin.error(&key, text));
    }
    Ok(())
}
