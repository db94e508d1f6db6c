//! Elements of ASN.1 that stand one behind the other, for whoever must know what they are before they are read.
//!
//! In go octets, out come slices of them, by the library `der`: of DER, and of BER as far as its lengths are indefinite (X.690
//! 8.1.3.6), as tools write PKCS #12. Lengths in more octets than they need are refused. None of that reaches a key:
//! `public_key` wants DER.

use der::asn1::AnyRef;
use der::{Decode, EncodingRules, Reader, SliceReader};

/// The tag of a SEQUENCE.
pub(super) const SEQUENCE: u8 = 0x30;

/// Reads `input` under these rules.
pub(super) fn reader(input: &[u8]) -> der::Result<SliceReader<'_>> {
    SliceReader::new_with_encoding_rules(input, EncodingRules::Ber)
}

/// The first element, all of its octets, and what stands behind it.
pub(super) fn first(input: &[u8]) -> der::Result<(&[u8], &[u8])> {
    let mut reader = reader(input)?;
    let mut behind = reader.clone();
    AnyRef::decode(&mut behind)?;
    Ok((reader.read_slice(behind.position())?, behind.read_slice(behind.remaining_len())?))
}

/// The elements in the content of another, as far as they can be read.
pub(super) fn elements(content: &[u8]) -> Vec<AnyRef<'_>> {
    let Ok(mut reader) = reader(content) else { return Vec::new() };
    std::iter::from_fn(|| AnyRef::decode(&mut reader).ok()).collect()
}

/// The elements in an element that is given with all of its octets.
pub(super) fn within(whole: &[u8]) -> Vec<AnyRef<'_>> {
    elements(whole).first().map(|element| elements(element.value())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use der::ErrorKind;

    use super::*;

    #[test]
    fn an_element_ends_where_its_length_says() {
        for (input, whole) in [
            (&[2, 1, 7][..], 3),
            (&[2, 1, 7, 9], 3),
            (&[5, 0], 2),
            (&[0xBF, 0x81, 0x01, 1, 7], 5),
            (&[0x30, 0x80, 2, 1, 7, 0, 0, 9], 7),
            (&[0x30, 0x80, 0x31, 0x80, 0, 0, 4, 2, 0, 0, 0, 0, 9], 12),
        ] {
            assert_eq!(first(input), Ok(input.split_at(whole)), "{input:02X?}");
        }
    }

    #[test]
    fn what_is_no_element_is_cut_or_wrong() {
        let is_cut = |input: &[u8]| matches!(first(input).unwrap_err().kind(), ErrorKind::Incomplete { .. });
        for cut in [&[][..], &[2], &[2, 2, 7], &[2, 0x82, 1], &[0x30, 0x80, 2, 1, 7, 0], &[0x30, 0x80, 0x30, 0x80, 0, 0]] {
            assert!(is_cut(cut), "{cut:02X?}");
        }
        for wrong in [&[4, 0x80, 0, 0][..], &[4, 0xFF, 0, 0], &[4, 0x81, 1, 7], &[0x30, 0x80, 4, 0x80, 0, 0, 0, 0]] {
            assert!(!is_cut(wrong), "{wrong:02X?}");
        }
        let deep = [[0x30, 0x80].repeat(100_000), vec![0; 200_000]].concat();
        assert!(!is_cut(&deep), "needs no stack");
    }

    #[test]
    fn elements_are_told_one_by_one() {
        let lengths = |whole: &[u8]| within(whole).iter().map(|element| element.value().len()).collect::<Vec<_>>();
        assert_eq!(lengths(&[0x30, 7, 2, 1, 7, 4, 2, 8, 9]), [1, 2]);
        assert_eq!(lengths(&[0x30, 0x80, 2, 1, 7, 4, 2, 8, 9, 0, 0]), [1, 2]);
        assert_eq!(lengths(&[0x30, 4, 2, 1, 7, 4]), [1], "as far as they can be read");
        assert!(within(&[0x30, 4, 2, 1, 7]).is_empty());
    }
}
