//! Has the server built anew after the page of the browser client, which `rpc/pages.rs` takes into the program.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The directory is always there; what is below it appears and goes with `make web` and `make clean`.
    println!("cargo:rerun-if-changed=../web-client/dist");
}
