//! Which exit codes are fine, and what the others mean.

/// The exit codes that count as success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExitRule {
    allowed: Vec<i32>,
}

impl ExitRule {
    /// `valid_exit_codes`; only 0 where it is empty.
    pub(crate) fn new(allowed: &[i32]) -> Self {
        Self { allowed: if allowed.is_empty() { vec![0] } else { allowed.to_vec() } }
    }

    /// Whether `code` is fine.
    pub(crate) fn allows(&self, code: i32) -> bool {
        self.allowed.contains(&code)
    }

    /// What a script that ended with `code` did wrong. `strict` says it in Packer's words alone; else the codes that
    /// shells have a meaning for are explained.
    pub(crate) fn check(&self, code: i32, strict: bool) -> Result<(), String> {
        if self.allows(code) {
            return Ok(());
        }
        let allowed: Vec<String> = self.allowed.iter().map(i32::to_string).collect();
        let mut message = format!(
            "Script exited with non-zero exit status: {code}. Allowed exit codes are: [{}]",
            allowed.join(" ")
        );
        if let Some(hint) = hint(code).filter(|_| !strict) {
            message = format!("{message}. {hint}");
        }
        Err(message)
    }
}

fn hint(code: i32) -> Option<&'static str> {
    Some(match code {
        126 => {
            "126 means that the shell found the command and may not run it: is the file system mounted noexec, is the \
             script's first line the name of a program, does `execute_command` name an executable file?"
        }
        127 => {
            "127 means that the shell did not find a command: is the interpreter in the script's first line (or in \
             `inline_shebang`) installed, are the programs that it calls, does that line end in CRLF?"
        }
        137 => "137 is a process killed with SIGKILL: often the guest is out of memory",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blt_06_exit_codes_are_packers() {
        let rule = ExitRule::new(&[]);
        assert_eq!(rule.check(0, true), Ok(()));
        assert_eq!(
            rule.check(3, false).unwrap_err(),
            "Script exited with non-zero exit status: 3. Allowed exit codes are: [0]"
        );
        let rule = ExitRule::new(&[0, 7]);
        assert_eq!(rule.check(7, false), Ok(()));
        assert_eq!(
            rule.check(127, true).unwrap_err(),
            "Script exited with non-zero exit status: 127. Allowed exit codes are: [0 7]"
        );
    }

    #[test]
    fn blt_06_a_missing_interpreter_is_explained() {
        let message = ExitRule::new(&[]).check(127, false).unwrap_err();
        assert!(message.contains("Allowed exit codes are: [0]. 127 means"), "{message}");
        assert!(message.contains("interpreter"), "{message}");
    }
}
