//! The one source of randomness. Whatever must not be guessed is made of these bytes; tests give bytes of their own instead.

use super::backend;

/// 128 bits that nobody can guess; `None` where the system has none to give.
pub(crate) fn unguessable() -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    fill(&mut bytes).map(|()| bytes)
}

/// Fills `bytes` with what nobody can guess; `None` where the system has none to give.
pub(crate) fn fill(bytes: &mut [u8]) -> Option<()> {
    backend::fill_random(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_draws_are_the_same() {
        let draws: std::collections::HashSet<_> = (0..1000).map(|_| unguessable().unwrap()).collect();
        assert_eq!(draws.len(), 1000);
    }
}
