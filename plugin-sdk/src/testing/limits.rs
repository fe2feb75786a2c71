//! The limits on a verdict, as the gateway has them unless its operator sets others.

use crate::verdict::Verdict;

const OUTPUTS: usize = 1000;
const OUTPUT_BYTES: usize = 4 << 20;

/// Which limit the verdict breaks.
pub(super) fn over(verdict: &Verdict) -> Option<String> {
    let Verdict::Forward(outputs) = verdict else {
        return None;
    };
    if outputs.len() > OUTPUTS {
        return Some(format!("{} outputs, the limit is {OUTPUTS}", outputs.len()));
    }
    let bytes: usize = outputs.iter().map(|output| output.payload.len()).sum();
    (bytes > OUTPUT_BYTES).then(|| format!("{bytes} bytes of output, the limit is {OUTPUT_BYTES}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{drop, forward, forward_all};

    #[test]
    fn a_verdict_is_bounded() {
        let check = |verdict, expected: Option<&str>| assert_eq!(over(&verdict).as_deref(), expected);
        check(drop("x"), None);
        check(forward_all(vec![""; 1000]), None);
        check(forward_all(vec![""; 1001]), Some("1001 outputs, the limit is 1000"));
        check(forward(vec![0; 4 << 20]), None);
        check(forward(vec![0; 4194305]), Some("4194305 bytes of output, the limit is 4194304"));
    }
}
