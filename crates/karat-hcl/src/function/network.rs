//! Functions of IP networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use karat_model::value::{Type, Value};

use super::argument::{number, shown, text, whole};
use super::{Function, FunctionError, FunctionTable, Param};

/// By how many bits a prefix can grow at once.
const MOST_BITS: i64 = 32;

type Result<T> = std::result::Result<T, FunctionError>;

pub(super) fn register(table: &mut FunctionTable) {
    let prefix = || Param::new("prefix", Type::String);
    let param = |name| Param::new(name, Type::Number);
    table.insert(
        "cidrhost",
        Function::new([prefix(), param("host")], Type::String, |args| {
            Ok(Network::of(args)?.host(args)?.to_string().into())
        }),
    );
    table.insert(
        "cidrnetmask",
        Function::new([prefix()], Type::String, |args| {
            let network = Network::of(args)?;
            Ok(network.address_of(network.mask()).to_string().into())
        }),
    );
    table.insert(
        "cidrsubnet",
        Function::new([prefix(), param("newbits"), param("netnum")], Type::String, |args| {
            let network = Network::of(args)?;
            let length = network.longer(args, 1)?;
            let count = length - network.length;
            let at = number(args, 2).to_i64().and_then(|at| u128::try_from(at).ok());
            let at = at.filter(|at| count >= 128 || at >> count == 0);
            let at = at.ok_or_else(|| {
                FunctionError::argument(2, format!("it must be a whole number that fits into {count} bits"))
            })?;
            Ok(network.subnet(length, at).to_string().into())
        }),
    );
    table.insert(
        "cidrsubnets",
        Function::new([prefix()], Type::list(Type::String), subnets).variadic(param("newbits")),
    );
}

/// Addresses that begin with the same `length` bits.
#[derive(Clone, Copy)]
struct Network {
    /// The bits behind the prefix are zero.
    base: u128,
    length: u32,
    /// 32 or 128.
    width: u32,
}

impl Network {
    /// The network that the first argument names, such as `10.0.0.0/8`.
    fn of(args: &[Value]) -> Result<Self> {
        let wrong = || {
            let message =
                format!("{} is not an address and a prefix length such as \"10.0.0.0/8\"", shown(args, 0));
            FunctionError::argument(0, message)
        };
        let (address, length) = text(args, 0).split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let (bits, width) = match address {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        let digits = !length.is_empty() && length.chars().all(|c| c.is_ascii_digit());
        let length = length.parse().ok().filter(|length| digits && *length <= width).ok_or_else(wrong)?;
        let network = Self { base: 0, length, width };
        Ok(Self { base: bits & network.mask(), ..network })
    }

    fn host_bits(&self) -> u32 {
        self.width - self.length
    }

    fn mask(&self) -> u128 {
        let all = u128::MAX >> (128 - self.width);
        all & !all.checked_shr(self.length).unwrap_or(0)
    }

    fn address_of(&self, bits: u128) -> IpAddr {
        match u32::try_from(bits) {
            Ok(bits) if self.width == 32 => Ipv4Addr::from_bits(bits).into(),
            _ => Ipv6Addr::from_bits(bits).into(),
        }
    }

    /// The address at the second argument, which counts from the end if it is negative.
    fn host(&self, args: &[Value]) -> Result<IpAddr> {
        let wrong = || {
            let bits = self.host_bits();
            FunctionError::argument(
                1,
                format!("it must be a whole number that fits into the {bits} bits for hosts"),
            )
        };
        let host = i128::from(number(args, 1).to_i64().ok_or_else(wrong)?);
        let size = 1_u128.checked_shl(self.host_bits());
        let from_start = if host < 0 { host.unsigned_abs() - 1 } else { host.unsigned_abs() };
        if size.is_some_and(|size| from_start >= size) {
            return Err(wrong());
        }
        let last = size.map_or(u128::MAX, |size| size - 1);
        Ok(self.address_of(self.base | if host < 0 { last - from_start } else { from_start }))
    }

    /// The prefix length that an argument's bits lead to.
    fn longer(&self, args: &[Value], at: usize) -> Result<u32> {
        let added = whole(args, at)?;
        if added > MOST_BITS {
            return Err(FunctionError::argument(at, format!("it must be at most {MOST_BITS}, as in Packer")));
        }
        let length = u32::try_from(added).ok().and_then(|added| self.length.checked_add(added));
        length.filter(|length| *length <= self.width).ok_or_else(|| {
            let most = self.host_bits();
            FunctionError::argument(
                at,
                format!("it must be from 0 to {most}, the bits that the prefix leaves"),
            )
        })
    }

    fn subnet(&self, length: u32, at: u128) -> Self {
        let base = self.base | at.checked_shl(self.width - length).unwrap_or(0);
        Self { base, length, width: self.width }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address_of(self.base), self.length)
    }
}

/// Networks of these sizes one behind another, each at a multiple of its size.
fn subnets(args: &[Value]) -> Result<Value> {
    let network = Network::of(args)?;
    let mut next = Some(network.base);
    let mut found: Vec<Value> = Vec::new();
    for at in 1..args.len() {
        let length = network.longer(args, at)?;
        if length == network.length {
            return Err(FunctionError::argument(at, "it must be at least 1"));
        }
        let size = 1_u128.checked_shl(network.width - length);
        let full = || {
            let message = format!("there is no room for this one behind the {} before it", found.len());
            FunctionError::argument(at, message)
        };
        let start = next.and_then(|next| match size {
            Some(size) => next.checked_next_multiple_of(size),
            None => (next == 0).then_some(0),
        });
        let start = start.filter(|start| start & network.mask() == network.base).ok_or_else(full)?;
        found.push(Network { base: start, length, ..network }.to_string().into());
        next = size.and_then(|size| start.checked_add(size));
    }
    Ok(Value::list(Type::String, found))
}
