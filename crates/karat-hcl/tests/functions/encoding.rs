//! Functions of encodings, digests and networks.

use super::{call, check};

#[test]
#[rustfmt::skip]
fn calls_give_these_results() {
    check(&[
        (r#"jsonencode({"b": "<&>", "a": [1, null, true, 1.5, 1e30, 0.1]})"#, r#""{\"a\":[1,null,true,1.5,1000000000000000000000000000000,0.1],\"b\":\"\\u003c\\u0026\\u003e\"}""#),
        (r#"jsonencode("\u2028é\u0001\"\\/\n\b")"#, r#""\"\\u2028é\\u0001\\\"\\\\/\\n\\b\"""#),
        ("jsonencode(null)", r#""null""#),
        (r#"jsonencode({"$unknown": "string"})"#, "unknown string"),
        (r#"jsondecode("{\"a\": [1, null, \"x\", 1.50, 1e3], \"b\": {}}")"#, r#"{a = [1, null any type, "x", 1.5, 1000], b = {}}"#),
        (r#"jsondecode("[1,]")"#, "error in argument 1: it is not JSON: there is no value at line 1, column 4"),
        (r#"jsondecode("[12345678901234567890123, -0.5e-2, 0.10]")"#, "[12345678901234567890123, -0.005, 0.1]"),
        (r#"jsondecode("\"\\ud83d\\ude00\\u00e9\\n\\/\\ud800x\"")"#, r#""😀é\n/�x""#),
        (r#"jsondecode("{\"a\": 1, \"a\": 2}")"#, "{a = 2}"),
        (r#"jsondecode(" true ")"#, "true"),
        (r#"jsondecode("01")"#, "error in argument 1: it is not JSON: there is text behind the value at line 1, column 2"),
        (r#"jsondecode("1 2")"#, "error in argument 1: it is not JSON: there is text behind the value at line 1, column 3"),
        (r#"jsondecode("{\n  a: 1}")"#, "error in argument 1: it is not JSON: a string in double quotes is missing at line 2, column 3"),
        (r#"jsondecode("[1 2]")"#, "error in argument 1: it is not JSON: a comma or a closing bracket is missing at line 1, column 4"),
        (r#"jsondecode("\"a\nb\"")"#, "error in argument 1: it is not JSON: there is a control character in a string at line 1, column 3"),
        (r#"jsondecode("\"\\q\"")"#, "error in argument 1: it is not JSON: there is an unknown escape sequence at line 1, column 2"),
        (r#"jsondecode("")"#, "error in argument 1: it is not JSON: there is no value at line 1, column 1"),
        (r#"jsondecode("1e")"#, "error in argument 1: it is not JSON: there is a malformed number at line 1, column 3"),
        (r#"jsondecode({"$secret": "[1]"})"#, "secret [1]"),
        (r#"csvdecode("a,b\n1,\"x,\"\"y\"\n\n3, 4 \r\n")"#, r#"list[{a = "1", b = "x,\"y"}, {a = "3", b = " 4 "}]"#),
        (r#"csvdecode("a,a\n1,2")"#, "error in argument 1: columns 1 and 2 have the same name"),
        (r#"csvdecode("a,b\n1")"#, "error in argument 1: line 2 has 1 fields, but there are 2 columns"),
        (r#"csvdecode("a\n\"x")"#, "error in argument 1: the quotes opened on line 2 are not closed"),
        (r#"csvdecode("a\nx\"y\n")"#, "error in argument 1: line 2 has a quote inside of a field without quotes"),
        (r#"csvdecode("")"#, "error in argument 1: it must begin with a line of column names"),
        (r#"csvdecode("a,b\n")"#, "list[]"),
        (r#"base64encode("héllo")"#, r#""aMOpbGxv""#),
        (r#"base64decode("aMOpbGxv")"#, r#""héllo""#),
        (r#"base64decode("!!")"#, "error in argument 1: it is not base64: character 1 does not belong there"),
        (r#"base64decode("YR==")"#, r#""a""#),
        (r#"base64decode("YW\nJj")"#, r#""abc""#),
        (r#"base64decode("YWI")"#, "error in argument 1: it is not base64: it ends too early or too late"),
        (r#"base64decode("/w==")"#, "error in argument 1: what it encodes is not UTF-8 text"),
        (r#"urlencode("a b&c/é~*'")"#, r#""a+b%26c%2F%C3%A9~%2A%27""#),
        (r#"textencodebase64("hé", "UTF-16LE")"#, r#""aADpAA==""#),
        (r#"textdecodebase64("aADpAA==", "UTF-16LE")"#, r#""hé""#),
        (r#"textencodebase64("é", "ISO-8859-1")"#, r#""6Q==""#),
        (r#"textdecodebase64("6Q==", "ISO-8859-1")"#, r#""é""#),
        (r#"textencodebase64("日", "ISO-8859-1")"#, "error in argument 1: the encoding has no code for one of its characters '日'"),
        (r#"textencodebase64("日x", "UTF-16BE")"#, r#""ZeUAeA==""#),
        (r#"textdecodebase64("aA==", "UTF-16LE")"#, "error in argument 1: it is not text in that encoding"),
        (r#"textencodebase64("a", "bogus")"#, r#"error in argument 2: "bogus" is not the IANA name of an encoding that is supported; such are UTF-8, UTF-16LE, ISO-8859-1, windows-1252, Shift_JIS, GB18030"#),
        (r#"textencodebase64("a", "windows-1259")"#, r#"error in argument 2: "windows-1259" is not the IANA name of an encoding that is supported; did you mean "windows-1250"?"#),
        (r#"textencodebase64("Grüße €", "windows-1252")"#, r#""R3L832UggA==""#),
        (r#"textdecodebase64("R3L832UggA==", "cswindows1252")"#, r#""Grüße €""#),
        (r#"textencodebase64("日本語", "Shift_JIS")"#, r#""k/qWe4zq""#),
        (r#"textdecodebase64("k/qWe4zq", "shift_jis")"#, r#""日本語""#),
        (r#"textencodebase64("é", "cp437")"#, r#""gg==""#),
        (r#"textencodebase64("A1", "IBM037")"#, r#""wfE=""#),
        (r#"textdecodebase64("wfE=", "IBM037")"#, r#""A1""#),
        (r#"textencodebase64("é", "UTF-16")"#, r#""/v8A6Q==""#),
        (r#"textdecodebase64("//7pAA==", "UTF-16")"#, r#""é""#),
        (r#"textdecodebase64("0g==", "windows-1253")"#, "error in argument 1: it is not text in that encoding"),
        (r#"md5("hello")"#, r#""5d41402abc4b2a76b9719d911017c592""#),
        (r#"sha1("hello")"#, r#""aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d""#),
        (r#"sha256("hello")"#, r#""2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824""#),
        (r#"sha512("hello")"#, r#""9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043""#),
        (r#"uuidv5("dns", "www.example.com")"#, r#""2ed6657d-e927-568b-95e1-2665a8aea6a2""#),
        (r#"uuidv5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "x")"#, r#""05b16a01-46c6-56dd-bd6e-c6dfb4a1427a""#),
        (r#"uuidv5("bogus", "x")"#, r#"error in argument 1: it must be dns, url, oid, x500 or a UUID, but it is "bogus""#),
        (r#"bcrypt("secret", 32)"#, "error in argument 2: it must not be above 31"),
        (r#"bcrypt("secret", 10, 1)"#, "error: it takes 1 or 2 arguments, but 3 were given"),
        (r#"bcrypt("0123456789012345678901234567890123456789012345678901234567890123456789012")"#, "error in argument 1: it must not be longer than 72 bytes"),
        (r#"yamlencode({"b": "x", "a": [1, {"c": true, "d": null}, ["y", "z"]], "e": {}, "f": [], "g h": "multi\nline\n", "h": "true", "i": "", "j": 1.5})"#, r#""\"a\":\n- 1\n- \"c\": true\n  \"d\": null\n- - \"y\"\n  - \"z\"\n\"b\": \"x\"\n\"e\": {}\n\"f\": []\n\"g h\": |\n  multi\n  line\n\"h\": \"true\"\n\"i\": \"\"\n\"j\": 1.5\n""#),
        (r#"yamlencode("foo")"#, r#""\"foo\"\n""#),
        ("yamlencode([])", r#""[]\n""#),
        (r#"yamlencode([1, "a\nb"])"#, r#""- 1\n- |-\n  a\n  b\n""#),
        (r#"yamlencode([{"a": "x\ny\n", "b": [1]}, {"c": {"d": {"e": ["f"]}}}])"#, r#""- \"a\": |\n    x\n    y\n  \"b\":\n  - 1\n- \"c\":\n    \"d\":\n      \"e\":\n      - \"f\"\n""#),
        (r#"yamlencode({"a": {"b": ["x\ny", "\n", "x\n\n", " x\ny", "é\t\u0007", "a\\\"b", "x\n\ny\n"]}})"#, r#""\"a\":\n  \"b\":\n  - |-\n    x\n    y\n  - |2+\n\n  - |+\n    x\n\n  - |2-\n     x\n    y\n  - \"é\\t\\a\"\n  - \"a\\\\\\\"b\"\n  - |\n    x\n\n    y\n""#),
        (r#"yamlencode([[["a"]], [{"b": 1, "c": 2}]])"#, r#""- - - \"a\"\n- - \"b\": 1\n    \"c\": 2\n""#),
        ("yamlencode(1e30)", r#""1000000000000000000000000000000\n...\n""#),
        ("yamlencode(null)", r#""null\n...\n""#),
        (r#"cidrhost("10.12.112.0/20", 16)"#, r#""10.12.112.16""#),
        (r#"cidrhost("10.12.112.0/20", 5000)"#, "error in argument 2: it must be a whole number that fits into the 12 bits for hosts"),
        (r#"cidrhost("10.12.112.0/20", -1)"#, r#""10.12.127.255""#),
        (r#"cidrhost("fd00:fd12:3456:7890:00a2::/72", 34)"#, r#""fd00:fd12:3456:7890::22""#),
        (r#"cidrhost("10.1.2.300/24", 4)"#, r#"error in argument 1: "10.1.2.300/24" is not an address and a prefix length such as "10.0.0.0/8""#),
        (r#"cidrhost("10.1.2.3", 4)"#, r#"error in argument 1: "10.1.2.3" is not an address and a prefix length such as "10.0.0.0/8""#),
        (r#"cidrhost("0.0.0.0/0", 4294967295)"#, r#""255.255.255.255""#),
        (r#"cidrhost("::/0", -1)"#, r#""ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff""#),
        (r#"cidrhost("10.0.0.1/32", 0)"#, r#""10.0.0.1""#),
        (r#"cidrnetmask("172.16.0.0/12")"#, r#""255.240.0.0""#),
        (r#"cidrnetmask("0.0.0.0/0")"#, r#""0.0.0.0""#),
        (r#"cidrnetmask("fd00::/64")"#, r#""ffff:ffff:ffff:ffff::""#),
        (r#"cidrsubnet("172.16.0.0/12", 4, 2)"#, r#""172.18.0.0/16""#),
        (r#"cidrsubnet("10.1.2.3/24", 4, 1)"#, r#""10.1.2.16/28""#),
        (r#"cidrsubnet("10.1.2.0/24", 4, 16)"#, "error in argument 3: it must be a whole number that fits into 4 bits"),
        (r#"cidrsubnet("10.1.2.0/24", 9, 0)"#, "error in argument 2: it must be from 0 to 8, the bits that the prefix leaves"),
        (r#"cidrsubnet("fd00:fd12:3456:7890::/56", 16, 162)"#, r#""fd00:fd12:3456:7800:a200::/72""#),
        (r#"cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)"#, r#"list["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"]"#),
        (r#"cidrsubnets("10.1.0.0/16", 1, 1, 1)"#, "error in argument 4: there is no room for this one behind the 2 before it"),
        (r#"cidrsubnets("10.1.0.0/16")"#, "list[]"),
        (r#"yamlencode(["a\n", "\n\n", "\ta\nb", "a\n\n\nb"])"#, r#""- |\n  a\n- |2+\n\n\n- \"\\ta\\nb\"\n- |-\n  a\n\n\n  b\n""#),
        ("yamlencode(true)", r#""true\n...\n""#),
    ]);
}

#[test]
fn random_names_differ() {
    let (a, b) = (super::call("uuidv4()"), super::call("uuidv4()"));
    assert_ne!(a, b);
    assert_eq!(a.len(), 38);
    assert_eq!(a.as_bytes().get(15), Some(&b'4'), "the version of {a}");
}

#[test]
fn gzip_can_be_undone() {
    use base64::Engine;
    use std::io::Read;
    let encoded = super::call(r#"base64gzip("hello")"#);
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.trim_matches('"')).expect("base64");
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip");
    assert_eq!(text, "hello");
}

#[test]
fn a_password_fits_its_hash() {
    for (call, cost) in [
        (r#"bcrypt("secret")"#, "$2a$10$"),
        (r#"bcrypt("secret", 4)"#, "$2a$04$"),
        (r#"bcrypt("secret", 3)"#, "$2a$10$"),
    ] {
        let hash = super::call(call);
        let hash = hash.trim_matches('"');
        assert!(hash.starts_with(cost), "{call}: {hash}");
        assert!(bcrypt::verify("secret", hash).expect("a hash"), "{call}: {hash}");
        assert_ne!(super::call(call).trim_matches('"'), hash);
    }
}

#[test]
fn tpl_10_rsadecrypt_reads_traditional_keys() {
    let key = include_str!("key.pem");
    let cipher = "a9jJl83OfVJx+aTlXhvTgIky2SR3oMepoA0rs571oHdw/nqEGDS72QW8WeFFTgY6pWe+VdWu5sGBGWbYQFJLKARwQLsLA+TlKOHH\
                  3774CsIyER3OJMN9GE63SRTMT9O7hEWxiXB9yva7xfM296GBQ9OhQzYRGMau0zeiZmG5OC8=";
    let decrypt =
        |cipher: &str, key: &str| call(&format!("rsadecrypt({cipher:?}, {})", serde_json::json!(key)));
    assert_eq!(decrypt(cipher, key), r#""wörld""#);
    assert_eq!(decrypt(cipher, &key.replace("RSA PRIVATE KEY", "PRIVATE KEY")), r#""wörld""#);
    assert_eq!(decrypt(cipher, &key.replace('\n', "\r\n")), r#""wörld""#);
    for (cipher, key, expected) in [
        ("@", key.to_owned(), "1: it is not base64: character 1 does not belong there"),
        ("AAAA", key.to_owned(), "1: it cannot be decrypted: it belongs to another key, or is damaged"),
        (cipher, String::new(), "2: it is not a private key in PEM, which begins with -----BEGIN"),
        (
            cipher,
            key.replace("-----END", ""),
            "2: it is not a private key in PEM, which begins with -----BEGIN",
        ),
        (
            cipher,
            key.replacen("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1),
            "2: the key is protected by a password; remove that: openssl rsa -in KEY -traditional",
        ),
        (
            cipher,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_owned(),
            "2: \"BEGIN PRIVATE KEY\" is not the traditional kind of RSA key; convert it: \
             openssl rsa -in KEY -traditional",
        ),
        (
            cipher,
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".to_owned(),
            "2: \"BEGIN PUBLIC KEY\" does not begin an RSA private key",
        ),
    ] {
        assert_eq!(decrypt(cipher, &key), format!("error in argument {expected}"));
    }
}
