use super::super::files::Disk;
use super::memory::Memory;
use super::*;

/// What happens at the operation that is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It fails, and the program goes on.
    Fails,
    /// The program stops before it.
    Stops,
    /// A write puts half of its bytes there, then the program stops.
    Tears,
}

/// Files of which one operation goes wrong.
struct Faulty<'f, F> {
    files: &'f mut F,
    at: usize,
    fault: Fault,
    count: usize,
}

impl<F: Files> Faulty<'_, F> {
    fn new(files: &mut F, at: usize, fault: Fault) -> Faulty<'_, F> {
        Faulty { files, at, fault, count: 0 }
    }

    fn step(&mut self) -> io::Result<()> {
        self.count += 1;
        let wrong = if self.fault == Fault::Fails { self.count == self.at } else { self.count >= self.at };
        if wrong { Err(io::Error::other("injected")) } else { Ok(()) }
    }
}

impl<F: Files> Files for Faulty<'_, F> {
    type File = F::File;
    type Lock = F::Lock;

    fn find(&mut self, path: &Path) -> io::Result<Found> {
        self.step()?;
        self.files.find(path)
    }
    fn names(&mut self, folder: &Path) -> io::Result<Vec<OsString>> {
        self.step()?;
        self.files.names(folder)
    }
    fn read(&mut self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.step()?;
        self.files.read(path, limit)
    }
    fn lock(&mut self, folder: &Path) -> io::Result<F::Lock> {
        self.step()?;
        self.files.lock(folder)
    }
    fn make_folder(&mut self, path: &Path) -> io::Result<()> {
        self.step()?;
        self.files.make_folder(path)
    }
    fn create(&mut self, path: &Path) -> io::Result<F::File> {
        self.step()?;
        self.files.create(path)
    }
    fn write(&mut self, file: &mut F::File, bytes: &[u8]) -> io::Result<()> {
        let step = self.step();
        if step.is_err() && self.fault == Fault::Tears && self.count == self.at {
            self.files.write(file, &bytes[..bytes.len() / 2])?;
        }
        step?;
        self.files.write(file, bytes)
    }
    fn set_mode(&mut self, file: &mut F::File, mode: u32) -> io::Result<()> {
        self.step()?;
        self.files.set_mode(file, mode)
    }
    fn sync(&mut self, file: &mut F::File) -> io::Result<()> {
        self.step()?;
        self.files.sync(file)
    }
    fn sync_folder(&mut self, path: &Path) -> io::Result<()> {
        self.step()?;
        self.files.sync_folder(path)
    }
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        self.files.rename(from, to)
    }
    fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.step()?;
        self.files.remove(path)
    }
    fn remove_folder(&mut self, path: &Path) -> io::Result<()> {
        self.step()?;
        self.files.remove_folder(path)
    }
}

fn script(name: &str, argument: &str) -> ScriptFile {
    let script = WrapperScript::new(name.as_bytes(), b"/usr/bin/crun", &[argument]);
    let name = String::from_utf8(script.file_name().to_vec()).unwrap();
    ScriptFile { name: name.into(), contents: script.contents().to_vec() }
}

fn plain(name: &str, argument: &str) -> ScriptFile {
    ScriptFile { name: name.into(), ..script(name, argument) }
}

const FAULTS: [Fault; 3] = [Fault::Fails, Fault::Stops, Fault::Tears];

/// Runs with a fault at each operation in turn until a run gets through, and hands over what is left behind.
fn with_every_fault(
    folder: &Path,
    scripts: &[ScriptFile],
    generation: Generation,
    before: impl Fn() -> Memory,
    mut after: impl FnMut(&Memory, Fault, bool),
) {
    for fault in FAULTS {
        let mut through = false;
        for at in 1.. {
            let mut files = before();
            let mut faulty = Faulty::new(&mut files, at, fault);
            let result = write(&mut faulty, folder, scripts, generation);
            let whole = faulty.count < at;
            assert!(at < 1000);
            assert!(!whole || result.is_ok());
            after(&files, fault, result.is_ok());
            if whole {
                through = true;
                break;
            }
        }
        assert!(through);
    }
}

#[test]
fn whatever_goes_wrong_a_name_has_the_whole_script_or_nothing() {
    let folder = Path::new("/d/runtimes");
    let scripts = [script("a", "--one"), script("b", "--two"), script("c", "--three")];
    let kept = [script("b", "--two"), script("old", "--zero")];
    let before = || {
        let mut files = Memory::new("/d");
        write(&mut files, folder, &kept, Generation::Reloadable).unwrap();
        files
    };
    let mut seen = 0;
    with_every_fault(folder, &scripts, Generation::Reloadable, before, |files, fault, done| {
        for mut state in std::iter::once(files.clone()).chain(files.after_power_cuts()) {
            seen += 1;
            for script in &scripts {
                match state.contents(&folder.join(&script.name)) {
                    None => assert!(!done && *script != kept[0], "{fault:?} {script:?}"),
                    Some(found) => assert_eq!(found, (script.contents.as_slice(), 0o700), "{fault:?}"),
                }
            }
            let old = state.contents(&folder.join(&kept[1].name)).unwrap();
            assert_eq!(old, (kept[1].contents.as_slice(), 0o700));

            // The next run finishes the work and leaves nothing else behind.
            write(&mut state, folder, &scripts, Generation::Reloadable).unwrap();
            let mut names = state.names(folder).unwrap();
            let mut expected: Vec<_> = scripts.iter().chain([&kept[1]]).map(|s| s.name.clone()).collect();
            names.sort();
            expected.sort();
            assert_eq!(names, expected);
        }
    });
    assert!(seen > 100, "{seen}");
}

#[test]
fn a_swap_has_the_old_directory_or_the_new_one_at_hand_at_any_time() {
    let folder = Path::new("/d/runtimes");
    let (old, new) =
        ([plain("a", "--old"), plain("b", "--same")], [plain("a", "--new"), plain("c", "--more")]);
    let before = || {
        let mut files = Memory::new("/d");
        write(&mut files, folder, &old, Generation::First).unwrap();
        files
    };
    let holds = |state: &mut Memory, folder: &Path, scripts: &[ScriptFile]| {
        let whole = |s: &ScriptFile| {
            state.contents(&folder.join(&s.name)) == Some((s.contents.as_slice(), WrapperScript::MODE))
        };
        scripts.iter().all(whole) && state.names(folder).unwrap().len() == scripts.len()
    };
    let check = |state: &Memory, fault, done| {
        let mut state = state.clone();
        let in_place = state.find(folder).unwrap() == Found::Folder;
        let ok = match (in_place, done) {
            (true, true) => holds(&mut state, folder, &new),
            (true, false) => holds(&mut state, folder, &new) || holds(&mut state, folder, &old),
            (false, _) => !done && holds(&mut state, Path::new("/d/runtimes-old"), &old),
        };
        assert!(ok, "{fault:?} {done} {state:?}");
        in_place
    };
    let mut nothing_in_place = 0;
    with_every_fault(folder, &new, Generation::First, before, |files, fault, done| {
        for mut state in std::iter::once(files.clone()).chain(files.after_power_cuts()) {
            if !check(&state, fault, done) {
                nothing_in_place += 1;
                // Trouble never comes alone.
                let again = || state.clone();
                with_every_fault(folder, &new, Generation::First, again, |files, fault, done| {
                    check(files, fault, done);
                    files
                        .after_power_cuts()
                        .iter()
                        .for_each(|state| assert!(check(state, fault, done) || !done));
                });
            }
            write(&mut state, folder, &new, Generation::First).unwrap();
            assert!(holds(&mut state, folder, &new));
            assert_eq!(state.names(Path::new("/d")).unwrap(), ["runtimes"]);
        }
    });
    assert!(nothing_in_place > 0);
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let folder = Path::new("/d/runtimes");
    let one = script("a", "--one");
    let put = |files: &mut Memory, path: &Path, contents: &[u8]| {
        let mut file = files.create(path).unwrap();
        files.write(&mut file, contents).unwrap();
    };

    let mut files = Memory::new("/d/runtimes");
    put(&mut files, &folder.join(&one.name), b"something else");
    let result = write(&mut files, folder, std::slice::from_ref(&one), Generation::Reloadable);
    assert!(matches!(result, Err(WriteError::OtherContents(_))), "{result:?}");

    let mut files = Memory::new("/d/runtimes");
    files.make_folder(&folder.join(&one.name)).unwrap();
    let result = write(&mut files, folder, std::slice::from_ref(&one), Generation::Reloadable);
    assert!(matches!(result, Err(WriteError::InTheWay(_))), "{result:?}");

    for place in ["/d/runtimes/passwd", "/d/runtimes-old/passwd", "/d/gen-runtimes/passwd"] {
        let place = Path::new(place);
        let mut files = Memory::new(place.parent().unwrap().to_str().unwrap());
        put(&mut files, place, b"root:x:0:0::/root:/bin/sh\n");
        let result = write(&mut files, folder, &[plain("a", "--one")], Generation::First);
        assert!(matches!(result, Err(WriteError::Foreign { .. })), "{result:?}");
        assert!(files.contents(place).is_some());
    }
}

#[cfg(unix)]
#[test]
fn on_a_disk_as_in_memory() {
    let temporary = tempfile::tempdir().unwrap();
    let scripts = [script("a", "--one"), script("b", "--two")];
    for fault in FAULTS {
        let folder = temporary.path().join(format!("{fault:?}"));
        for at in 1.. {
            let mut disk = Disk;
            let mut faulty = Faulty::new(&mut disk, at, fault);
            let result = write(&mut faulty, &folder, &scripts, Generation::Reloadable);
            let whole = faulty.count < at;
            for script in &scripts {
                let path = folder.join(&script.name);
                match Disk.find(&path).unwrap() {
                    Found::Nothing => assert!(result.is_err()),
                    found => {
                        assert_eq!(found, Found::File { mode: 0o700, size: script.contents.len() as u64 });
                        assert_eq!(Disk.read(&path, 1000).unwrap(), script.contents);
                    }
                }
            }
            if whole {
                assert_eq!(Disk.names(&folder).unwrap(), scripts.each_ref().map(|s| s.name.clone()));
                break;
            }
            // Otherwise a run after the first success would have nothing to write.
            if folder.exists() && at % 2 == 0 {
                Disk.remove_folder(&folder).unwrap();
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_kept_script_has_the_right_mode() {
    let temporary = tempfile::tempdir().unwrap();
    let one = [script("a", "--one")];
    assert_eq!(write(&mut Disk, temporary.path(), &one, Generation::Reloadable).unwrap(), [Written::New]);
    assert_eq!(write(&mut Disk, temporary.path(), &one, Generation::Reloadable).unwrap(), [Written::Kept]);
    let path = temporary.path().join(&one[0].name);
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    assert_eq!(write(&mut Disk, temporary.path(), &one, Generation::Reloadable).unwrap(), [Written::New]);
    assert_eq!(Disk.find(&path).unwrap(), Found::File { mode: 0o700, size: one[0].contents.len() as u64 });
}

#[cfg(unix)]
#[test]
fn two_do_not_write_at_once() {
    let temporary = tempfile::tempdir().unwrap();
    let _lock = Disk.lock(temporary.path()).unwrap();
    let result = write(&mut Disk, temporary.path(), &[script("a", "b")], Generation::Reloadable);
    assert!(result.unwrap_err().to_string().contains("another plimsoll"));
}
