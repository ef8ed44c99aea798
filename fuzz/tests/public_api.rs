//! The public API of the crates that people depend on, held to the listing beside each `Cargo.toml`.
//!
//! It needs a nightly toolchain, as the fuzz targets do: rustdoc's JSON is not stable. After a deliberate
//! change, `UPDATE_API=1 cargo test --package smtp-fuzz` writes the listings.

use std::{fs, path::Path};

use rustdoc_json::Builder;

#[test]
fn the_listing_of_the_public_api_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut outdated = Vec::new();
    for name in ["smtp-proto", "smtp-client", "smtp-sasl"] {
        let folder = root.join("crates").join(name);
        let json = Builder::default()
            .toolchain("nightly")
            .manifest_path(folder.join("Cargo.toml"))
            .target_dir(Path::new(env!("CARGO_TARGET_TMPDIR")).join("rustdoc"))
            .all_features(true)
            .quiet(true)
            .build()
            .unwrap();
        let api = public_api::Builder::from_rustdoc_json(json)
            .omit_blanket_impls(true)
            .omit_auto_trait_impls(true)
            .omit_auto_derived_impls(true)
            .build()
            .unwrap();
        let (listing, file) = (api.to_string(), folder.join("api.txt"));
        if std::env::var_os("UPDATE_API").is_some() {
            fs::write(&file, &listing).unwrap();
        } else if fs::read_to_string(&file).unwrap_or_default() != listing {
            outdated.push(name);
        }
    }
    assert!(
        outdated.is_empty(),
        "the public API of {outdated:?} is not what its api.txt says: set UPDATE_API=1 to write it"
    );
}
