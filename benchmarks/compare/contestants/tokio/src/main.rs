//! Rust's tokio. Arguments, output and works: see ../../../../README.md.

use std::io::{Read, Result};
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Semaphore;

const BLOCK: usize = 64 * 1024;

fn child(program: &str, arguments: &[&str], stdin: bool, stdout: bool) -> Result<Child> {
    let of = |piped| if piped { Stdio::piped() } else { Stdio::null() };
    let mut command = Command::new(program);
    command.args(arguments).stdin(of(stdin)).stdout(of(stdout)).kill_on_drop(true).spawn()
}

/// tokio of 1.28 and later has pipes of its own; older ones take those of a child.
fn pipe() -> Result<(ChildStdout, ChildStdin)> {
    let mut fds = [0; 2];
    if unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(std::io::Error::last_os_error());
    }
    let (rx, tx) = unsafe { (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1])) };
    Ok((ChildStdout::from_std(rx.into())?, ChildStdin::from_std(tx.into())?))
}

/// What stays between the warm-up and the measured run.
struct Contestant {
    program: String,
    argument: String,
    child: Option<Child>,
    lines: Option<Lines<BufReader<ChildStdout>>>,
    writers: Vec<ChildStdin>,
    arrived: Arc<Semaphore>,
    latencies: Vec<u64>,
    chars: usize,
}

impl Contestant {
    fn number(&self) -> usize {
        self.argument.parse().expect("a number")
    }

    async fn lines(&mut self, count: u64) -> Result<()> {
        if self.child.is_none() {
            let mut child = child(&self.program, &["lines", &self.argument], false, true)?;
            self.lines = Some(BufReader::with_capacity(BLOCK, child.stdout.take().unwrap()).lines());
            self.child = Some(child);
        }
        for _ in 0..count {
            self.chars += self.lines.as_mut().unwrap().next_line().await?.unwrap().len();
        }
        Ok(())
    }

    async fn round_trips(&mut self, count: u64) -> Result<()> {
        if self.child.is_none() {
            let mut child = child(&self.program, &["echo"], true, true)?;
            self.lines = Some(BufReader::new(child.stdout.take().unwrap()).lines());
            self.child = Some(child);
        }
        let message = "x".repeat(self.number() - 1) + "\n";
        self.latencies.clear();
        for _ in 0..count {
            let begin = Instant::now();
            self.child.as_mut().unwrap().stdin.as_mut().unwrap().write_all(message.as_bytes()).await?;
            self.chars += self.lines.as_mut().unwrap().next_line().await?.unwrap().len();
            self.latencies.push(begin.elapsed().as_nanos() as u64);
        }
        Ok(())
    }

    fn open_pipes(&mut self) -> Result<()> {
        for _ in 0..self.number() {
            let (rx, tx) = pipe()?;
            let arrived = self.arrived.clone();
            tokio::spawn(async move {
                let mut lines = BufReader::new(rx).lines();
                while let Ok(Some(_)) = lines.next_line().await {
                    arrived.add_permits(1);
                }
            });
            self.writers.push(tx);
        }
        Ok(())
    }

    async fn messages(&mut self, count: u64) -> Result<()> {
        if self.writers.is_empty() {
            self.open_pipes()?;
        }
        for _ in 0..count {
            for writer in &mut self.writers {
                writer.write_all(b"nineteen characters\n").await?;
            }
            self.arrived.acquire_many(self.writers.len() as u32).await.unwrap().forget();
        }
        Ok(())
    }

    async fn throughput(&mut self, count: u64) -> Result<()> {
        let size = self.number();
        let (mut rx, mut tx) = pipe()?;
        let writer = tokio::spawn(async move {
            let block = vec![0; size];
            for _ in 0..count {
                tx.write_all(&block).await.unwrap();
            }
        });
        let mut block = vec![0; size];
        let mut left = count as usize * size;
        while left > 0 {
            left -= rx.read(&mut block).await?;
        }
        writer.await.unwrap();
        Ok(())
    }

    async fn to_file(&mut self, count: u64) -> Result<()> {
        let (path, size) = self.argument.split_once(':').unwrap();
        for _ in 0..count {
            let mut child = child(&self.program, &["source", size], false, true)?;
            let mut out = BufReader::with_capacity(BLOCK, child.stdout.take().unwrap());
            let mut file = File::create(path).await?;
            tokio::io::copy_buf(&mut out, &mut file).await?;
            file.flush().await?;
            child.wait().await?;
        }
        Ok(())
    }

    async fn from_file(&mut self, count: u64) -> Result<()> {
        let (path, _) = self.argument.split_once(':').unwrap();
        for _ in 0..count {
            let mut child = child(&self.program, &["sink"], true, false)?;
            let mut file = BufReader::with_capacity(BLOCK, File::open(path).await?);
            tokio::io::copy_buf(&mut file, child.stdin.as_mut().unwrap()).await?;
            child.wait().await?; // closes the stdin
        }
        Ok(())
    }

    async fn starts(&mut self, count: u64) -> Result<()> {
        for _ in 0..count {
            let tasks: Vec<_> = (0..self.number())
                .map(|_| {
                    let program = self.program.clone();
                    tokio::spawn(async move {
                        let mut child = child(&program, &["echo"], true, true)?;
                        child.stdin.as_mut().unwrap().write_all(b"hello\n").await?;
                        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
                        lines.next_line().await?.unwrap();
                        child.wait().await
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap()?;
            }
        }
        Ok(())
    }

    async fn runs(&mut self, count: u64) -> Result<()> {
        for _ in 0..count {
            let tasks: Vec<_> =
                (0..self.number()).map(|_| tokio::spawn(Command::new("/bin/true").output())).collect();
            for task in tasks {
                task.await.unwrap()?;
            }
        }
        Ok(())
    }

    async fn run(&mut self, work: &str, count: u64) -> Result<()> {
        match work {
            "lines" => self.lines(count).await,
            "roundtrip" => self.round_trips(count).await,
            "messages" => self.messages(count).await,
            "throughput" => self.throughput(count).await,
            "tofile" => self.to_file(count).await,
            "fromfile" => self.from_file(count).await,
            "starts" => self.starts(count).await,
            "runs" => self.runs(count).await,
            "idle" => (0..count).try_for_each(|_| self.open_pipes()),
            _ => {
                eprintln!("unsupported: no such work");
                std::process::exit(3);
            }
        }
    }
}

fn wait_for_driver() {
    std::io::stdin().read_exact(&mut [0]).expect("the driver");
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let warm: u64 = arguments[3].parse().expect("a number");
    let count: u64 = arguments[4].parse().expect("a number");
    let mut contestant = Contestant {
        program: arguments[5].clone(),
        argument: arguments[2].clone(),
        child: None,
        lines: None,
        writers: Vec::new(),
        arrived: Arc::new(Semaphore::new(0)),
        latencies: Vec::new(),
        chars: 0,
    };
    contestant.run(&arguments[1], warm).await?;
    println!("ready");
    wait_for_driver();
    let begin = Instant::now();
    contestant.run(&arguments[1], count).await?;
    let elapsed = begin.elapsed().as_nanos();
    let mut latencies = contestant.latencies;
    latencies.sort_unstable();
    let at = |percent: usize| latencies.get(latencies.len() * percent / 100).copied().unwrap_or(0);
    println!("done {{\"ns\": {elapsed}, \"p50\": {}, \"p99\": {}}}", at(50), at(99));
    wait_for_driver();
    std::process::exit(0); // children that still write end by their broken pipe
}
