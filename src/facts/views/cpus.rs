use super::few::with_all;
use super::text::integer;
use super::{ParamType, View, ViewArg, ViewField, ViewType, string};

pub(super) const CPU_LIST: View = View {
    name: "cpu_list",
    params: &[("list", ParamType::String)],
    fields: &[
        ("malformed", ViewType::Bool, "whether a piece is neither a number nor a range"),
        ("highest", ViewType::Int, "the highest number in front of the first such piece; 0 if there is none"),
    ],
    doc: "A list of processors or memory nodes, `0-3,8`",
    source: "moby pkg/parsers parseUintList",
    eval: |args, out| {
        let mut highest = 0;
        for piece in pieces(string(args, 0)) {
            match piece {
                Some((_, last)) => highest = highest.max(last),
                None => return out.set([ViewField::Bool(true), ViewField::Int(highest)]),
            }
        }
        out.set([ViewField::Bool(false), ViewField::Int(highest)])
    },
};

pub(super) const CPU_SET: View = View {
    name: "cpu_set",
    params: &[("list", ParamType::String), ("available", ParamType::String)],
    fields: &[
        (
            "maximum",
            ViewType::Int,
            "the highest number that is looked at: 8192, or more if more is available",
        ),
        ("beyond", ViewType::Bool, "whether the first bad piece of the list is a number above that"),
        ("missing", ViewType::Bool, "whether no piece is bad, and one is not available"),
    ],
    doc: "A list of processors or memory nodes, held against those that are available",
    source: "moby pkg/parsers parseUintList; pkg/sysinfo isCpusetListAvailable",
    eval: |args, out| {
        with_all(pieces(string(args, 1)).flatten(), |available| {
            available.sort_unstable();
            let highest = available.iter().map(|r| r.1).max().unwrap_or_default();
            let maximum = highest.max(8192);
            let (mut beyond, mut malformed, mut missing) = (false, false, false);
            for piece in pieces(string(args, 0)) {
                match piece {
                    Some((_, last)) if last > maximum => beyond = true,
                    Some(range) => missing |= !covered(range, available),
                    None => malformed = true,
                }
                if beyond || malformed {
                    break;
                }
            }
            out.set([
                ViewField::Int(maximum),
                ViewField::Bool(beyond),
                ViewField::Bool(missing && !beyond && !malformed),
            ])
        })
    },
};

pub(super) const NANO_CPUS: View = View {
    name: "nano_cpus",
    params: &[("cpus", ParamType::Int)],
    fields: &[(
        "count",
        ViewType::Int,
        "a thousand million for each; the largest integer if that is too much",
    )],
    doc: "A number of processors, in the unit of NanoCpus",
    source: "moby daemon/daemon_unix.go verifyPlatformContainerResources",
    eval: |args, out| {
        let cpus = match args.first() {
            Some(ViewArg::Int(n)) => *n,
            Some(ViewArg::Item(item)) => item.int(),
            _ => 0,
        };
        out.set([ViewField::Int(cpus.saturating_mul(1_000_000_000))])
    },
};

/// The ranges of a list, first and last; `None` for a piece that is none. The empty list has no pieces.
fn pieces(list: &[u8]) -> impl Iterator<Item = Option<(i64, i64)>> {
    let some = (!list.is_empty()).then_some(list);
    some.into_iter().flat_map(|list| list.split(|b| *b == b',')).map(|piece| {
        let mut ends = piece.splitn(2, |b| *b == b'-').map(|end| integer(end, 64));
        match (ends.next().flatten(), ends.next()) {
            (Some(first), None) => Some((first, first)),
            (Some(first), Some(Some(last))) if last >= first => Some((first, last)),
            _ => None,
        }
    })
}

/// Whether every number of a range lies in one of the sorted ranges.
fn covered((first, last): (i64, i64), available: &[(i64, i64)]) -> bool {
    let mut next = first;
    for (from, to) in available {
        if *from > next {
            return false;
        }
        if *to >= last {
            return true;
        }
        next = next.max(to.saturating_add(1));
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    #[test]
    fn a_list_is_what_the_daemon_reads() {
        for (list, malformed, highest) in [
            ("", "false", "0"),
            ("0-3,+8", "false", "8"),
            ("007", "false", "7"),
            ("3-0", "true", "0"),
            ("5,,1", "true", "5"),
            ("-1", "true", "0"),
            ("0-", "true", "0"),
            ("1e1", "true", "0"),
            (" 0", "true", "0"),
            ("9223372036854775808", "true", "0"),
        ] {
            let result = call("cpu_list", &[list]);
            assert_eq!(["malformed", "highest"].map(|f| field(&result, f)), [malformed, highest], "{list}");
        }
    }

    #[test]
    fn a_list_is_held_against_what_there_is() {
        for (list, available, beyond, missing) in [
            ("0-3", "0-3", "false", "false"),
            ("3,1", "0-1,2-3", "false", "false"),
            ("0-3", "0-1,3", "false", "true"),
            ("4", "0-3", "false", "true"),
            ("8192", "0", "false", "true"),
            ("0-8193", "0", "true", "false"),
            ("8193,x", "0", "true", "false"),
            ("x,8193", "0", "false", "false"),
            ("9000", "0-9000", "false", "false"),
            ("", "", "false", "false"),
        ] {
            let result = call("cpu_set", &[list, available]);
            assert_eq!(["beyond", "missing"].map(|f| field(&result, f)), [beyond, missing], "{list}");
        }
    }
}
