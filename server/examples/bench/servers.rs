//! The two servers, as processes on a database of their own.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use crate::{
    fsync::Fsync,
    site::{Kind, PEER_SECRET, Site},
    usage,
};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(30);

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Start {
    pub kind: Kind,
    /// Latchkey's program, or the folder of the peer.
    pub program: PathBuf,
    pub database: String,
    /// Processes, where it has any choice.
    pub workers: usize,
    /// The processors that it may use; all, unless there are any.
    pub cores: Option<String>,
    /// Whether the clients say that they are proxies.
    pub behind_proxies: bool,
}

pub struct Server {
    pub site: Site,
    process: Child,
    pub log: PathBuf,
    /// From its start to the first page.
    pub first_page: Duration,
    /// MiB of memory after that.
    pub idle: f64,
}

impl Server {
    /// Starts it; what it says goes into a file of the folder.
    pub fn start(start: &Start, folder: &Path, fsync: Option<&Fsync>) -> io::Result<Self> {
        let site = Site::new(start.kind, free_address()?);
        let name = match start.kind {
            Kind::Latchkey => "latchkey.log",
            Kind::Peer => "peer.log",
        };
        let log = folder.join(name);
        let mut command = command(start, &site, folder)?;
        if let Some(fsync) = fsync {
            command.envs(fsync.environment());
        }
        let output = File::create(&log)?;
        let begun = Instant::now();
        let process = command.stdout(output.try_clone()?).stderr(output).spawn()?;
        let mut server = Self { site, process, log, first_page: Duration::ZERO, idle: 0.0 };
        while !is_page(server.site.address) {
            if begun.elapsed() > START || server.process.try_wait()?.is_some() {
                let said = fs::read_to_string(&server.log).unwrap_or_default();
                return Err(io::Error::other(format!("{:?} does not start:\n{said}", start.kind)));
            }
            thread::sleep(Duration::from_millis(1));
        }
        server.first_page = begun.elapsed();
        server.idle = server.memory("VmRSS");
        Ok(server)
    }

    pub fn cpu(&self) -> Duration {
        usage::cpu(self.process.id())
    }

    /// See [`usage::memory`].
    pub fn memory(&self, what: &str) -> f64 {
        usage::memory(self.process.id(), what)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let family = usage::family(self.process.id());
        let _ = self.process.kill();
        let _ = self.process.wait();
        // Workers end with the process that started them, or are ended here.
        for process in family.into_iter().skip(1) {
            let _ = Command::new("kill").args(["-KILL", &process.to_string()]).output();
        }
    }
}

fn command(start: &Start, site: &Site, folder: &Path) -> io::Result<Command> {
    let program = fs::canonicalize(&start.program)?;
    let mut words = vec![];
    if let Some(cores) = &start.cores {
        words.extend(["taskset".into(), "--cpu-list".into(), PathBuf::from(cores)]);
    }
    match start.kind {
        Kind::Latchkey => words.push(program.clone()),
        Kind::Peer => words.extend(["node".into(), program.join("server.js")]),
    }
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("DATABASE_URL", &start.database).env("NO_COLOR", "1");
    match start.kind {
        Kind::Latchkey => {
            command
                .env("LATCHKEY_ORIGIN", &site.origin)
                .env("LEPTOS_SITE_ADDR", site.address.to_string())
                .env("LEPTOS_SITE_ROOT", ".")
                .current_dir(folder);
            if start.behind_proxies {
                command.env("LATCHKEY_PROXIES", "127.0.0.0/8");
            }
        }
        Kind::Peer => {
            command
                .env("PORT", site.address.port().to_string())
                .env("ORIGIN", &site.origin)
                .env("WORKERS", start.workers.to_string())
                .env("SESSION_SECRET", PEER_SECRET)
                .env("NODE_ENV", "production")
                .current_dir(program);
        }
    }
    Ok(command)
}

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// Whether the front page comes, whole.
fn is_page(address: SocketAddr) -> bool {
    let page = || -> io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(START))?;
        let host = format!("localhost:{}", address.port());
        write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        Ok(page)
    };
    page().is_ok_and(|page| page.starts_with("HTTP/1.1 200") && page.contains("</html>"))
}
