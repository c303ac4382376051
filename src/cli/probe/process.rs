//! What is true of a process, the daemon or this one, and of the machine it runs on.

use serde_json::{Map, Value as Json, json};

use super::root::Root;
use crate::facts::views::CAPABILITIES;

/// Adds the number of processors of the process, and of the daemon its capabilities and environment.
///
/// Gives the search path of the process.
pub(super) fn facts(
    root: &Root,
    pid: Option<u32>,
    process: &str,
    out: &mut Map<String, Json>,
) -> Option<String> {
    let status = root.read(&format!("{process}/status")).unwrap_or_default();
    let field = |name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    };
    if let Some(cpus) = field("Cpus_allowed_list").and_then(count) {
        out.insert("cpus".to_owned(), cpus.into());
    }
    if pid.is_none() {
        root.note("capabilities and docker_ramdisk are left out: they are the daemon's (--pid tells which process that is)".to_owned());
        return std::env::var("PATH").ok().inspect(|_| {
            root.note("the search path is that of this process".to_owned());
        });
    }
    let mask = field("CapEff").and_then(|mask| u64::from_str_radix(mask, 16).ok());
    if let Some(mask) = mask {
        let held = CAPABILITIES.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1);
        let names: Vec<&str> = held.map(|(_, name)| *name).collect();
        out.insert("capabilities".to_owned(), json!(names));
    }
    let environment = root.read(&format!("{process}/environ"))?;
    let variable =
        |name: &str| environment.split('\0').find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='));
    // `os.Getenv("DOCKER_RAMDISK") != ""`
    let ramdisk = variable("DOCKER_RAMDISK").is_some_and(|value| !value.is_empty());
    out.insert("docker_ramdisk".to_owned(), ramdisk.into());
    variable("PATH").map(str::to_owned)
}

/// Adds what belongs to the machine: kernel and processor.
pub(super) fn machine(root: &Root, out: &mut Map<String, Json>) {
    let release = root.read("/proc/sys/kernel/osrelease");
    let major = release.as_deref().and_then(|release| release.split('.').next()?.trim().parse::<u32>().ok());
    if let Some(major) = major {
        out.insert("kernel_before_4".to_owned(), (major < 4).into());
    }
    // A kernel without SELinux leaves no doubt; with it, it is for the daemon to switch it on.
    if root.read("/proc/filesystems").is_some_and(|kinds| !kinds.contains("selinuxfs")) {
        out.insert("selinux".to_owned(), false.into());
    }
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    out.insert("os".to_owned(), json!(std::env::consts::OS));
    out.insert("architecture".to_owned(), json!(architecture));
    if architecture == "amd64"
        && let Some(variant) = root.read("/proc/cpuinfo").as_deref().and_then(amd64_variant)
    {
        out.insert("variant".to_owned(), json!(variant));
    }
}

/// The level of the psABI, as go-archvariant has it.
fn amd64_variant(cpuinfo: &str) -> Option<&'static str> {
    const LEVELS: [(&str, &[&str]); 3] = [
        ("v2", &["cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"]),
        ("v3", &["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"]),
        ("v4", &["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]),
    ];
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"))?.split_once(':')?.1;
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let reached = LEVELS.iter().take_while(|(_, wanted)| wanted.iter().all(|flag| flags.contains(flag)));
    Some(reached.last().map_or("v1", |(level, _)| level))
}

/// How many numbers a list such as `0-3,5` has.
fn count(list: &str) -> Option<u64> {
    list.split(',').try_fold(0, |sum, piece| {
        let (first, last) = piece.split_once('-').unwrap_or((piece, piece));
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        Some(sum + last.checked_sub(first)? + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_counted() {
        for (list, n) in [("0", Some(1)), ("0-3", Some(4)), ("0-1,4,6-7", Some(5)), ("", None), ("3-0", None)]
        {
            assert_eq!(count(list), n, "{list}");
        }
    }

    #[test]
    fn variants_build_on_each_other() {
        let v2 = "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3";
        let v4 = "avx512f avx512bw avx512cd avx512dq avx512vl";
        for (flags, variant) in [("fpu", "v1"), (v2, "v2"), (&format!("{v2} {v4}"), "v2")] {
            assert_eq!(amd64_variant(&format!("processor\t: 0\nflags\t\t: {flags}\n")), Some(variant));
        }
        assert_eq!(amd64_variant("processor: 0"), None);
    }
}
