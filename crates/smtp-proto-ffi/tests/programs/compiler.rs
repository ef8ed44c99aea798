//! Compiles C programs with the library.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// How a program is linked with the library.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Library {
    Static,
    Shared,
}

/// The library, which Cargo has put beside the test.
pub(crate) fn library(kind: Library) -> PathBuf {
    env::current_exe().unwrap().with_file_name(match kind {
        Library::Static => "libsmtp_proto_ffi.a",
        Library::Shared => "libsmtp_proto_ffi.so",
    })
}

/// Compiles a program of this crate without a warning.
pub(crate) fn compile(source: &str, kind: Library) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let name = format!("{}-{kind:?}-{:?}", source.replace('/', "-"), std::thread::current().id());
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name.replace(['(', ')'], ""));
    let library = library(kind);
    let mut run_path = std::ffi::OsString::from("-Wl,-rpath,");
    run_path.push(library.parent().unwrap());
    let output = Command::new("gcc")
        .args(["-g", "-std=c99", "-Wall", "-Wextra", "-Werror", "-D_POSIX_C_SOURCE=200809L", "-I"])
        .arg(folder.join("include"))
        .arg(folder.join(source))
        .args([&library, Path::new("-lpthread"), Path::new(&run_path), Path::new("-o"), &program])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

/// The program under valgrind, which makes each leak and each wrong access a failure. `None` if it is not installed.
pub(crate) fn under_valgrind(program: &Path, arguments: &[&str]) -> Option<Command> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("valgrind is not installed: {} runs without it", program.display());
        return None;
    }
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--show-leak-kinds=all"]);
    command.args(["--errors-for-leak-kinds=all"]).arg(program).args(arguments);
    Some(command)
}
