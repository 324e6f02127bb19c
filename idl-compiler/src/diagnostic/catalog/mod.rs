//! The wording of every diagnostic, each with its stable code.
//!
//! One function per message, in the order in which the compiler gets there: `syntax`, `files`,
//! `names`, `members`, `annotations`, `values`. A message is one sentence that says what is wrong, the labels
//! say it at each place, and the help, if any, is one thing to do.

mod annotations;
mod files;
mod members;
mod names;
mod syntax;
mod values;

use super::Severity;
pub(crate) use {annotations::*, files::*, members::*, names::*, syntax::*, values::*};

macro_rules! codes {
    (
        errors { $($error:ident => $error_name:literal,)* }
        warnings { $($warning:ident => $warning_name:literal,)* }
    ) => {
        /// What kind of diagnostic it is. The names are stable; tools may match on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)] // The names and the functions of this folder say it.
        #[non_exhaustive]
        pub enum Code { $($error,)* $($warning,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$error,)* $(Code::$warning,)*];

            /// As shown in brackets and in JSON.
            pub fn name(self) -> &'static str {
                match self {
                    $(Code::$error => $error_name,)*
                    $(Code::$warning => $warning_name,)*
                }
            }

            /// Whether it stops the compiler.
            pub fn severity(self) -> Severity {
                match self {
                    $(Code::$error)|* => Severity::Error,
                    $(Code::$warning)|* => Severity::Warning,
                }
            }
        }
    };
}

codes! {
    errors {
        UnexpectedCharacter => "unexpected-character",
        InvalidUtf8 => "invalid-utf8",
        UnterminatedComment => "unterminated-comment",
        UnterminatedString => "unterminated-string",
        BadEscape => "bad-escape",
        NumberWithoutDigits => "number-without-digits",
        IntegerTooBig => "integer-too-big",
        UnexpectedToken => "unexpected-token",
        Unclosed => "unclosed",
        HeaderAfterDefinition => "header-after-definition",
        KeywordAsName => "keyword-as-name",
        DottedName => "dotted-name",
        VoidAsType => "void-as-type",
        MissingReturnType => "missing-return-type",
        AnnotationOnNamedType => "annotation-on-named-type",
        NestingTooDeep => "nesting-too-deep",
        TooManyFields => "too-many-fields",
        FileUnreadable => "file-unreadable",
        IncludeNotFound => "include-not-found",
        IncludeUnreadable => "include-unreadable",
        IncludeCycle => "include-cycle",
        DuplicateDefinition => "duplicate-definition",
        DuplicateConstant => "duplicate-constant",
        DuplicateAcrossFiles => "duplicate-across-files",
        UnknownType => "unknown-type",
        UnknownInclude => "unknown-include",
        UnknownService => "unknown-service",
        AmbiguousName => "ambiguous-name",
        NotAType => "not-a-type",
        NotAService => "not-a-service",
        TypedefCycle => "typedef-cycle",
        TypedefTooDeep => "typedef-too-deep",
        ExtendsCycle => "extends-cycle",
        ExtendsTooDeep => "extends-too-deep",
        DuplicateMember => "duplicate-member",
        MemberOutOfRange => "member-out-of-range",
        MemberOverflow => "member-overflow",
        DuplicateFieldName => "duplicate-field-name",
        DuplicateFieldId => "duplicate-field-id",
        FieldIdOutOfRange => "field-id-out-of-range",
        FieldIdMissing => "field-id-missing",
        FieldIdsExhausted => "field-ids-exhausted",
        TooManyArguments => "too-many-arguments",
        TooManyRequired => "too-many-required",
        UnionTwoDefaults => "union-two-defaults",
        DuplicateFunction => "duplicate-function",
        OnewayReturns => "oneway-returns",
        OnewayThrows => "oneway-throws",
        ThrowsNotException => "throws-not-exception",
        ThrowsIdZero => "throws-id-zero",
        ValueMismatch => "value-mismatch",
        ValueOutOfRange => "value-out-of-range",
        UnknownConstant => "unknown-constant",
        UnqualifiedMember => "unqualified-member",
        UnknownMember => "unknown-member",
        WrongEnum => "wrong-enum",
        NoMemberWithValue => "no-member-with-value",
        InvalidUuid => "invalid-uuid",
        UnknownField => "unknown-field",
        DuplicateFieldValue => "duplicate-field-value",
        MissingField => "missing-field",
        UnionNotOneField => "union-not-one-field",
        ConstantCycle => "constant-cycle",
        DefaultCycle => "default-cycle",
        ValueTooDeep => "value-too-deep",
        ValuesTooLarge => "values-too-large",
    }
    warnings {
        InvalidUtf8InComment => "invalid-utf8-in-comment",
        AsyncIsOneway => "async-is-oneway",
        SharedModule => "shared-module",
        ImplicitFieldIds => "implicit-field-ids",
        NonpositiveFieldId => "nonpositive-field-id",
        IgnoredRequiredness => "ignored-requiredness",
        LooseMember => "loose-member",
        BoolFromInteger => "bool-from-integer",
        InfiniteDouble => "infinite-double",
        InexactDouble => "inexact-double",
        RepeatedElement => "repeated-element",
        RepeatedKey => "repeated-key",
        UnknownAnnotation => "unknown-annotation",
        MisplacedAnnotation => "misplaced-annotation",
        AnnotationValue => "annotation-value",
    }
}

/// `expected` items as `a, b or c`.
fn one_of(items: &[&str]) -> String {
    match items {
        [] => "something else".to_owned(),
        [one] => (*one).to_owned(),
        [init @ .., last] => format!("{} or {last}", init.join(", ")),
    }
}

/// The usual suggestion.
pub(crate) fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

/// A name from a file, kept to a length that can be read.
fn short(name: &str) -> String {
    const CHARS_MAX: usize = 60;
    if name.chars().count() <= CHARS_MAX {
        return name.to_owned();
    }
    name.chars().take(CHARS_MAX).chain(['…']).collect()
}
