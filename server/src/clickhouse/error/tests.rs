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
    let cases: [(i32, Kind); 13] = [
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
        (236, |error| matches!(error, Error::Unavailable { .. })),
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
fn too_many_parts_pass_and_too_many_partitions_do_not() {
    let parts = "Code: 252. DB::Exception: Too many parts (3000 with average size of 1.00 KiB) in table \
        'default.t (0000)'. Merges are processing significantly slower than inserts. (TOO_MANY_PARTS)";
    assert!(matches!(Error::from_answer(parts), Error::Resources(_)));
    let partitions = "Code: 252. DB::Exception: Too many partitions for single INSERT block (more than \
        100). The limit is controlled by 'max_partitions_per_insert_block' setting. (TOO_MANY_PARTS)";
    let error = Error::from_answer(partitions);
    assert!(matches!(error, Error::TooManyPartitions(_)), "{error:?}");
    assert!(!error.is_passing());
}

#[test]
fn a_system_that_has_run_out_of_something_is_waited_for() {
    for text in [
        "Code: 76. DB::ErrnoException: Cannot open file /d/c7.bin: , errno: 24, strerror: Too many open files. (CANNOT_OPEN_FILE) (version 26.7.2.1)",
        "Code: 460. DB::ErrnoException: Cannot create timer_fd descriptor: , errno: 24, strerror: Too many open files. (CANNOT_CREATE_TIMER) (version 26.7.2.1)",
        "Code: 75. DB::Exception: Cannot write to file /d/x.bin, errno: 28, strerror: No space left on device. (CANNOT_WRITE_TO_FILE_DESCRIPTOR)",
        "Code: 1001. DB::Exception: std::exception. Code: 1001, type: std::__1::__fs::filesystem::filesystem_error, e.what() = filesystem error: in create_directory: Too many open files. (STD_EXCEPTION)",
    ] {
        let error = Error::from_answer(text);
        assert!(matches!(error, Error::Resources(_)), "{error:?}");
    }
    for text in [
        "Code: 76. DB::Exception: Cannot open file /d/x.bin, errno: 13, strerror: Permission denied. (CANNOT_OPEN_FILE)",
        "Code: 395. DB::Exception: Too many open files. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)",
    ] {
        let error = Error::from_answer(text);
        assert!(matches!(error, Error::Exception(_)), "{error:?}");
    }
}

#[test]
fn own_statements_that_were_ended_can_be_tried_again() {
    for code in [32, 33, 236, 394, 1000, 1001, 1002] {
        let answer = format!("Code: {code}. DB::Exception: m");
        let error = Error::from_answer(&answer).of_own_statement();
        assert!(error.is_passing(), "{error:?}");
        assert_eq!(error.exception().unwrap().code, code);
    }
    let killed = Error::from_answer("Code: 394. DB::Exception: m");
    assert!(!killed.is_passing(), "a caller's SELECT stays killed");
    let gone = Error::from_answer("Code: 60. DB::Exception: m").of_own_statement();
    assert!(matches!(gone, Error::UnknownTable(_)));
}

#[test]
fn page_of_a_proxy_is_quoted_in_part() {
    let page = "é".repeat(1_000);
    let error = Error::from_answer(&page);
    assert!(matches!(&error, Error::Unavailable { message, .. } if message.len() < 400));
    assert!(error.exception().is_none());
}

#[test]
fn a_system_that_is_short_of_something_is_waited_for_whatever_the_code() {
    let thrown = |text: &str| Error::from(Exception::parse(text).unwrap());
    for text in [
        "Code: 298. DB::ErrnoException: Cannot create pipe: , errno: 24, strerror: Too many open \
         files. (CANNOT_PIPE) (version 26.7.2.1)",
        "Code: 76. DB::ErrnoException: Cannot open file /x/a.bin: , errno: 23, strerror: Too many \
         open files in system. (CANNOT_OPEN_FILE)",
        "Code: 75. DB::ErrnoException: Cannot write to file /x/b: , errno: 28, strerror: No space \
         left on device. (CANNOT_WRITE_TO_FILE_DESCRIPTOR)",
        "Code: 1000. DB::Exception: Poco::Exception. Code: 1000, e.code() = 24, I/O error: Too many \
         open files. (POCO_EXCEPTION)",
    ] {
        assert!(matches!(thrown(text), Error::Resources(_)), "{text}");
        assert!(thrown(text).is_retryable(), "{text}");
    }
    for text in [
        "Code: 76. DB::ErrnoException: Cannot open file /x/a.bin: , errno: 2, strerror: No such file \
         or directory. (CANNOT_OPEN_FILE)",
        "Code: 76. DB::ErrnoException: Cannot open file /x/a.bin: , errno: 13, strerror: Permission \
         denied. (CANNOT_OPEN_FILE)",
        "Code: 27. DB::Exception: Cannot parse input: errno: (CANNOT_PARSE_INPUT)",
    ] {
        assert!(!thrown(text).is_passing(), "{text}");
    }
}
