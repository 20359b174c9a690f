//! Gzip on several cores: pieces of the input are deflated side by side and written in order.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, mpsc};

use flate2::{Compress, Compression as Level, Crc, FlushCompress, Status};

/// How the pieces become a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// One gzip stream: what every reader understands.
    OneStream,
    /// BGZF: a gzip member per block, whose header says how long it is, and an empty one at the end.
    Blocks,
}

/// Input that is deflated at once.
const PIECE: usize = 1 << 20;
/// How far back deflate looks: the end of the piece before, so that nothing is lost by working side by side.
const WINDOW: usize = 32 << 10;
/// Input of one BGZF block: even if it does not shrink, the block stays below 64 KiB.
const BLOCK: usize = 0xff00;
/// No name, no time, no known system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty last block of deflate.
const LAST: [u8; 2] = [3, 0];

struct Job {
    data: Vec<u8>,
    dictionary: Vec<u8>,
    done: mpsc::SyncSender<io::Result<Vec<u8>>>,
}

/// A gzip writer. Nothing is complete before [`ParallelGzip::finish`].
pub(super) struct ParallelGzip<W> {
    out: W,
    framing: Framing,
    piece: Vec<u8>,
    /// The end of the piece before.
    window: Vec<u8>,
    crc: Crc,
    jobs: mpsc::Sender<Job>,
    pending: VecDeque<mpsc::Receiver<io::Result<Vec<u8>>>>,
    /// Pieces in flight before the writer waits: bounds the memory.
    most: usize,
}

impl<W: Write> ParallelGzip<W> {
    /// Starts `threads` threads, which end with this value, and writes the header.
    pub(super) fn new(mut out: W, framing: Framing, level: Option<u32>, threads: usize) -> io::Result<Self> {
        let level = level.map_or(Level::default(), Level::new);
        let (jobs, queue) = mpsc::channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new().name("gzip".to_string()).spawn(move || {
                loop {
                    let Ok(Ok(job)) = queue.lock().map(|queue| queue.recv()) else { return };
                    let deflated = match framing {
                        Framing::OneStream => deflate(&job.data, &job.dictionary, level, FlushCompress::Sync),
                        Framing::Blocks => blocks(&job.data, level),
                    };
                    // Nobody waits any more after an error elsewhere.
                    let _ = job.done.send(deflated);
                }
            })?;
        }
        if framing == Framing::OneStream {
            out.write_all(&HEADER)?;
        }
        Ok(Self {
            out,
            framing,
            piece: Vec::new(),
            window: Vec::new(),
            crc: Crc::new(),
            jobs,
            pending: VecDeque::new(),
            most: threads * 2,
        })
    }

    fn size(&self) -> usize {
        match self.framing {
            Framing::OneStream => PIECE,
            Framing::Blocks => BLOCK * 16,
        }
    }

    fn send(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let next = Vec::with_capacity(self.size());
        let data = std::mem::replace(&mut self.piece, next);
        let window = data[data.len().saturating_sub(WINDOW)..].to_vec();
        let dictionary = std::mem::replace(&mut self.window, window);
        self.crc.update(&data);
        let (done, result) = mpsc::sync_channel(1);
        self.jobs.send(Job { data, dictionary, done }).map_err(|_| lost())?;
        self.pending.push_back(result);
        if self.pending.len() >= self.most { self.receive() } else { Ok(()) }
    }

    fn receive(&mut self) -> io::Result<()> {
        match self.pending.pop_front() {
            Some(result) => self.out.write_all(&result.recv().map_err(|_| lost())??),
            None => Ok(()),
        }
    }

    /// Writes what is left and the end of the file.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.send()?;
        while !self.pending.is_empty() {
            self.receive()?;
        }
        match self.framing {
            Framing::OneStream => {
                self.out.write_all(&LAST)?;
                self.out.write_all(&self.crc.sum().to_le_bytes())?;
                self.out.write_all(&self.crc.amount().to_le_bytes())?;
            }
            Framing::Blocks => self.out.write_all(&block(&LAST, &Crc::new())?)?,
        }
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Write for ParallelGzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.size() - self.piece.len());
        self.piece.extend_from_slice(&bytes[..count]);
        if self.piece.len() == self.size() {
            self.send()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lost() -> io::Error {
    io::Error::other("a compression thread ended early")
}

/// Raw deflate of `data`, which may look back into `dictionary`.
fn deflate(data: &[u8], dictionary: &[u8], level: Level, flush: FlushCompress) -> io::Result<Vec<u8>> {
    let mut deflater = Compress::new(level, false);
    if !dictionary.is_empty() {
        deflater.set_dictionary(dictionary)?;
    }
    let mut out = Vec::with_capacity(data.len() / 2 + 1024);
    loop {
        let read = deflater.total_in() as usize;
        let status = deflater.compress_vec(&data[read..], &mut out, flush)?;
        let all_read = deflater.total_in() as usize == data.len();
        // Room that is left over says that everything was written.
        let all_written = out.len() < out.capacity();
        if status == Status::StreamEnd || (flush == FlushCompress::Sync && all_read && all_written) {
            return Ok(out);
        }
        out.reserve(out.capacity() / 2);
    }
}

fn blocks(data: &[u8], level: Level) -> io::Result<Vec<u8>> {
    let mut members = Vec::with_capacity(data.len() / 2);
    for data in data.chunks(BLOCK) {
        let mut crc = Crc::new();
        crc.update(data);
        members.extend(block(&deflate(data, &[], level, FlushCompress::Finish)?, &crc)?);
    }
    Ok(members)
}

/// One BGZF member around what was deflated.
fn block(deflated: &[u8], crc: &Crc) -> io::Result<Vec<u8>> {
    // Header with an extra field of six bytes, and the trailer; the length is stored less one.
    let length = HEADER.len() + 2 + 6 + deflated.len() + 8 - 1;
    let length = u16::try_from(length).map_err(|_| io::Error::other("a bgzf block grew beyond 64 KiB"))?;
    let mut member = Vec::with_capacity(usize::from(length) + 1);
    member.extend(HEADER);
    member[3] = 4;
    member.extend([6, 0, b'B', b'C', 2, 0]);
    member.extend(length.to_le_bytes());
    member.extend(deflated);
    member.extend(crc.sum().to_le_bytes());
    member.extend(crc.amount().to_le_bytes());
    Ok(member)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// Text that repeats over more than a piece, and noise that does not shrink.
    fn sample(size: usize) -> Vec<u8> {
        let mut state = 1u64;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 56) as u8
        });
        let noise: Vec<u8> = noise.take(size / 2).collect();
        b"golden images ".iter().copied().cycle().take(size - size / 2).chain(noise).collect()
    }

    fn gzip(data: &[u8], framing: Framing, level: Option<u32>) -> Vec<u8> {
        let mut writer = ParallelGzip::new(Vec::new(), framing, level, 3).unwrap();
        writer.write_all(data).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn blt_19_pgzip_is_one_stream_that_gunzip_reads() {
        let sizes = [(0, None), (1, None), (PIECE, Some(1)), (PIECE + 1, Some(9)), (5 * PIECE + 12345, None)];
        for (size, level) in sizes {
            let data = sample(size);
            let packed = gzip(&data, Framing::OneStream, level);
            let mut read = Vec::new();
            // A reader of one member: anything after it would be lost.
            flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut read).unwrap();
            assert!(read == data, "{size} bytes at level {level:?}");
        }
    }

    #[test]
    fn blt_19_bgzf_blocks_say_their_length_and_end_with_an_empty_one() {
        let data = sample(3 * PIECE + 77);
        let packed = gzip(&data, Framing::Blocks, None);
        let mut read = Vec::new();
        flate2::read::MultiGzDecoder::new(&packed[..]).read_to_end(&mut read).unwrap();
        assert!(read == data);

        let (mut at, mut last) = (0, 0);
        while at < packed.len() {
            assert_eq!(packed[at..at + 4], [0x1f, 0x8b, 8, 4]);
            assert_eq!(packed[at + 12..at + 16], [b'B', b'C', 2, 0]);
            last = usize::from(u16::from_le_bytes([packed[at + 16], packed[at + 17]])) + 1;
            at += last;
        }
        assert_eq!((at, last), (packed.len(), 28));
    }

    #[test]
    fn the_window_goes_on_from_piece_to_piece() {
        // The same 20 KiB of noise, over and over: only who looks back into the piece before finds it there.
        let noise = &sample(40 << 10)[20 << 10..];
        let data: Vec<u8> = noise.iter().copied().cycle().take(4 * PIECE).collect();
        let packed = gzip(&data, Framing::OneStream, None);
        let first: Vec<u8> = gzip(&data[..PIECE], Framing::OneStream, None);
        assert!(packed.len() < first.len() * 3, "{} {}", packed.len(), first.len());
    }
}
