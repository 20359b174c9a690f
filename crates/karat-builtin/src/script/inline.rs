//! Scripts that stand in the template.

/// The interpreter line that Packer gives to scripts in templates.
const DEFAULT_SHEBANG: &str = "/bin/sh -e";

/// The file that `lines` become. They get an interpreter line, unless they begin with one and the template names none.
pub(crate) fn inline_script(lines: &[String], shebang: Option<&str>) -> String {
    let mut text = String::new();
    let own = lines.first().is_some_and(|line| line.starts_with("#!"));
    if shebang.is_some() || !own {
        text = format!("#!{}\n", shebang.unwrap_or(DEFAULT_SHEBANG));
    }
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blt_05_an_interpreter_line_is_added_where_none_is() {
        let lines = |text: &str| text.split('|').map(String::from).collect::<Vec<_>>();
        assert_eq!(inline_script(&lines("a|b"), None), "#!/bin/sh -e\na\nb\n");
        assert_eq!(inline_script(&lines("#!/bin/bash|b"), None), "#!/bin/bash\nb\n");
        assert_eq!(inline_script(&lines("#!/bin/bash"), Some("/bin/sh -x")), "#!/bin/sh -x\n#!/bin/bash\n");
        assert_eq!(inline_script(&lines("a"), Some("/bin/sh -x")), "#!/bin/sh -x\na\n");
    }
}
