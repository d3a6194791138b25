//! How much memory a router can take when everything behind it stands still.
//!
//! An estimate from the agent's rules and the router file, never a promise: what has no limit is
//! named, not counted.

use std::fmt;

use crate::render::{Document, Section};
use firelens_types::v1alpha1::RouterType;

/// What Fluent Bit takes before any record, in MiB: 11 measured for 5.1.1 with two inputs and an
/// output; the aws-for-fluent-bit image loads its Go plugins beside.
pub const PROCESS_MIB: u64 = 40;

/// What Fluentd takes before any record, in MiB.
/// Source: <https://docs.fluentd.org/installation/before-install>.
const FLUENTD_PROCESS_MIB: u64 = 80;

/// `Mem_Buf_Limit` of the agent where the router says no memory, in MB.
/// Source: `resolveMemBufLimit` in
/// <https://github.com/aws/amazon-ecs-agent/blob/master/agent/taskresource/firelens/firelensconfig_unix.go>.
pub const DEFAULT_BUFFER_MIB: u64 = 25;

/// Memory behind one `Mem_Buf_Limit`: chunks are counted as they come in and are held once more while
/// they are sent. Fluent Bit 5.1.1 with an HTTP server that takes nothing peaked at 115 MiB with a
/// limit of 50MB, and at 66 MiB with 25MB; this reckons 144 and 94.
/// Source: <https://github.com/aws-samples/amazon-ecs-firelens-examples/tree/mainline/examples/fluent-bit/oomkill-prevention>.
const COPIES: u64 = 2;

/// Default of `emitter_mem_buf_limit`, in MiB.
/// Source: <https://docs.fluentbit.io/manual/data-pipeline/filters/multiline-stacktrace>.
const EMITTER_MIB: u64 = 10;

/// A chunk of at most 2 MB, formatted and compressed, for each worker of an output, in MiB.
/// Source: `FLB_INPUT_CHUNK_FS_MAX_SIZE` in
/// <https://github.com/fluent/fluent-bit/blob/master/include/fluent-bit/flb_input_chunk.h>.
const OUTPUT_MIB: u64 = 4;

/// Length of a log line that `log-driver-buffer-limit` is reckoned with, in bytes.
const LINE_BYTES: u64 = 256;

const BYTES_PER_MIB: u64 = 1024 * 1024;

/// What a router has to hold.
#[derive(Clone, Copy, Debug)]
pub struct RouterLoad<'a> {
    /// What it runs.
    pub router: RouterType,
    /// `memory` of the container, in MiB.
    pub limit_mib: Option<u64>,
    /// `memoryReservation` of the container, in MiB.
    pub reservation_mib: Option<u64>,
    /// Workers of each output that stands in log options.
    pub inline_output_workers: &'a [u64],
    /// The router file, where there is one of ours.
    pub file: Option<&'a Document>,
    /// Whether the agent opens the TCP input 24224, which has no limit.
    pub has_tcp_input: bool,
}

/// One part of the estimate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryPart {
    /// What takes it.
    pub what: String,
    /// How much, in MiB.
    pub mib: u64,
}

/// The estimate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouterMemory {
    /// Its parts, the process first.
    pub parts: Vec<MemoryPart>,
    /// What has no limit and is not in the sum.
    pub unlimited: Vec<String>,
}

impl RouterMemory {
    /// The sum, in MiB.
    #[must_use]
    pub fn total_mib(&self) -> u64 {
        self.parts.iter().map(|part| part.mib).sum()
    }

    fn add(&mut self, what: impl Into<String>, mib: u64) {
        self.parts.push(MemoryPart {
            what: what.into(),
            mib,
        });
    }
}

/// `process 40, input buffer 2 x 50, 1 output 4`.
impl fmt::Display for RouterMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{} {}", part.what, part.mib)?;
        }
        if !self.unlimited.is_empty() {
            write!(f, "; without limit: {}", self.unlimited.join(", "))?;
        }
        Ok(())
    }
}

/// The agent's `Mem_Buf_Limit` for the unix socket, in MB: half of the reservation, or of the limit
/// where nothing is reserved, rounded down; 25 where that is nothing.
#[must_use]
pub fn buffer_limit_mib(limit_mib: Option<u64>, reservation_mib: Option<u64>) -> u64 {
    let said = |mib: Option<u64>| mib.filter(|mib| *mib > 0);
    match said(reservation_mib).or(said(limit_mib)).unwrap_or(0) / 2 {
        0 => DEFAULT_BUFFER_MIB,
        half => half,
    }
}

/// What the log drivers of that many containers hold at most, in MiB, when their lines have 256
/// bytes. It is memory of the host (Fargate: of the task), not of the router.
#[must_use]
pub fn driver_buffer_mib(limit_lines: u64, containers: u64) -> u64 {
    limit_lines
        .saturating_mul(containers)
        .saturating_mul(LINE_BYTES)
        / BYTES_PER_MIB
}

/// What the router takes when all its buffers are full.
#[must_use]
pub fn router_memory(load: &RouterLoad<'_>) -> RouterMemory {
    let mut memory = RouterMemory::default();
    if load.router == RouterType::Fluentd {
        memory.add("process", FLUENTD_PROCESS_MIB);
        memory
            .unlimited
            .push("the buffers of Fluentd's outputs (total_limit_size)".to_owned());
        return memory;
    }
    memory.add("process", PROCESS_MIB);
    let buffer = buffer_limit_mib(load.limit_mib, load.reservation_mib);
    memory.add(
        format!("input buffer {COPIES} x {buffer} ="),
        COPIES * buffer,
    );
    let mut workers: u64 = load.inline_output_workers.iter().sum();
    for section in load.file.into_iter().flat_map(Document::sections) {
        match section.name.to_ascii_uppercase().as_str() {
            "OUTPUT" => workers += workers_of(section.value("workers")),
            "INPUT" => add_input(section, &mut memory),
            "FILTER" => add_emitter(section, &mut memory),
            _ => {}
        }
    }
    if workers > 0 {
        memory.add(
            format!("outputs {workers} x {OUTPUT_MIB} ="),
            workers * OUTPUT_MIB,
        );
    }
    if load.has_tcp_input {
        memory.unlimited.push("TCP input 24224".to_owned());
    }
    memory
}

/// Threads of an output; one when nothing is said.
pub fn workers_of(option: Option<&str>) -> u64 {
    option
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(1)
        .max(1)
}

fn add_input(section: &Section, memory: &mut RouterMemory) {
    let plugin = section.value("name").unwrap_or("?").to_ascii_lowercase();
    match section.value("mem_buf_limit").and_then(size_mib) {
        Some(limit) => memory.add(
            format!("input {plugin} {COPIES} x {limit} ="),
            COPIES * limit,
        ),
        None => memory.unlimited.push(format!("input {plugin}")),
    }
}

/// `multiline` and `rewrite_tag` send records back through an input of their own.
fn add_emitter(section: &Section, memory: &mut RouterMemory) {
    let plugin = section
        .value("name")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let unbuffered = section
        .value("buffer")
        .is_some_and(|value| ["off", "false", "no"].contains(&value.to_ascii_lowercase().as_str()));
    if plugin == "rewrite_tag" || (plugin == "multiline" && !unbuffered) {
        let limit = section
            .value("emitter_mem_buf_limit")
            .and_then(size_mib)
            .unwrap_or(EMITTER_MIB);
        memory.add(
            format!("emitter of {plugin} {COPIES} x {limit} ="),
            COPIES * limit,
        );
    }
}

/// MiB of a size as Fluent Bit writes it (`10M`, `512K`, `1G`, bytes), rounded up.
/// Source: <https://docs.fluentbit.io/manual/administration/configuring-fluent-bit#unit-sizes>.
fn size_mib(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_uppercase();
    let text = text.strip_suffix('B').unwrap_or(&text);
    let (digits, scale) = match text.chars().last()? {
        'K' => (&text[..text.len() - 1], 1000),
        'M' => (&text[..text.len() - 1], 1_000_000),
        'G' => (&text[..text.len() - 1], 1_000_000_000),
        _ => (text, 1),
    };
    let bytes = digits.trim().parse::<u64>().ok()?.checked_mul(scale)?;
    Some(bytes.div_ceil(BYTES_PER_MIB))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::render::read;

    fn load(reservation_mib: u64) -> RouterLoad<'static> {
        RouterLoad {
            router: RouterType::Fluentbit,
            limit_mib: None,
            reservation_mib: Some(reservation_mib),
            inline_output_workers: &[1],
            file: None,
            has_tcp_input: true,
        }
    }

    #[test]
    fn buffer_limit_is_half_of_the_memory_reservation() {
        for (limit, reservation, buffer) in [
            (None, Some(100), 50),
            (Some(200), Some(100), 50),
            (Some(200), None, 100),
            (Some(200), Some(0), 100),
            (None, Some(51), 25),
            (None, Some(50), 25),
            (None, Some(1), 25),
            (None, None, 25),
        ] {
            assert_eq!(buffer_limit_mib(limit, reservation), buffer);
        }
    }

    #[test]
    fn the_parts_of_the_estimate_are_said() {
        let memory = router_memory(&load(100));
        assert_eq!(memory.total_mib(), 144);
        assert_eq!(
            memory.to_string(),
            "process 40, input buffer 2 x 50 = 100, outputs 1 x 4 = 4; without limit: TCP input 24224"
        );
    }

    #[test]
    fn file_memory_is_counted_and_unlimited_inputs_are_named() {
        let file = read(
            "[INPUT]\n    Name tail\n    Mem_Buf_Limit 5M\n[INPUT]\n    Name cpu\n[FILTER]\n    Name multiline\n[FILTER]\n    name rewrite_tag\n    emitter_mem_buf_limit 2097152\n[FILTER]\n    Name multiline\n    buffer off\n[OUTPUT]\n    Name s3\n    workers 3\n",
        )
        .unwrap();
        let memory = router_memory(&RouterLoad {
            inline_output_workers: &[],
            file: Some(&file),
            has_tcp_input: false,
            ..load(100)
        });
        assert_eq!(memory.total_mib(), 40 + 100 + 10 + 20 + 4 + 12);
        assert_eq!(memory.unlimited, ["input cpu"]);
    }

    #[test]
    fn fluentd_has_no_limit_that_the_agent_sets() {
        let memory = router_memory(&RouterLoad {
            router: RouterType::Fluentd,
            ..load(100)
        });
        assert_eq!((memory.total_mib(), memory.unlimited.len()), (80, 1));
    }

    #[test]
    fn log_drivers_hold_lines_for_every_container() {
        assert_eq!(driver_buffer_mib(1_048_576, 2), 512);
        assert_eq!(driver_buffer_mib(0, 9), 0);
    }

    #[test]
    fn sizes_are_read_as_fluent_bit_reads_them() {
        for (text, mib) in [
            ("10M", Some(10)),
            ("25MB", Some(24)),
            ("512K", Some(1)),
            ("1g", Some(954)),
            ("x", None),
        ] {
            assert_eq!(size_mib(text), mib, "{text}");
        }
    }
}
