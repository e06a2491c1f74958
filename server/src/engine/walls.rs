//! What the child process may reach of the machine, by Landlock: its data directory, its port, and what any
//! program reads of the system. Walls that hold whatever a statement says, and whoever sent it.
//!
//! `engine::host` raises them once the library is loaded and before it runs. A system without Landlock, or
//! with an old one, gets what it has: the child says which, and the server logs it. The one port that the
//! library may connect to while it starts is on every host for Landlock, so `engine::authenticator` then takes
//! that way too, by seccomp. It never opens a file for reading.

use std::path::PathBuf;

/// What the child is held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walls {
    /// Its data directory, which it may change.
    pub data_dir: PathBuf,
    /// The file of its users, directly in there, which it may read.
    pub users: PathBuf,
    /// The port that it may listen on. It may connect to none but that of its own authenticator, once.
    pub http_port: u16,
}

#[cfg(target_os = "linux")]
pub(super) use self::linux::end_connecting;

/// Keeps the process from connecting to anything from now on, if the system can.
#[cfg(not(target_os = "linux"))]
pub(super) fn end_connecting() -> Result<(), String> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
impl Walls {
    /// Holds this process to them, and says how far the system can: in words, and whether all the way.
    pub(super) fn raise(&self, _authenticator_port: u16) -> Result<(String, bool), String> {
        Ok((
            "not confined: this system has no Landlock".to_owned(),
            false,
        ))
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;
    use std::env::consts::ARCH;
    use std::fs;
    use std::path::{Path, PathBuf};

    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _,
        LandlockStatus, NetPort, RestrictionStatus, Ruleset, RulesetAttr as _,
        RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, path_beneath_rules,
    };

    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter_all_threads};

    use super::Walls;

    /// The newest version whose rights are asked for; an older kernel gives what it knows.
    const NEWEST: ABI = ABI::V6;

    /// The directories that ClickHouse makes in its data directory. They are made first, because the rights
    /// to read are given to each of them: the password of the engine lies beside them.
    const DIRECTORIES: [&str; 11] = [
        "data",
        "dictionaries_lib",
        "dynamic_user_defined_executable_functions",
        "flags",
        "format_schemas",
        "metadata",
        "metadata_dropped",
        "store",
        "tmp",
        "user_defined",
        "user_files",
    ];

    /// Files in the data directory that ClickHouse reads.
    const FILES: [&str; 2] = ["status", "uuid"];

    /// What any program reads of the system: its libraries, the time zones, what the kernel tells of the
    /// machine and of the process itself. Of other processes it may read nothing.
    const SYSTEM: [&str; 20] = [
        "/etc/ld.so.cache",
        "/etc/localtime",
        "/etc/timezone",
        "/lib",
        "/lib64",
        "/proc/cpuinfo",
        "/proc/diskstats",
        "/proc/filesystems",
        "/proc/loadavg",
        "/proc/meminfo",
        "/proc/pressure",
        "/proc/self",
        "/proc/stat",
        "/proc/sys",
        "/proc/uptime",
        "/proc/version",
        "/sys",
        "/usr/lib",
        "/usr/lib64",
        "/usr/share/zoneinfo",
    ];

    /// Devices that hold nothing.
    const DEVICES: [&str; 4] = ["/dev/null", "/dev/random", "/dev/urandom", "/dev/zero"];

    impl Walls {
        /// Holds this process to them, and says how far the system can: in words, and whether all the way.
        ///
        /// # Errors
        ///
        /// The system could, and does not. Without Landlock there is no error.
        pub(in crate::engine) fn raise(
            &self,
            authenticator_port: u16,
        ) -> Result<(String, bool), String> {
            self.make_directories()
                .map_err(|error| format!("cannot make the directories of ClickHouse: {error}"))?;
            // Landlock holds the thread that asks for it, and those that it starts.
            let threads = fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
            if threads != 1 {
                return Err(format!("cannot confine the engine: {threads} threads run"));
            }
            let status = self
                .restrict(authenticator_port)
                .map_err(|error| format!("cannot confine the engine: {error}"))?;
            let is_full = status.ruleset == RulesetStatus::FullyEnforced;
            Ok((describe(&status.ruleset, status.landlock), is_full))
        }

        fn make_directories(&self) -> std::io::Result<()> {
            let mut directories = DIRECTORIES.iter();
            directories.try_for_each(|name| fs::create_dir_all(self.data_dir.join(name)))
        }

        fn restrict(&self, authenticator_port: u16) -> Result<RestrictionStatus, RulesetError> {
            let read = BitFlags::from(AccessFs::ReadFile) | AccessFs::ReadDir;
            // Programs are never run.
            let all = AccessFs::from_all(NEWEST) & !BitFlags::from(AccessFs::Execute);
            let device = read | AccessFs::WriteFile;
            let readable_files = FILES.iter().map(|name| self.data_dir.join(name));
            let readable_files = readable_files.chain([self.users.clone()]);
            Ruleset::default()
                // Without this right no part could move between tables: rather no walls than those.
                .set_compatibility(CompatLevel::SoftRequirement)
                .handle_access(AccessFs::Refer)?
                .set_compatibility(CompatLevel::BestEffort)
                .handle_access(AccessFs::from_all(NEWEST))?
                .handle_access(AccessNet::from_all(NEWEST))?
                .scope(Scope::from_all(NEWEST))?
                .create()?
                .add_rules(path_beneath_rules(SYSTEM, read))?
                .add_rules(path_beneath_rules(DEVICES, device))?
                .add_rules(path_beneath_rules(
                    [&self.data_dir],
                    all & !BitFlags::from(AccessFs::ReadFile),
                ))?
                .add_rules(path_beneath_rules(subdirectories(&self.data_dir), all))?
                .add_rules(path_beneath_rules(readable_files, read))?
                .add_rule(NetPort::new(self.http_port, AccessNet::BindTcp))?
                .add_rule(NetPort::new(authenticator_port, AccessNet::ConnectTcp))?
                .restrict_self()
        }
    }

    /// Keeps all threads of the process from connecting to anything from now on.
    ///
    /// # Errors
    ///
    /// The kernel has no seccomp, or another program's rules forbid it.
    pub(in crate::engine) fn end_connecting() -> Result<(), String> {
        let architecture = ARCH.try_into().map_err(|error| format!("{error}"))?;
        SeccompFilter::new(
            BTreeMap::from([(libc::SYS_connect, Vec::new())]),
            SeccompAction::Allow,
            SeccompAction::Errno(libc::EACCES.unsigned_abs()),
            architecture,
        )
        .and_then(BpfProgram::try_from)
        .map_err(|error| error.to_string())
        .and_then(|filter| apply_filter_all_threads(&filter).map_err(|error| error.to_string()))
    }

    /// The directories in a directory; links are none.
    fn subdirectories(directory: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        directories.map(|entry| entry.path()).collect()
    }

    fn describe(ruleset: &RulesetStatus, landlock: LandlockStatus) -> String {
        let version = match landlock {
            LandlockStatus::NotEnabled => "Landlock is not enabled in this kernel".to_owned(),
            LandlockStatus::NotImplemented => "this kernel has no Landlock".to_owned(),
            LandlockStatus::Available { effective_abi, .. } => {
                format!("Landlock, ABI {}", effective_abi as i32)
            }
        };
        match ruleset {
            RulesetStatus::FullyEnforced => format!("confined ({version})"),
            RulesetStatus::PartiallyEnforced => {
                format!(
                    "partly confined ({version}; version {} does all)",
                    NEWEST as i32
                )
            }
            RulesetStatus::NotEnforced => format!(
                "not confined ({version}): it can read and write all that the server's user can"
            ),
        }
    }

    #[cfg(test)]
    mod tests {
        use landlock::{ABI, LandlockStatus, RulesetStatus};

        use super::describe;

        #[test]
        fn what_the_kernel_lacks_is_said() {
            let available = |effective_abi| LandlockStatus::Available {
                effective_abi,
                kernel_abi: None,
            };
            for (ruleset, landlock, expected) in [
                (
                    RulesetStatus::FullyEnforced,
                    available(ABI::V6),
                    "confined (Landlock, ABI 6)",
                ),
                (
                    RulesetStatus::PartiallyEnforced,
                    available(ABI::V3),
                    "partly confined (Landlock, ABI 3;",
                ),
                (
                    RulesetStatus::NotEnforced,
                    LandlockStatus::NotEnabled,
                    "not confined (Landlock is not enabled",
                ),
                (
                    RulesetStatus::NotEnforced,
                    LandlockStatus::NotImplemented,
                    "not confined (this kernel has no",
                ),
            ] {
                let text = describe(&ruleset, landlock);
                assert!(text.starts_with(expected), "{text}");
            }
        }
    }
}
