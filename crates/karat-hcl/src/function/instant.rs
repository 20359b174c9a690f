//! Points in time as RFC 3339 writes them.

/// A point in time with the clock of some place, in the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instant {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) nanos: i64,
    /// How far the clock is ahead of UTC, in minutes.
    pub(super) offset: i64,
}

/// From January.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// From Sunday.
pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn has_day(year: i64, month: i64, day: i64) -> bool {
    (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day)
}

/// Days from 1970 to a date.
fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    let months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    // 719,162 days lie before 1970.
    before * 365 + leap_days + months + day - 1 - 719_162
}

impl Instant {
    /// Reads `2006-01-02T15:04:05Z`, also with a fraction of seconds or an offset such as `-07:00`. Between date and time
    /// there must be one of the characters of `separators`. The error says what is wrong, as a fragment.
    pub(super) fn parse(text: &str, separators: &str) -> Result<Self, String> {
        let wrong = || "it is not a time such as 2006-01-02T15:04:05Z".to_owned();
        let mut rest = text;
        let year = digits(&mut rest, 4).ok_or_else(wrong)?;
        let month = eat(&mut rest, "-").and_then(|()| digits(&mut rest, 2)).ok_or_else(wrong)?;
        let day = eat(&mut rest, "-").and_then(|()| digits(&mut rest, 2)).ok_or_else(wrong)?;
        eat(&mut rest, separators).ok_or_else(wrong)?;
        let hour = digits(&mut rest, 2).ok_or_else(wrong)?;
        let minute = eat(&mut rest, ":").and_then(|()| digits(&mut rest, 2)).ok_or_else(wrong)?;
        let second = eat(&mut rest, ":").and_then(|()| digits(&mut rest, 2)).ok_or_else(wrong)?;
        let mut nanos = 0;
        if eat(&mut rest, ".").is_some() {
            let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let fraction = format!("{:0<9}", &rest[..length]);
            nanos = fraction
                .get(..9)
                .filter(|_| length > 0)
                .and_then(|nanos| nanos.parse().ok())
                .ok_or_else(wrong)?;
            rest = &rest[length..];
        }
        let offset = if eat(&mut rest, "Z").is_some() {
            0
        } else {
            let sign = if rest.starts_with('-') { -1 } else { 1 };
            eat(&mut rest, "+-").ok_or_else(wrong)?;
            let hours = digits(&mut rest, 2).filter(|hours| *hours < 24).ok_or_else(wrong)?;
            let minutes = eat(&mut rest, ":").and_then(|()| digits(&mut rest, 2));
            sign * (hours * 60 + minutes.filter(|minutes| *minutes < 60).ok_or_else(wrong)?)
        };
        if !rest.is_empty() {
            return Err(wrong());
        }
        if !has_day(year, month, day) {
            return Err("it names a day that the calendar does not have".to_owned());
        }
        if hour > 23 || minute > 59 || second > 59 {
            return Err("it names a time that the clock does not have".to_owned());
        }
        Ok(Self { year, month, day, hour, minute, second, nanos, offset })
    }

    /// Whether calendar and clock have it.
    pub(super) fn exists(&self) -> bool {
        has_day(self.year, self.month, self.day) && self.hour <= 23 && self.minute <= 59 && self.second <= 59
    }

    /// The point so long after 1970 began, on a clock with this offset. None beyond the years 0 to 9999.
    pub(super) fn from_unix(seconds: i64, nanos: i64, offset: i64) -> Option<Self> {
        let local = seconds.checked_add(offset * 60)?;
        let days = local.div_euclid(86_400);
        let time = local.rem_euclid(86_400);
        // The years that we write; also keeps the search for the year short.
        if !(-720_000..2_933_000).contains(&days) {
            return None;
        }
        let mut year = 1970 + days / 366;
        while days < days_to(year, 1, 1) {
            year -= 1;
        }
        while days >= days_to(year + 1, 1, 1) {
            year += 1;
        }
        let mut day = days - days_to(year, 1, 1);
        let mut month = 1;
        while day >= days_in(year, month) {
            day -= days_in(year, month);
            month += 1;
        }
        (0..=9999).contains(&year).then_some(Self {
            year,
            month,
            day: day + 1,
            hour: time / 3_600,
            minute: time / 60 % 60,
            second: time % 60,
            nanos,
            offset,
        })
    }

    /// Seconds since 1970.
    pub(super) fn unix(&self) -> i64 {
        let days = days_to(self.year, self.month, self.day);
        days * 86_400 + self.hour * 3_600 + (self.minute - self.offset) * 60 + self.second
    }

    /// From 0, Sunday.
    pub(super) fn weekday(&self) -> i64 {
        (days_to(self.year, self.month, self.day) + 4).rem_euclid(7)
    }

    /// From 1.
    pub(super) fn year_day(&self) -> i64 {
        days_to(self.year, self.month, self.day) - days_to(self.year, 1, 1) + 1
    }

    /// Year and week of ISO 8601.
    pub(super) fn iso_week(&self) -> (i64, i64) {
        let days = days_to(self.year, self.month, self.day);
        // A week belongs to the year of its Thursday.
        let thursday = days - (days + 3).rem_euclid(7) + 3;
        let year = if thursday < days_to(self.year, 1, 1) {
            self.year - 1
        } else if thursday >= days_to(self.year + 1, 1, 1) {
            self.year + 1
        } else {
            self.year
        };
        (year, (thursday - days_to(year, 1, 1)) / 7 + 1)
    }

    /// The offset as `+07:00`, with this between hours and minutes.
    pub(super) fn zone(&self, separator: &str) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.abs();
        format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
    }

    /// As RFC 3339 writes it, without fractions.
    pub(super) fn rfc3339(&self) -> String {
        let Self { year, month, day, hour, minute, second, .. } = self;
        let zone = if self.offset == 0 { "Z".to_owned() } else { self.zone(":") };
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}")
    }
}

fn digits(rest: &mut &str, count: usize) -> Option<i64> {
    let digits = rest.get(..count).filter(|digits| digits.chars().all(|c| c.is_ascii_digit()))?;
    *rest = &rest[count..];
    digits.parse().ok()
}

/// Passes one of some characters.
fn eat(rest: &mut &str, wanted: &str) -> Option<()> {
    *rest = rest.strip_prefix(|c| wanted.contains(c))?;
    Some(())
}
