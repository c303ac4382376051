//! Any bytes as a runtime name: judged by the one-line definition, and never resolved to a path.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use plimsoll::engine::{Budget, Verdict};
use plimsoll::runtime::RuntimeName;
use plimsoll::subject::{Kind, Policy, Request};

static POLICIES: LazyLock<[(Policy, bool); 2]> = LazyLock::new(|| {
    [("moby-23", true), ("moby-28", false)].map(|(id, dot)| (Policy::builtin(id).unwrap(), dot))
});

fuzz_target!(|name: &str| {
    let document = serde_json::json!({ "name": name }).to_string();
    for (policy, leading_dot) in &*POLICIES {
        let request = Request::new(Kind::Name, document.as_bytes());
        let allowed = policy.judge(&request, &Budget::default()).unwrap().decision.verdict == Verdict::Allow;
        let known = ["runc", "io.containerd.runc.v2"].contains(&name) || (name.is_empty() && !leading_dot);
        let permissible = !name.contains('/') && name.contains('.') && (*leading_dot || !name.starts_with('.'));
        assert_eq!(allowed, known || permissible, "{name:?}");
        if permissible {
            let binary = RuntimeName(name.as_bytes()).shim_binary().unwrap();
            assert!(!binary.as_bytes().contains(&b'/'));
        }
    }
});
