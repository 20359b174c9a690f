//! Keys as X11 names them (keysyms): what a VNC server is told.

/// One change of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEvent {
    /// X11 keysym.
    pub keysym: u32,
    /// Pressed (`true`) or released.
    pub down: bool,
}

/// A key of the keyboard, as a boot command names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The key that writes this character, with shift where a US keyboard needs it.
    Character(char),
    /// A key without a character, by keysym.
    Special(u32),
}

const LEFT_SHIFT: u32 = 0xFFE1;
/// Characters of a US keyboard that need shift, beside the capital letters.
const SHIFTED: &str = "~!@#$%^&*()_+{}\\|:\"<>?";
/// From here on a character's keysym is this number plus its code point.
const UNICODE: u32 = 0x0100_0000;

/// Names of special keys, in lower case, and their keysyms.
const SPECIAL: [(&str, u32); 41] = [
    ("bs", 0xFF08),
    ("del", 0xFFFF),
    ("down", 0xFF54),
    ("end", 0xFF57),
    ("enter", 0xFF0D),
    ("esc", 0xFF1B),
    ("f1", 0xFFBE),
    ("f2", 0xFFBF),
    ("f3", 0xFFC0),
    ("f4", 0xFFC1),
    ("f5", 0xFFC2),
    ("f6", 0xFFC3),
    ("f7", 0xFFC4),
    ("f8", 0xFFC5),
    ("f9", 0xFFC6),
    ("f10", 0xFFC7),
    ("f11", 0xFFC8),
    ("f12", 0xFFC9),
    ("home", 0xFF50),
    ("insert", 0xFF63),
    ("left", 0xFF51),
    ("leftalt", 0xFFE9),
    ("leftcommand", 0xFFEB),
    ("leftctrl", 0xFFE3),
    ("leftoption", 0xFFE9),
    ("leftshift", LEFT_SHIFT),
    ("leftsuper", 0xFFEB),
    ("menu", 0xFF67),
    ("pagedown", 0xFF56),
    ("pageup", 0xFF55),
    ("return", 0xFF0D),
    ("right", 0xFF53),
    ("rightalt", 0xFFEA),
    ("rightcommand", 0xFFEC),
    ("rightctrl", 0xFFE4),
    ("rightoption", 0xFFEA),
    ("rightshift", 0xFFE2),
    ("rightsuper", 0xFFEC),
    ("spacebar", 0x0020),
    ("tab", 0xFF09),
    ("up", 0xFF52),
];

impl Key {
    /// The special key of this name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        SPECIAL
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, keysym)| Self::Special(*keysym))
    }

    fn keysym(self) -> u32 {
        match self {
            Self::Special(keysym) => keysym,
            Self::Character(character) if u32::from(character) <= 0xFF => u32::from(character),
            Self::Character(character) => UNICODE + u32::from(character),
        }
    }

    fn needs_shift(self) -> bool {
        match self {
            Self::Special(_) => false,
            Self::Character(character) => character.is_uppercase() || SHIFTED.contains(character),
        }
    }

    /// The events that press the key, shift first.
    pub fn down(self) -> impl Iterator<Item = KeyEvent> {
        let shift = self.needs_shift().then_some(KeyEvent { keysym: LEFT_SHIFT, down: true });
        shift.into_iter().chain([KeyEvent { keysym: self.keysym(), down: true }])
    }

    /// The events that release the key, shift last.
    pub fn up(self) -> impl Iterator<Item = KeyEvent> {
        let shift = self.needs_shift().then_some(KeyEvent { keysym: LEFT_SHIFT, down: false });
        [KeyEvent { keysym: self.keysym(), down: false }].into_iter().chain(shift)
    }
}
