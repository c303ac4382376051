#!/usr/bin/env python3
"""Records which command lines the real containerd-shim-runc-v2 executes, into shim-commands.ndjson beside this file.

The shim of Debian's package `containerd` is unpacked into a temporary folder (nothing is installed), started without
containerd, and told over its own socket, in ttrpc, to create, start, exec, pause, … a container. The OCI runtime below it is a
fake that writes down its arguments. Needs root, apt-get and dpkg; where they are missing it says so and ends with status 0.

    tests/record/shim-commands.py            compares with the recorded file; status 1 if it differs
    tests/record/shim-commands.py --write    records anew
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

RECORDED = pathlib.Path(__file__).resolve().with_suffix(".ndjson")

FAKE = r'''#!/usr/bin/env python3
import array, json, os, pty, socket, subprocess, sys
args = sys.argv[1:]
with open(__file__ + ".log", "a") as log:
    log.write(json.dumps(["runtime"] + args) + "\n")
value = lambda flag: args[args.index(flag) + 1] if flag in args else None
if value("--console-socket"):
    master, _ = pty.openpty()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(value("--console-socket"))
        s.sendmsg([b"pty"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [master]))])
if value("--pid-file"):
    quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process = subprocess.Popen(["sleep", "60"], start_new_session=True, **quiet)
    with open(value("--pid-file"), "w") as f:
        f.write(str(process.pid))
if "kill" in args or "delete" in args:
    bundle = os.path.dirname(value("--log"))
    with open(os.path.join(bundle, "init.pid")) as f:
        try:
            os.kill(int(f.read()), 9)
        except ProcessLookupError:
            pass
if "ps" in args:
    print("[]")
'''


def skip(why):
    print(f"skipped: {why}")
    sys.exit(0)


# --- protobuf and ttrpc, as much as is needed -------------------------------------------------------------------------------


def varint(n):
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def message(**fields):
    """Fields by number, `f1=…`: text, bytes, bool, int, or a list of those; zero values are left out."""
    out = b""
    for name, values in fields.items():
        number = int(name[1:])
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, (bool, int)):
                if value:
                    out += varint(number << 3) + varint(int(value))
            elif value:
                data = value.encode() if isinstance(value, str) else value
                out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def any_of(url, value):
    return message(f1=url, f2=value)


def parse(data):
    """The length-delimited fields of a message."""
    fields, at = {}, 0

    def number():
        nonlocal at
        n, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            n |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return n

    while at < len(data):
        key = number()
        if key & 7 == 0:
            fields[key >> 3] = number()
        else:
            length = number()
            fields[key >> 3] = data[at : at + length]
            at += length
    return fields


def receive(connection, length):
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise EOFError
        data += more
    return data


class Shim:
    """The service containerd.task.v2.Task."""

    def __init__(self, path):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(30)
        self.connection.connect(path)
        self.stream = 1

    def call(self, method, payload):
        request = message(f1="containerd.task.v2.Task", f2=method, f3=payload)
        self.connection.sendall(struct.pack(">IIBB", len(request), self.stream, 1, 0) + request)
        self.stream += 2
        length, _, _, _ = struct.unpack(">IIBB", receive(self.connection, 10))
        status = parse(receive(self.connection, length)).get(1)
        if status and parse(status).get(1):
            raise RuntimeError(f"{method}: {parse(status).get(2, b'').decode()}")


def swallow_events(path):
    """Stands in for containerd, to whom the shim reports events."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()

    def serve(connection):
        try:
            while True:
                length, stream, _, _ = struct.unpack(">IIBB", receive(connection, 10))
                receive(connection, length)
                connection.sendall(struct.pack(">IIBB", 0, stream, 2, 0))
        except (EOFError, OSError):
            pass

    def accept():
        while True:
            threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


# --- what is recorded -------------------------------------------------------------------------------------------------------

# The options of the shim, by their JSON names, and whether a terminal is asked for.
CONFIGURATIONS = [
    {"options": {}},
    {"options": {"root": "STATE", "systemd_cgroup": True}},
    {"options": {"no_pivot_root": True, "no_new_keyring": True, "criu_work_path": "CRIU"}},
    {"options": {"root": "STATE/", "no_pivot_root": True}, "terminal": True},
]
CHECKPOINTS = [
    {"path": "IMAGE"},
    {"path": "IMAGE", "exit": True, "work_path": "DUMP"},
    {
        "path": "IMAGE",
        "open_tcp": True,
        "external_unix_sockets": True,
        "terminal": True,
        "file_locks": True,
        "empty_namespaces": ["network", "ipc"],
    },
]
NUMBERS = {"no_pivot_root": 1, "no_new_keyring": 2, "binary_name": 6, "root": 7, "systemd_cgroup": 9, "criu_work_path": 11}
CHECKPOINT_NUMBERS = {
    "exit": 1,
    "open_tcp": 2,
    "external_unix_sockets": 3,
    "terminal": 4,
    "file_locks": 5,
    "empty_namespaces": 6,
    "work_path": 9,
}


def numbered(values, numbers):
    return message(**{f"f{numbers[key]}": value for key, value in values.items() if key in numbers})


class Recorder:
    def __init__(self, shim, folder):
        self.shim, self.folder, self.lines = shim, folder, []
        self.fake = folder / "fake-runtime"
        self.fake.write_text(FAKE)
        self.fake.chmod(0o755)
        self.log = pathlib.Path(f"{self.fake}.log")
        self.events = folder / "events.sock"
        swallow_events(str(self.events))

    def real(self, value):
        """Names in capitals are folders of ours."""
        if isinstance(value, str):
            for name in ("STATE", "CRIU", "IMAGE", "DUMP"):
                value = value.replace(name, str(self.folder / name.lower()))
        return value

    def neutral(self, argv, bundle):
        """Takes paths of this machine out, and what is random."""
        out = []
        for before, word in zip([""] + argv, argv):
            if before == "--console-socket":
                word = "SOCKET"
            elif before == "--process":
                word = "PROCESS"
            word = "ID" if word == bundle.name else word.replace(str(bundle), "/bundle")
            for name in ("STATE", "CRIU", "IMAGE", "DUMP"):
                word = word.replace(str(self.folder / name.lower()), f"/{name.lower()}")
            out.append(word)
        return out

    def tell(self, config, operation, bundle, do):
        """Does something, and records what was executed for it."""
        self.log.write_text("")
        do()
        executed = [json.loads(line) for line in self.log.read_text().splitlines()]
        for argv in executed:
            # Starting and killing make the shim clean up behind a process that ends; only the operation counts.
            if operation["op"] in argv:
                break
        else:
            raise RuntimeError(f"nothing was executed for {operation}: {executed}")
        small = lambda v: v.lower() if isinstance(v, str) else v
        options = {k: "/" + small(v) if isinstance(v, str) else v for k, v in config["options"].items()}
        operation = {k: "/" + small(v) if k in ("path", "work_path", "checkpoint", "parent") else v for k, v in operation.items()}
        if config.get("terminal") and operation["op"] in ("create", "restore", "exec"):
            operation["console_socket"] = "SOCKET"
        line = {"options": options, "operation": operation, "argv": self.neutral(argv, bundle)}
        self.lines.append(line)

    def start_shim(self, bundle, id):
        arguments = [self.shim, "-namespace", "moby", "-address", str(self.events), "-id", id, "-bundle", str(bundle)]
        environment = dict(os.environ, TTRPC_ADDRESS=str(self.events), XDG_RUNTIME_DIR=str(self.folder))
        run = lambda action: subprocess.run(
            arguments + [action], cwd=bundle, env=environment, check=True, capture_output=True, timeout=60
        ).stdout.decode(errors="replace")
        return run, run("start").strip().removeprefix("unix://")

    def container(self, id, config, restored):
        bundle = self.folder / id
        bundle.mkdir()
        (bundle / "config.json").write_text('{"ociVersion": "1.0.2"}')
        # The shim leaves its log in a pipe that containerd makes.
        os.mkfifo(bundle / "log")
        os.mkfifo(bundle / "out")
        keep = [os.open(bundle / name, os.O_RDWR) for name in ("log", "out")]
        run, address = self.start_shim(bundle, id)
        shim = Shim(address)
        options = {key: self.real(value) for key, value in config["options"].items()}
        encoded = numbered({**options, "binary_name": str(self.fake)}, NUMBERS)
        terminal = config.get("terminal", False)
        out = str(bundle / "out") if terminal else ""
        create = dict(f1=id, f2=str(bundle), f4=terminal, f6=out, f10=any_of("containerd.runc.v1.Options", encoded))
        try:
            start = lambda: shim.call("Start", message(f1=id))
            if restored is not None:
                shim.call("Create", message(**create, f8=self.real("IMAGE"), f9=self.real(restored.get("parent", ""))))
                self.tell(config, {"op": "restore", "checkpoint": "IMAGE", **restored}, bundle, start)
            else:
                self.tell(config, {"op": "create"}, bundle, lambda: shim.call("Create", message(**create)))
                self.tell(config, {"op": "start"}, bundle, start)
            spec = any_of("types.containerd.io/opencontainers/runtime-spec/1/Process", b'{"args": ["sh"], "cwd": "/"}')
            shim.call("Exec", message(f1=id, f2="second", f3=terminal, f5=out, f7=spec))
            self.tell(config, {"op": "exec", "exec_id": "second"}, bundle, lambda: shim.call("Start", message(f1=id, f2="second")))
            self.tell(config, {"op": "pause"}, bundle, lambda: shim.call("Pause", message(f1=id)))
            self.tell(config, {"op": "resume"}, bundle, lambda: shim.call("Resume", message(f1=id)))
            resources = any_of("types.containerd.io/opencontainers/runtime-spec/1/LinuxResources", b"{}")
            self.tell(config, {"op": "update"}, bundle, lambda: shim.call("Update", message(f1=id, f2=resources)))
            self.tell(config, {"op": "ps"}, bundle, lambda: shim.call("Pids", message(f1=id)))
            for checkpoint in CHECKPOINTS:
                real = {key: self.real(value) for key, value in checkpoint.items()}
                how = any_of("containerd.runc.v1.CheckpointOptions", numbered(real, CHECKPOINT_NUMBERS))
                request = message(f1=id, f2=real["path"], f3=how)
                self.tell(config, {"op": "checkpoint", **checkpoint}, bundle, lambda: shim.call("Checkpoint", request))
            for number, all_of_them in ((15, False), (9, True)):
                request = message(f1=id, f3=number, f4=all_of_them)
                operation = {"op": "kill", "signal": number, "all": all_of_them}
                self.tell(config, operation, bundle, lambda: shim.call("Kill", request))
            shim.call("Wait", message(f1=id))
            self.tell(config, {"op": "delete"}, bundle, lambda: shim.call("Delete", message(f1=id)))
            self.tell(config, {"op": "delete", "force": True}, bundle, lambda: run("delete"))
        finally:
            try:
                shim.call("Shutdown", message(f1=id, f2=True))
            except (RuntimeError, OSError, EOFError):
                pass
            pid = bundle / "shim.pid"
            if pid.exists():
                try:
                    os.kill(int(pid.read_text()), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            pathlib.Path(address).unlink(missing_ok=True)
            for descriptor in keep:
                os.close(descriptor)


def unpacked(folder):
    if os.geteuid() != 0:
        skip("the shim wants to be root")
    for tool in ("apt-get", "dpkg", "dpkg-query"):
        if not shutil.which(tool):
            skip(f"there is no {tool}")
    quiet = dict(cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if subprocess.run(["apt-get", "download", "containerd"], **quiet).returncode != 0:
        skip("the package containerd cannot be downloaded")
    [package] = folder.glob("containerd_*.deb")
    subprocess.run(["dpkg", "-x", package.name, "unpacked"], check=True, **quiet)
    return folder / "unpacked" / "usr" / "bin" / "containerd-shim-runc-v2", package.name.split("_")[1].replace("%3a", ":")


def main():
    with tempfile.TemporaryDirectory(prefix="shim-") as name:
        folder = pathlib.Path(name)
        shim, version = unpacked(folder)
        recorder = Recorder(shim, folder)
        for number, config in enumerate(CONFIGURATIONS):
            recorder.container(f"c{number}", config, None)
        recorder.container("r0", CONFIGURATIONS[0], {"parent": "DUMP"})
        recorder.container("r1", CONFIGURATIONS[2], {})
        recorder.container("r2", CONFIGURATIONS[3], {})
        text = "".join(json.dumps(line) + "\n" for line in unique(recorder.lines))
    if "--write" in sys.argv:
        RECORDED.write_text(text)
        print(f"{text.count(chr(10))} command lines of the shim of containerd {version} recorded")
    elif text != RECORDED.read_text():
        sys.exit(f"the shim of containerd {version} executes something else than is recorded; --write, and compare")
    else:
        print(f"{text.count(chr(10))} command lines of the shim of containerd {version} are as recorded")


def unique(lines):
    seen = []
    for line in lines:
        if line not in seen:
            seen.append(line)
    return seen


if __name__ == "__main__":
    main()
