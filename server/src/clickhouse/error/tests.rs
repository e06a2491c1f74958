//! Exceptions as ClickHouse 26.7 and older versions write them.

use super::{Error, Exception};

fn check(text: &str, code: i32, name: &str, message: &str) {
    let expected = Exception {
        code,
        name: name.to_owned(),
        message: message.to_owned(),
    };
    assert_eq!(Exception::parse(text), Some(expected), "{text}");
}

#[test]
fn code_name_and_message_are_told_apart() {
    check(
        "Code: 81. DB::Exception: Database nodb does not exist. (UNKNOWN_DATABASE) (version 26.7.2.1)\n",
        81,
        "UNKNOWN_DATABASE",
        "Database nodb does not exist",
    );
}

#[test]
fn nested_version_is_cut_off() {
    check(
        "Code: 210. DB::NetException: I/O error: Broken pipe (127.0.0.1:9000). (NETWORK_ERROR) (version 23.8.8.20 (official build))",
        210,
        "NETWORK_ERROR",
        "I/O error: Broken pipe (127.0.0.1:9000)",
    );
}

#[test]
fn parentheses_of_the_message_are_not_the_name() {
    check(
        "Code: 395. DB::Exception: boom (x): while executing 'f()'. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO) (version 26.7.2.1)",
        395,
        "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO",
        "boom (x): while executing 'f()'",
    );
}

#[test]
fn exception_without_version_or_name_is_read() {
    check(
        "Code: 516. DB::Exception: bad: Authentication failed. (AUTHENTICATION_FAILED)",
        516,
        "AUTHENTICATION_FAILED",
        "bad: Authentication failed",
    );
    check("Code: 62. DB::Exception: oops", 62, "", "oops");
    check("Code: 62. ", 62, "", "");
}

#[test]
fn bare_code_has_neither_name_nor_message() {
    check("Code: 469", 469, "", "");
    assert!(Error::from_answer("Code: 469").is_answer_lost());
    assert!(Error::from_answer("502 Bad Gateway").is_answer_lost());
    assert!(!Error::from_answer("Code: 469. DB::Exception: m").is_answer_lost());
}

#[test]
fn text_before_the_code_is_skipped() {
    check(
        "\r\n__exception__\r\nabcdefghijklmnop\r\nCode: 159. DB::Exception: Timeout exceeded. (TIMEOUT_EXCEEDED) (version 26.7.2.1)\n142 abcdefghijklmnop\r\n__exception__\r\n",
        159,
        "TIMEOUT_EXCEEDED",
        "Timeout exceeded",
    );
}

#[test]
fn text_that_is_no_exception_is_none() {
    for text in [
        "",
        "Ok.",
        "Code: ",
        "Code: x. DB::Exception: y",
        "502 Bad Gateway",
    ] {
        assert_eq!(Exception::parse(text), None, "{text}");
    }
}

#[test]
fn codes_are_sorted_into_kinds() {
    type Kind = fn(&Error) -> bool;
    let cases: [(i32, Kind); 12] = [
        (516, |error| matches!(error, Error::Authentication(_))),
        (497, |error| matches!(error, Error::AccessDenied(_))),
        (164, |error| matches!(error, Error::AccessDenied(_))),
        (81, |error| matches!(error, Error::UnknownDatabase(_))),
        (60, |error| matches!(error, Error::UnknownTable(_))),
        (47, |error| matches!(error, Error::UnknownColumn(_))),
        (57, |error| matches!(error, Error::TableExists(_))),
        (241, |error| matches!(error, Error::Resources(_))),
        (159, |error| matches!(error, Error::TimeoutException(_))),
        (62, |error| matches!(error, Error::InvalidQuery(_))),
        (395, |error| matches!(error, Error::Exception(_))),
        (242, |error| matches!(error, Error::Unavailable { .. })),
    ];
    for (code, is_kind) in cases {
        let error = Error::from_answer(&format!("Code: {code}. DB::Exception: m"));
        assert!(is_kind(&error), "{error:?}");
        assert_eq!(error.exception().unwrap().code, code);
    }
}

#[test]
fn only_passing_faults_may_be_retried() {
    assert!(Error::from_answer("Code: 202. DB::Exception: busy").is_retryable());
    assert!(Error::from_answer("Code: 159. DB::Exception: slow").is_retryable());
    assert!(Error::from_answer("503 Service Unavailable").is_retryable());
    assert!(!Error::from_answer("Code: 60. DB::Exception: none").is_retryable());
    assert!(!Error::from_answer("Code: 395. DB::Exception: boom").is_retryable());
}

#[test]
fn page_of_a_proxy_is_quoted_in_part() {
    let page = "é".repeat(1_000);
    let error = Error::from_answer(&page);
    assert!(matches!(&error, Error::Unavailable { message, .. } if message.len() < 400));
    assert!(error.exception().is_none());
}
