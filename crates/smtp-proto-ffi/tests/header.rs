//! The header and the enums for Python are those of the sources, and every compiler takes the header. `UPDATE_HEADER=1`
//! writes both.

use std::{collections::BTreeSet, env, fs, path::Path, process::Command};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_header_is_up_to_date() {
    let config = cbindgen::Config::from_file(Path::new(FOLDER).join("cbindgen.toml")).unwrap();
    let mut made = Vec::new();
    cbindgen::Builder::new().with_crate(FOLDER).with_config(config).generate().unwrap().write(&mut made);
    let enums = python_enums(str::from_utf8(&made).unwrap());
    for (name, made) in [("include/smtp_proto.h", made), ("python/smtp_proto/enums.py", enums.into_bytes())] {
        let file = Path::new(FOLDER).join(name);
        if env::var_os("UPDATE_HEADER").is_some() {
            fs::write(&file, &made).unwrap();
        }
        let found = fs::read(&file).unwrap_or_default();
        assert!(found == made, "{name} is not that of the sources: set UPDATE_HEADER=1 to write it");
    }
}

const HEAD: &str = "\"\"\"The enums of smtp_proto.h. Made from the header, like that from the sources.\"\"\"\n\nfrom enum import IntEnum\n";

/// The enums of a header as a module for Python.
fn python_enums(header: &str) -> String {
    let class = |text: &str| {
        let name: String = text.lines().next().unwrap().split('_').map(capitalized).collect();
        let body = text.split("};").next().unwrap();
        let values = body.lines().map(str::trim).filter(|line| line.starts_with("SMTP_"));
        let values: Vec<_> = values.map(|line| line.trim_end_matches(',')).collect();
        format!("\n\nclass {name}(IntEnum):\n    {}\n", values.join("\n    "))
    };
    let classes: String = header.split("\nenum smtp_").skip(1).map(class).collect();
    format!("{HEAD}{classes}")
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

#[test]
fn the_headers_compile_as_c_and_as_cpp_without_a_warning() {
    for header in ["smtp_proto.h", "smtp_posix.h"] {
        for (compiler, language, standard) in
            [("gcc", "c", "c99"), ("gcc", "c", "c17"), ("g++", "c++", "c++11"), ("g++", "c++", "c++20")]
        {
            let output = Command::new(compiler)
                .args(["-x", language, &format!("-std={standard}"), "-fsyntax-only", "-include", header, "/dev/null"])
                .args(["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wno-unused-function", "-Werror"])
                .args(["-D_POSIX_C_SOURCE=200809L", "-I"])
                .arg(Path::new(FOLDER).join("include"))
                .output()
                .unwrap();
            assert!(output.status.success(), "{standard}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn every_function_and_every_enum_is_in_the_header() {
    let header = fs::read_to_string(Path::new(FOLDER).join("include/smtp_proto.h")).unwrap();
    let mut missing = Vec::new();
    let mut found = 0;
    for entry in fs::read_dir(Path::new(FOLDER).join("src")).unwrap() {
        let path = entry.unwrap().path();
        // The folder with the body of the fuzz target.
        if path.is_dir() {
            continue;
        }
        let source = fs::read_to_string(path).unwrap();
        let functions = source.split("#[unsafe(no_mangle)]\n").skip(1).map(|rest| {
            let name = rest.split("fn ").nth(1).unwrap().split('(').next().unwrap();
            format!("{name}(")
        });
        let enums = source.split("#[repr(u32)]\n").skip(1).map(|rest| {
            let name = rest.split("pub enum ").nth(1).unwrap().split(' ').next().unwrap();
            format!("enum {name}\n")
        });
        for name in functions.chain(enums) {
            found += 1;
            if !header.contains(&name) {
                missing.push(name);
            }
        }
    }
    println!("{found} functions and enums");
    assert!(missing.is_empty() && found > 60, "{missing:?} of {found} are not in the header");
}

/// The functions of the header.
fn functions() -> BTreeSet<String> {
    let header = fs::read_to_string(Path::new(FOLDER).join("include/smtp_proto.h")).unwrap();
    let code: String = header.lines().filter(|line| !line.trim_start().starts_with(['*', '/', '#'])).collect();
    let names = code.split('(').filter_map(|before| before.rsplit([' ', '*']).next());
    names.filter(|name| name.starts_with("smtp_")).map(str::to_owned).collect()
}

#[test]
fn the_shared_library_exports_the_functions_of_the_header_and_nothing_else() {
    let library = env::current_exe().unwrap().with_file_name("libsmtp_proto_ffi.so");
    let output =
        Command::new("nm").args(["--dynamic", "--defined-only", "--format=posix"]).arg(library).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let symbols = String::from_utf8(output.stdout).unwrap();
    let exported: BTreeSet<_> = symbols.lines().filter_map(|line| Some(line.split(' ').next()?.to_owned())).collect();
    assert_eq!(exported, functions());
    assert!(exported.len() > 50, "{} functions", exported.len());
}

#[test]
fn python_has_every_function_of_the_header() {
    let module = fs::read_to_string(Path::new(FOLDER).join("python/smtp_proto/library.py")).unwrap();
    let missing: Vec<_> = functions().into_iter().filter(|name| !module.contains(name.as_str())).collect();
    // Python allocates for itself, and the version of the library is not needed beside that of the interface.
    assert_eq!(missing, ["smtp_set_allocator", "smtp_version"]);
}
