//! Counts a server's fsyncs, and makes each of them as slow as on another disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

const SOURCE: &str = include_str!("fsync.c");

/// A library that is loaded before the C library, and the file that it counts in.
#[derive(Clone, Debug)]
pub struct Fsync {
    library: PathBuf,
    counter: PathBuf,
    delay: u64,
}

impl Fsync {
    /// Compiles it. `delay`: microseconds that are added to each.
    pub fn new(folder: &Path, delay: u64) -> io::Result<Self> {
        let (source, library) = (folder.join("fsync.c"), folder.join("fsync.so"));
        fs::write(&source, SOURCE)?;
        let compiled = Command::new("cc")
            .args(["-O2", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .status()?;
        if !compiled.success() {
            return Err(io::Error::other("cc cannot compile fsync.c"));
        }
        let counter = folder.join("fsyncs");
        fs::write(&counter, [0; 8])?;
        Ok(Self { library, counter, delay })
    }

    /// The same with another delay.
    pub fn slower(&self, delay: u64) -> Self {
        Self { delay: self.delay.max(delay), ..self.clone() }
    }

    pub fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("LD_PRELOAD", self.library.display().to_string()),
            ("BENCH_FSYNC_COUNTER", self.counter.display().to_string()),
            ("BENCH_FSYNC_DELAY_US", self.delay.to_string()),
        ]
    }

    /// How many there have been.
    pub fn count(&self) -> u64 {
        let bytes = fs::read(&self.counter).unwrap_or_default();
        bytes.try_into().map_or(0, u64::from_ne_bytes)
    }
}
