//! What the kernel supports, as moby's pkg/sysinfo finds it out: `sysinfo_linux.go` for version 1, `cgroup2_linux.go`
//! for version 2.

use serde_json::{Map, Value as Json, json};

use super::root::Root;

/// Adds `cgroup_v2`, `systemd_cgroup`, `cpuset_cpus`, `cpuset_mems` and `sysinfo`, as far as they can be told.
pub(super) fn facts(root: &Root, process: &str, out: &mut Map<String, Json>) {
    let mut sysinfo = Map::new();
    if let Some(mounts) = root.read(&format!("{process}/mountinfo")).map(|text| Mounts::parse(&text)) {
        let unified = mounts.kind_at("/sys/fs/cgroup") == Some("cgroup2");
        out.insert("cgroup_v2".to_owned(), unified.into());
        let systemd = if unified { root.exists("/run/systemd/system") } else { Some(false) };
        if let Some(systemd) = systemd {
            out.insert("systemd_cgroup".to_owned(), systemd.into());
        }
        if unified {
            version_2(root, process, &mut sysinfo, out);
        } else {
            version_1(root, &mounts, &mut sysinfo, out);
        }
    }
    // Without the folder nobody can tell: /proc is not there.
    if root.exists(&format!("{process}/ns")) == Some(true)
        && let Some(there) = root.exists(&format!("{process}/ns/cgroup"))
    {
        sysinfo.insert("cgroup_namespaces".to_owned(), there.into());
    }
    if let Some(forward) = root.read("/proc/sys/net/ipv4/ip_forward") {
        sysinfo.insert("ipv4_forwarding_disabled".to_owned(), (forward.trim() != "1").into());
    }
    if !sysinfo.is_empty() {
        out.insert("sysinfo".to_owned(), Json::Object(sysinfo));
    }
}

fn version_1(root: &Root, mounts: &Mounts, sysinfo: &mut Map<String, Json>, out: &mut Map<String, Json>) {
    // Each capability is a file of a controller; without the controller it is lacking.
    let files: [(&str, &str, Option<&str>); 15] = [
        ("memory_limit", "memory", None),
        ("swap_limit", "memory", Some("memory.memsw.limit_in_bytes")),
        ("memory_reservation", "memory", Some("memory.soft_limit_in_bytes")),
        ("memory_swappiness", "memory", Some("memory.swappiness")),
        ("oom_kill_disable", "memory", Some("memory.oom_control")),
        ("kernel_memory", "memory", Some("memory.kmem.limit_in_bytes")),
        ("pids_limit", "pids", None),
        ("cpu_shares", "cpu", Some("cpu.shares")),
        ("cpu_cfs", "cpu", Some("cpu.cfs_quota_us")),
        ("cpu_realtime", "cpu", Some("cpu.rt_period_us")),
        ("cpuset", "cpuset", None),
        ("blkio_weight", "blkio", Some("blkio.weight")),
        ("blkio_weight_device", "blkio", Some("blkio.weight_device")),
        ("blkio_read_bps", "blkio", Some("blkio.throttle.read_bps_device")),
        ("blkio_write_bps", "blkio", Some("blkio.throttle.write_bps_device")),
    ];
    let more = [
        ("blkio_read_iops", "blkio", Some("blkio.throttle.read_iops_device")),
        ("blkio_write_iops", "blkio", Some("blkio.throttle.write_iops_device")),
    ];
    for (name, controller, file) in files.into_iter().chain(more) {
        let found = match (mounts.controller(controller), file) {
            (None, _) => Some(false),
            (Some(_), None) => Some(true),
            (Some(folder), Some(file)) => root.exists(&format!("{folder}/{file}")),
        };
        if let Some(found) = found {
            sysinfo.insert(name.to_owned(), found.into());
        }
    }
    if let Some(folder) = mounts.controller("cpuset") {
        list(root, "cpuset_cpus", &format!("{folder}/cpuset.cpus"), out);
        list(root, "cpuset_mems", &format!("{folder}/cpuset.mems"), out);
    }
}

fn version_2(root: &Root, process: &str, sysinfo: &mut Map<String, Json>, out: &mut Map<String, Json>) {
    const TOP: &str = "/sys/fs/cgroup";
    let Some(controllers) = root.read(&format!("{TOP}/cgroup.controllers")) else { return };
    let has = |controller: &str| controllers.split_whitespace().any(|c| c == controller);
    let mut set = |name: &str, value: bool| sysinfo.insert(name.to_owned(), value.into());
    // Version 2 has none of these.
    for name in ["memory_swappiness", "oom_kill_disable", "kernel_memory", "cpu_realtime"] {
        set(name, false);
    }
    let memory = has("memory");
    set("memory_limit", memory);
    set("memory_reservation", memory);
    set("cpu_shares", has("cpu"));
    set("cpu_cfs", has("cpu"));
    set("cpuset", has("cpuset"));
    set("pids_limit", has("pids"));
    for name in ["weight", "weight_device", "read_bps", "write_bps", "read_iops", "write_iops"] {
        set(&format!("blkio_{name}"), has("io"));
    }
    // `getSwapLimitV2` looks into the daemon's own group. The group at the top never has the file.
    let own = root.read(&format!("{process}/cgroup")).and_then(|text| {
        text.lines().find_map(|line| line.strip_prefix("0::")).map(|group| group.trim_end().to_owned())
    });
    let swap = match own.as_deref() {
        _ if !memory => Some(false),
        None => None,
        Some("/" | "") if process.ends_with("/self") => {
            root.note("swap_limit is left out: this process is in no group of its own".to_owned());
            None
        }
        Some(group) => root.exists(&format!("{TOP}{group}/memory.swap.max")),
    };
    if let Some(swap) = swap {
        set("swap_limit", swap);
    }
    if has("cpuset") {
        list(root, "cpuset_cpus", &format!("{TOP}/cpuset.cpus.effective"), out);
        list(root, "cpuset_mems", &format!("{TOP}/cpuset.mems.effective"), out);
    }
}

fn list(root: &Root, name: &str, path: &str, out: &mut Map<String, Json>) {
    if let Some(text) = root.read(path) {
        out.insert(name.to_owned(), json!(text.trim()));
    }
}

/// `/proc/PID/mountinfo`, as far as it is about what is asked here.
struct Mounts(Vec<Mount>);

struct Mount {
    point: String,
    kind: String,
    options: String,
}

impl Mounts {
    fn parse(text: &str) -> Self {
        let mount = |line: &str| {
            let (before, after) = line.split_once(" - ")?;
            let mut after = after.split(' ');
            Some(Mount {
                point: before.split(' ').nth(4)?.to_owned(),
                kind: after.next()?.to_owned(),
                options: after.nth(1).unwrap_or_default().to_owned(),
            })
        };
        Self(text.lines().filter_map(mount).collect())
    }

    /// The file system that is seen at a mount point: the one mounted last.
    fn kind_at(&self, point: &str) -> Option<&str> {
        self.0.iter().rev().find(|mount| mount.point == point).map(|mount| mount.kind.as_str())
    }

    /// Where a controller of version 1 is mounted.
    fn controller(&self, name: &str) -> Option<&str> {
        let has =
            |mount: &&Mount| mount.kind == "cgroup" && mount.options.split(',').any(|option| option == name);
        self.0.iter().find(has).map(|mount| mount.point.as_str())
    }
}
