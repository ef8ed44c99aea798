//! Writes seeds for the fuzz targets, one subdirectory per target, into the given directory
//! (default: `fuzz/corpus`). The seeds come from testdata and from each choice that an input can make.
//!
//! ```sh
//! cargo run -p smtp-testkit --example fuzz_seeds -- /tmp/seeds
//! cargo fuzz cmin ehlo_disconnect /tmp/seeds/ehlo_disconnect
//! ```

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// A target's name, and inputs for it.
type Seeds = (&'static str, Vec<Vec<u8>>);

fn main() -> io::Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let corpus = env::args_os().nth(1).map_or_else(|| repository.join("fuzz/corpus"), PathBuf::from);
    let testdata = repository.join("testdata");
    let targets: [Seeds; 7] = [
        ("capabilities", capabilities()),
        ("command", command()),
        ("content", content(&testdata)?),
        ("differential", differential()),
        ("ehlo_disconnect", ehlo_disconnect()),
        ("reply", reply(&testdata)?),
        ("session", session()),
    ];
    for (name, seeds) in targets {
        let directory = corpus.join(name);
        fs::create_dir_all(&directory)?;
        for (index, seed) in seeds.iter().enumerate() {
            fs::write(directory.join(format!("seed-{index:03}")), seed)?;
        }
        println!("{name}: {} seeds in {}", seeds.len(), directory.display());
    }
    Ok(())
}

/// Each keyword alone, then all together, then as the server's name. An octet picks a word from a list.
fn capabilities() -> Vec<Vec<u8>> {
    const NAMED: u8 = 0;
    const NAMELESS: u8 = 128;
    const NEW_LINE: u8 = 192;
    let mut seeds: Vec<_> = (0..24).map(|word| vec![NAMED, NEW_LINE, word, 13, 16]).collect();
    seeds.push([NAMED].into_iter().chain((0..24).flat_map(|word| [NEW_LINE, word, 14, 15])).collect());
    seeds.extend((0..24).map(|word| vec![NAMELESS, word]));
    seeds
}

/// Each reply in each form, for each kind of message.
fn differential() -> Vec<Vec<u8>> {
    const AS_WANTED: u8 = 0;
    let mut seeds = Vec::new();
    for choices in [0, 1, 2, 3, 0x10, 0x14, 0x1c] {
        for turn in 0..8 {
            for (code, form, cut) in [
                (AS_WANTED, 0, 128),
                (AS_WANTED, 0, 150),
                (AS_WANTED, 192, 0),
                (AS_WANTED, 208, 0),
                (AS_WANTED, 224, 0),
                (98, 0, 0),
                (99, 128, 0),
                (104, 0, 0),
                (105, 0, 0),
                (109, 0, 0),
                (118, 0, 0),
            ] {
                seeds.push(vec![choices, 0x0a, 1, 7, turn, code, form, cut]);
            }
        }
    }
    seeds
}

/// Addresses of every kind. An octet picks a part from a list.
fn command() -> Vec<Vec<u8>> {
    // Choices, then three texts: a length, and as many parts.
    let text = |parts: &[u8]| [&[u8::try_from(parts.len()).unwrap_or(15)], parts].concat();
    let name = text(&[22]);
    let addresses: [&[u8]; 8] = [
        &[19],
        &[20],
        &[0, 3, 21],
        &[4, 0, 6, 7, 8, 4, 3, 22],
        &[0, 3, 1, 23],
        &[0, 3, 1, 9],
        &[13, 3, 13, 2, 1],
        &[25],
    ];
    let mut seeds = Vec::new();
    for address in addresses {
        for choices in [0, 3] {
            seeds.push([&[choices][..], &name, &text(address), &text(address)].concat());
        }
    }
    seeds
}

/// The messages of testdata and false ends of data, in several pieces.
fn content(testdata: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut contents: Vec<Vec<u8>> = [
        &b"\n.\n"[..],
        b"\n.\r\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\r.\r\n",
        b"\r\r\n.\r\r\n",
        b"a\r\n.\r\nb",
        b"..",
        b"caf\xe9 \0",
    ]
    .map(Into::into)
    .into();
    contents.extend(files(&testdata.join("messages"))?.into_iter().filter(|message| message.len() < 2048));
    let choices = [[0, 0, 0, 0, 0], [3, 64, 64, 64, 64], [1, 65, 64, 66, 64]];
    Ok(choices.iter().flat_map(|head| contents.iter().map(|content| [&head[..], content].concat())).collect())
}

/// EHLO with each reply, cut at each stage, for each retry policy.
fn ehlo_disconnect() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (policy, envelope) in [(0, 0), (0x20, 0), (0x30, 0), (1, 0), (0, 16), (0, 15), (0x44, 0)] {
        for ehlo in [0, 128, 131, 133] {
            for (cut, ending) in [(0, 0), (20, 1), (30, 2), (60, 3), (90, 192)] {
                let head = [policy, 0, envelope, 0, 4, 0, 1, 2, 3, 0, 0, 64, 0, 2, ehlo, 0x0f, 0, cut, ending];
                seeds.push(head.to_vec());
            }
        }
    }
    seeds
}

/// The replies of testdata, whole and octet by octet.
fn reply(testdata: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut replies = files(&testdata.join("replies"))?;
    replies.extend(files(&testdata.join("replies/invalid"))?);
    replies.retain(|reply| reply.len() < 1024);
    let heads = [[0x80, 0, 0, 0, 0], [0x80, 64, 64, 64, 64], [0x3a, 0, 66, 0, 64]];
    Ok(heads.iter().flat_map(|head| replies.iter().map(|reply| [&head[..], reply].concat())).collect())
}

/// A server that accepts everything, except for one thing at each stage.
fn session() -> Vec<Vec<u8>> {
    const TO_ANSWER: u8 = 16;
    const OBLIGE: u8 = 0;
    let mut seeds = Vec::new();
    for policy in [0, 1, 2, 3] {
        for (stage, keywords) in (0..10).zip([0, 1, 1, 0, 1, 0, 1, 1, 0, 1]) {
            for odd in [&[100, 3, 0][..], &[100, 12, 1], &[100, 2, 0], &[190], &[208], &[229, 0]] {
                let mut seed = vec![policy, 0, 0, 64, 3, 0, 1, 2, 0, 64, 0, 66, keywords, 0];
                seed.extend([TO_ANSWER, OBLIGE].repeat(stage));
                seed.push(TO_ANSWER);
                seed.extend(odd);
                seed.extend([230, 0, 0]);
                seeds.push(seed);
            }
        }
    }
    seeds
}

fn files(directory: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut paths: Vec<_> =
        fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    paths.iter().filter(|path| path.is_file()).map(fs::read).collect()
}
