//! Which algorithms are offered.

use std::borrow::Cow;

use russh::{Preferred, cipher, kex};

use crate::communicator::options::CommunicatorOptions;

/// The fastest first: AES-GCM where the processor helps, as on nearly every host of a guest.
const CIPHERS: [cipher::Name; 6] = [
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

/// What is offered, with the template's own lists where it has them.
pub(crate) fn preferred(options: &CommunicatorOptions) -> Result<Preferred, String> {
    let mut preferred = Preferred { cipher: Cow::Borrowed(&CIPHERS), ..Preferred::default() };
    if !options.ssh_ciphers.is_empty() {
        let named = options.ssh_ciphers.iter().map(|name| {
            cipher::Name::try_from(name.as_str())
                .map_err(|()| format!("ssh_ciphers: the cipher `{name}` is unknown"))
        });
        preferred.cipher = Cow::Owned(named.collect::<Result<_, _>>()?);
    }
    if !options.ssh_key_exchange_algorithms.is_empty() {
        let named = options.ssh_key_exchange_algorithms.iter().map(|name| {
            kex::Name::try_from(name.as_str())
                .map_err(|()| format!("ssh_key_exchange_algorithms: the method `{name}` is unknown"))
        });
        // The markers that switch protocol extensions on are not methods, and stay.
        let markers = preferred.kex.iter().filter(|name| {
            [kex::EXTENSION_SUPPORT_AS_CLIENT, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT].contains(name)
        });
        let named = named.chain(markers.map(|name| Ok(*name)));
        preferred.kex = Cow::Owned(named.collect::<Result<_, _>>()?);
    }
    Ok(preferred)
}
