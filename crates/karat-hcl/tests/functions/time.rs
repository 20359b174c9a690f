//! Functions of time.

use super::check;

#[test]
#[rustfmt::skip]
fn calls_give_these_results() {
    check(&[
        (r#"formatdate("DD MMM YYYY hh:mm ZZZ", "2018-01-02T23:12:01Z")"#, r#""02 Jan 2018 23:12 UTC""#),
        (r#"formatdate("EEE, DD MMM YYYY hh:mm:ss ZZZ", "2018-01-02T23:12:01-08:00")"#, r#""Tue, 02 Jan 2018 23:12:01 -0800""#),
        (r#"formatdate("HH:mmaa M D MM EEEE MMMM H AA h m s Z ZZZZ ZZZZZ YY", "2018-01-02T03:02:01+05:30")"#, r#""03:02am 1 2 01 Tuesday January 3 AM 3 2 1 +05:30 +0530 +05:30 18""#),
        (r#"formatdate("'T''s' hh", "2018-01-02T23:12:01Z")"#, r#""T's 23""#),
        (r#"formatdate("YYYYMMDDhhmmss", "2024-02-29T23:12:01Z")"#, r#""20240229231201""#),
        (r#"formatdate("XX", "2018-01-02T23:12:01Z")"#, "error in argument 1: it contains XX, which is no part of a time; quote text as in 'at'"),
        (r#"formatdate("YYY", "2018-01-02T23:12:01Z")"#, "error in argument 1: it contains YYY, which is no part of a time; quote text as in 'at'"),
        (r#"formatdate("'abc", "2018-01-02T23:12:01Z")"#, "error in argument 1: a quoted part has no closing quote"),
        (r#"formatdate("h", "2018-01-02")"#, "error in argument 2: it is not a time such as 2006-01-02T15:04:05Z"),
        (r#"formatdate("h", "2018-13-02T23:12:01Z")"#, "error in argument 2: it names a day that the calendar does not have"),
        (r#"formatdate("h", "2018-02-29T23:12:01Z")"#, "error in argument 2: it names a day that the calendar does not have"),
        (r#"formatdate("Z ZZZ ZZZZ ZZZZZ", "2018-01-02T23:12:01+00:00")"#, r#""Z UTC +0000 +00:00""#),
        (r#"formatdate("EEEE", "1969-12-31T23:59:59.123Z")"#, r#""Wednesday""#),
        (r#"timeadd("2017-11-22T00:00:00Z", "10m")"#, r#""2017-11-22T00:10:00Z""#),
        (r#"timeadd("2017-11-22T00:00:00Z", "-1h30m0.5s")"#, r#""2017-11-21T22:29:59Z""#),
        (r#"timeadd("2017-11-22T00:00:00+02:00", "24h")"#, r#""2017-11-23T00:00:00+02:00""#),
        (r#"timeadd("2017-12-31T23:59:59.75Z", "250ms")"#, r#""2018-01-01T00:00:00Z""#),
        (r#"timeadd("2017-11-22T00:00:00Z", "x")"#, "error in argument 2: `x` is not a duration: a number is missing; write a number and a unit, such as `30s`, `5m` or `1h30m`"),
        (r#"timeadd("9999-12-31T23:59:59Z", "1s")"#, "error: the result is beyond the years 0 to 9999"),
        (r#"rfc3339_parse("2024-12-30 23:12:01.5+02:00")"#, r#"{day = 30, hour = 23, iso_week = 1, iso_year = 2025, minute = 12, month = 12, month_name = "December", second = 1, unix = 1735593121, weekday = 1, weekday_name = "Monday", year = 2024, year_day = 365}"#),
        (r#"rfc3339_parse("2024-12-30")"#, "error in argument 1: it is not a time such as 2006-01-02T15:04:05Z"),
        ("unix_timestamp_parse(1700000000)", r#"{day = 14, hour = 22, iso_week = 46, iso_year = 2023, minute = 13, month = 11, month_name = "November", rfc3339 = "2023-11-14T22:13:20Z", second = 20, weekday = 2, weekday_name = "Tuesday", year = 2023, year_day = 318}"#),
        ("unix_timestamp_parse(-1)", r#"{day = 31, hour = 23, iso_week = 1, iso_year = 1970, minute = 59, month = 12, month_name = "December", rfc3339 = "1969-12-31T23:59:59Z", second = 59, weekday = 3, weekday_name = "Wednesday", year = 1969, year_day = 365}"#),
        ("unix_timestamp_parse(1.5)", "error in argument 1: it must be a whole number"),
    ]);
}

#[test]
fn now_is_now() {
    let clock =
        || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_secs();
    let unix = |time: &str| -> u64 {
        let parts = super::call(&format!("rfc3339_parse({time})"));
        let (_, seconds) = parts.split_once("unix = ").expect("the seconds");
        seconds.split(',').next().and_then(|seconds| seconds.parse().ok()).expect("a number")
    };
    let before = clock();
    let now = unix(&super::call("timestamp()"));
    assert!((before..=clock()).contains(&now));
}
