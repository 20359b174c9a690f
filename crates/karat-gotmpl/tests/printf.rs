//! `printf`: what Go 1.26 prints.

use karat_gotmpl::{Functions, Value, render};

#[test]
fn verbs_print_as_in_go() {
    for (template, expected) in PRINTS {
        assert_eq!(
            render(template, &Value::Null, &Functions::default()).as_deref(),
            Ok(*expected),
            "{template}"
        );
    }
}

#[test]
fn a_million_digits_are_written() {
    for (verb, length) in [("%.1000000f", 1_000_002), ("%.1000000e", 1_000_006), ("%#.1000000g", 1_000_001)] {
        let template = format!("{{{{ printf {verb:?} 1.5 }}}}");
        let text = render(&template, &Value::Null, &Functions::default());
        assert_eq!(text.map(|text| text.len()), Ok(length), "{verb}");
    }
}

#[test]
fn verbs_reach_into_values() {
    let list = Value::List(vec![1.into(), "a".into(), Value::Null, Value::map([("b", 1.5.into())])]);
    let data = Value::map([("L", list), ("S", Value::structure([("A", 1.into()), ("B", "x".into())]))]);
    let cases = [
        ("%v", "L", "[1 a <nil> map[b:1.5]]"),
        ("%+v", "L", "[1 a <nil> map[b:1.5]]"),
        ("%#v", "L", r#"[]interface {}{1, "a", interface {}(nil), map[string]interface {}{"b":1.5}}"#),
        ("%T", "L", "[]interface {}"),
        ("%s", "L", "[%!s(int=1) a <nil> map[b:%!s(float64=1.5)]]"),
        ("%3v", "L", "[  1   a <nil> map[  b:1.5]]"),
        ("%6T|%w", "L", "[]interface {}|%!w(MISSING)"),
        ("%w", "L", "%!w([]interface {}=[1 a <nil> map[b:1.5]])"),
        ("%v", "S", "{1 x}"),
        ("%+v", "S", "{A:1 B:x}"),
    ];
    for (verb, field, expected) in cases {
        let template = format!("{{{{ printf {verb:?} .{field} }}}}");
        assert_eq!(render(&template, &data, &Functions::default()).as_deref(), Ok(expected), "{template}");
    }
}

#[rustfmt::skip]
const PRINTS: &[(&str, &str)] = &[
    (r#"{{printf "%x %X %.2x %b %#x %.0x" 1.5 -255.75 1.0 0.5 1.5 1.5}}"#, "0x1.8p+00 -0X1.FF8P+07 0x1.00p+00 4503599627370496p-53 0x1.8000p+00 0x1p+01"),
    (r#"{{printf "%#g %#e %#.3g %#f %#v" 1e5 2.0 100.0 3.0 1e6}}"#, "100000. 2.000000e+00 100. 3.000000 1e+06"),
    (r#"{{printf "%#U %#.6U %#o %#O %+d %+t" 233 65 0 8 5 5}}"#, "U+00E9 'é' U+000041 'A' 0 0o010 +5 %!t(int=+5)"),
    (r#"{{printf "%p %w" 5 "x"}} {{printf "%.2T|%8T" "x" nil}} {{printf "%-5." 1}}"#, "%!p(int=5) %!w(string=x) st|   <nil> %!.(int=1    )"),
    (r#"{{printf "%99999999d|%d" 1 2}}"#, "%!(NOVERB)%!(EXTRA int=1, int=2)"),
    (r#"{{printf "%+q %#q %#q" "\u00e9\x00" "a\tb" "a`b"}}"#, r#""\u00e9\x00" `a	b` "a`b""#),
    (r#"{{printf "%6.2f|%-5d|%06.2-8.1f" 4159 "ab" 2.5}}"#, "%!f(int=  4159)|%!d(string=ab   )|%!-(float64=0002.5)8.1f"),
    (r#"{{1000000.0}} {{123456789.0}} {{1e20}} {{print 100000.5}}|{{printf "%g %v %.3g %#g %G" 1e6 1e6 1234567.0 1.5 1e-7}}"#, "1e+06 1.23456789e+08 1e+20 100000.5|1e+06 1e+06 1.23e+06 1.50000 1E-07"),
    (r#"{{printf "%05s|%-5s|%5s|%05d|%-05d|%+d|% d|%x|%X|%#x|%o|%#o|%O|%b|%c|%q|%U" "ab" "ab" "ab" 42 42 42 42 255 255 255 8 8 8 5 65 65 65}}"#, "000ab|ab   |   ab|00042|42   |+42| 42|ff|FF|0xff|10|010|0o10|101|A|'A'|U+0041"),
    (r#"{{printf "%d %s %t" "a" 1}} {{printf "%d" 1 2 "x"}} {{printf "%!"}} {{printf "%z" 1}} {{printf "%"}}"#, "%!d(string=a) %!s(int=1) %!t(MISSING) 1%!(EXTRA int=2, string=x) %!!(MISSING) %!z(int=1) %!(NOVERB)"),
    (r#"{{printf "%[2]d %[1]d %d" 1 2}} {{printf "%*d|%-*d|%.*f" 5 1 5 2 2 1.2345}} {{printf "%[3]d" 1}} {{printf "%[x]d" 1}} {{printf "%[1]*d" 3 4}}"#, "2 1 2     1|2    |1.23 %!d(BADINDEX) %!d(BADINDEX)   4"),
    (r#"{{printf "%6.2f|%06.2f|%-8.1f|%+.1f|%e|%E|%.0f" 3.14159 -3.14159 2.0 2.0 12345.678 0.00012 2.5}}"#, "  3.14|-03.14|2.0     |+2.0|1.234568e+04|1.200000E-04|2"),
    (r#"{{printf "%x %X % x %#x %.2x %q %+q %#q %.2s|%10.3s|" "hi" "hi" "hi" "hi" "hello" "h\"i\u00e9" "\u00e9" "a" "héllo" "abcdef"}}"#, r#"6869 6869 68 69 0x6869 6865 "h\"ié" "\u00e9" `a` hé|       abc|"#),
    (r#"{{printf "%t %5t %v" true false true}} {{printf "%s" nil}} {{printf "%v" nil}} {{printf "%d%%" 5}} {{printf "%.3d|%8.3d|%+.3d|%.0d|" 7 7 7 0}}"#, "true false true %!s(<nil>) <nil> 5% 007|     007|+007||"),
    (r#"{{printf "%.3g|%.10g|%g|%g|%G|%.1g|%.2g" 0.00001234 123456789.123 0.0001 0.00001 1e21 15.0 100.0}}"#, "1.23e-05|123456789.1|0.0001|1e-05|1E+21|2e+01|1e+02"),
];
