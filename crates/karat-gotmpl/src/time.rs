//! Points in time, written the way Go's layouts and `strftime` ask for. Always in UTC, always the Gregorian calendar.

/// A point in time in UTC, split into what calendars and clocks show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    year: i64,
    /// From 1.
    month: u8,
    /// From 1.
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    nanos: u32,
    /// From 0, Sunday.
    weekday: u8,
    /// From 1.
    year_day: u16,
}

const MONTHS: [&str; 12] = [
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
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Go's name for the layout of RFC 3339 without fractions.
pub const RFC3339: &str = "2006-01-02T15:04:05Z07:00";

impl Moment {
    /// The moment so many seconds, and nanoseconds below a second, after 1970 began.
    #[must_use]
    pub fn from_unix(seconds: i64, nanos: u32) -> Self {
        let days = seconds.div_euclid(86_400);
        // Below 86,400.
        let rest = seconds.rem_euclid(86_400) as u32;
        // Years here begin in March, so that a leap day ends one; eras of 400 years are all equally long.
        let from_march = days + 719_468;
        let era = from_march.div_euclid(146_097);
        let day_of_era = from_march.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let year_day = if month <= 2 { day_of_year - 305 } else { day_of_year + 60 + i64::from(is_leap) };
        Self {
            year,
            month: month as u8,
            day: day as u8,
            hour: (rest / 3_600) as u8,
            minute: (rest / 60 % 60) as u8,
            second: (rest % 60) as u8,
            nanos: nanos.min(999_999_999),
            weekday: (days + 4).rem_euclid(7) as u8,
            year_day: year_day as u16,
        }
    }

    fn long_year(&self) -> String {
        format!("{}{:04}", if self.year < 0 { "-" } else { "" }, self.year.unsigned_abs())
    }

    fn month_name(&self) -> &'static str {
        MONTHS[usize::from(self.month - 1)]
    }

    fn weekday_name(&self) -> &'static str {
        WEEKDAYS[usize::from(self.weekday)]
    }

    fn hour12(&self) -> u8 {
        match self.hour % 12 {
            0 => 12,
            hour => hour,
        }
    }

    fn half(&self) -> &'static str {
        if self.hour < 12 { "AM" } else { "PM" }
    }

    /// Writes the moment as Go's `Time.Format` does: `layout` shows how Monday, 2 January 2006, 15:04:05 would look.
    #[must_use]
    pub fn format(&self, layout: &str) -> String {
        let mut text = String::new();
        let mut rest = layout;
        'layout: while !rest.is_empty() {
            for (pattern, write) in PATTERNS {
                if let Some(behind) = rest.strip_prefix(pattern) {
                    // "Jan" is no month in "January" (that comes first) nor in "Janet".
                    let is_word = matches!(*pattern, "Jan" | "Mon");
                    if is_word && behind.starts_with(|c: char| c.is_ascii_lowercase()) {
                        continue;
                    }
                    write(self, &mut text);
                    rest = behind;
                    continue 'layout;
                }
            }
            if let Some((digits, behind)) = fraction(rest) {
                self.write_fraction(&mut text, digits);
                rest = behind;
                continue;
            }
            let next = rest.chars().next().unwrap_or_default();
            text.push(next);
            rest = &rest[next.len_utf8()..];
        }
        text
    }

    /// `pattern` is `.000` (as many digits) or `.999` (at most so many), also with a comma.
    fn write_fraction(&self, text: &mut String, pattern: &str) {
        let digits = format!("{:09}", self.nanos);
        let count = (pattern.len() - 1).min(9);
        let digits =
            if pattern.ends_with('9') { digits[..count].trim_end_matches('0') } else { &digits[..count] };
        if !digits.is_empty() {
            text.push_str(&pattern[..1]);
            text.push_str(digits);
        }
    }

    /// Writes the moment as Packer's `strftime` does, which knows fewer conversions than C and leaves the others as they
    /// are: `%A %a %B %b %d %H %I %L %M %m %p %S %Y %y %Z %z %%`, where `%L` is a point and milliseconds.
    #[must_use]
    pub fn strftime(&self, format: &str) -> String {
        let mut text = String::new();
        let mut rest = format;
        while let Some(position) = rest.find('%') {
            text.push_str(&rest[..position]);
            let directive = &rest[position..];
            let conversion = directive[1..].chars().next();
            let layout = match conversion {
                Some('A') => "Monday",
                Some('a') => "Mon",
                Some('B') => "January",
                Some('b') => "Jan",
                Some('d') => "02",
                Some('H') => "15",
                Some('I') => "03",
                Some('L') => ".000",
                Some('M') => "04",
                Some('m') => "01",
                Some('p') => "PM",
                Some('S') => "05",
                Some('Y') => "2006",
                Some('y') => "06",
                Some('Z') => "MST",
                Some('z') => "-0700",
                Some('%') => "%",
                _ => "",
            };
            let length = 1 + conversion.map_or(0, char::len_utf8);
            text.push_str(if layout.is_empty() { &directive[..length] } else { "" });
            text.push_str(&self.format(layout));
            rest = &directive[length..];
        }
        text + rest
    }
}

/// A fraction of a second at the start of `layout`, and what follows: a point or comma and equal digits 0 or 9.
fn fraction(layout: &str) -> Option<(&str, &str)> {
    let digits = layout.strip_prefix(['.', ','])?;
    let digit = digits.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let count = digits.find(|c| c != digit).unwrap_or(digits.len());
    let is_number = digits[count..].starts_with(|c: char| c.is_ascii_digit());
    (!is_number).then(|| layout.split_at(count + 1))
}

type Write = fn(&Moment, &mut String);

/// What a layout can hold; where two begin alike, the longer one is first.
const PATTERNS: &[(&str, Write)] = &[
    ("January", |m, text| text.push_str(m.month_name())),
    ("Jan", |m, text| text.push_str(&m.month_name()[..3])),
    ("Monday", |m, text| text.push_str(m.weekday_name())),
    ("Mon", |m, text| text.push_str(&m.weekday_name()[..3])),
    ("MST", |_, text| text.push_str("UTC")),
    ("002", |m, text| text.push_str(&format!("{:03}", m.year_day))),
    ("01", |m, text| text.push_str(&format!("{:02}", m.month))),
    ("02", |m, text| text.push_str(&format!("{:02}", m.day))),
    ("03", |m, text| text.push_str(&format!("{:02}", m.hour12()))),
    ("04", |m, text| text.push_str(&format!("{:02}", m.minute))),
    ("05", |m, text| text.push_str(&format!("{:02}", m.second))),
    ("06", |m, text| text.push_str(&format!("{:02}", m.year.unsigned_abs() % 100))),
    ("15", |m, text| text.push_str(&format!("{:02}", m.hour))),
    ("1", |m, text| text.push_str(&m.month.to_string())),
    ("2006", |m, text| text.push_str(&m.long_year())),
    ("2", |m, text| text.push_str(&m.day.to_string())),
    ("__2", |m, text| text.push_str(&format!("{:3}", m.year_day))),
    ("_2006", |m, text| text.push_str(&format!("_{}", m.long_year()))),
    ("_2", |m, text| text.push_str(&format!("{:2}", m.day))),
    ("3", |m, text| text.push_str(&m.hour12().to_string())),
    ("4", |m, text| text.push_str(&m.minute.to_string())),
    ("5", |m, text| text.push_str(&m.second.to_string())),
    ("PM", |m, text| text.push_str(m.half())),
    ("pm", |m, text| text.push_str(&m.half().to_ascii_lowercase())),
    ("-07:00:00", |_, text| text.push_str("+00:00:00")),
    ("-07:00", |_, text| text.push_str("+00:00")),
    ("-070000", |_, text| text.push_str("+000000")),
    ("-0700", |_, text| text.push_str("+0000")),
    ("-07", |_, text| text.push_str("+00")),
    ("Z07:00:00", |_, text| text.push('Z')),
    ("Z07:00", |_, text| text.push('Z')),
    ("Z070000", |_, text| text.push('Z')),
    ("Z0700", |_, text| text.push('Z')),
    ("Z07", |_, text| text.push('Z')),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_write_as_in_go() {
        let cases = [
            ((0, 0), RFC3339, "1970-01-01T00:00:00Z"),
            ((666_145_821, 235_010_051), "Mon Jan _2 15:04:05 MST 2006", "Sun Feb 10 00:30:21 UTC 1991"),
            ((-2_712_886_063, 0), "Monday, 02-Jan-06 3:04PM pm", "Saturday, 12-Jan-84 8:32PM pm"),
            (
                (4_632_969_758, 0),
                "2006.1.2 3 4 5 .000 .999 .000000 __2 002",
                "2116.10.24 8 2 38 .000  .000000 298 298",
            ),
            (
                (2_183_117_216, 480_279_449),
                "Jan2 Janet Mons Monday06 -0700 -07:00 -07 Z0700 ,999 .123 _2006 20060102150405.000000000 .9990",
                "Mar7 Janet Mons Monday39 +0000 +00:00 +00 Z ,48 .371 _2039 20390307132656.480279449 .9990",
            ),
            ((951_782_400, 0), "2006-01-02 002", "2000-02-29 060"),
            ((951_868_800, 0), "2006-01-02 002", "2000-03-01 061"),
            ((4_107_542_400, 0), "2006-01-02 002", "2100-03-01 060"),
            ((1_735_603_200, 0), "20060102 002", "20241231 366"),
        ];
        for ((seconds, nanos), layout, expected) in cases {
            assert_eq!(Moment::from_unix(seconds, nanos).format(layout), expected, "{layout}");
        }
    }

    #[test]
    fn strftime_writes_as_in_packer() {
        let moment = Moment::from_unix(1_795_219_200 + 45_296, 695_000_000);
        let cases = [
            ("%Y-%m-%dT%H:%M:%S%L%z %Z", "2026-11-21T12:34:56.695+0000 UTC"),
            ("%A %a %B %b %y %I%p", "Saturday Sat November Nov 26 12PM"),
            ("100%% %Q %j é%é 2006 Jan %", "100% %Q %j é%é 2006 Jan %"),
        ];
        for (format, expected) in cases {
            assert_eq!(moment.strftime(format), expected, "{format}");
        }
    }
}
