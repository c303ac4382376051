//! Long inputs from short ones.

/// The input, and bytes made from it behind, up to so many: generators take more than fuzzers begin with, and make the least
/// of everything once the input has ended.
pub(crate) fn stretched(data: &[u8], bytes: usize) -> Vec<u8> {
    let mut state = data.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut out = data.to_vec();
    while out.len() < bytes {
        // xorshift64*
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        out.extend(state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes());
    }
    out
}
