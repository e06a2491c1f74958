//! Runs the ClickHouse library inside this process: the only file with unsafe code.
//!
//! Called by `engine::host` in the child process and by nothing else, because the library takes the
//! process over: threads, allocator arenas, standard input. It must never be called in the server.
#![expect(unsafe_code, reason = "the library is C and is loaded at run time")]

use std::ffi::{CStr, CString, OsString, c_char, c_int, c_void};
use std::mem::ManuallyDrop;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::{fs, ptr};

use libloading::{Library, Symbol};

/// `chdb_result * chdb_query_cmdline(int argc, char ** argv)`.
type RunCommandLine = unsafe extern "C" fn(c_int, *mut *mut c_char) -> *mut c_void;
/// `const char * chdb_result_error(chdb_result *)`.
type ResultError = unsafe extern "C" fn(*mut c_void) -> *const c_char;
/// `void chdb_set_signal_handlers_enabled(int enabled)`.
type EnableSignalHandlers = unsafe extern "C" fn(c_int);

/// Why the library did not run, or how it failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// It cannot be loaded, or lacks a function.
    #[error("cannot load {}", path.display())]
    Load {
        /// The library.
        path: PathBuf,
        /// The error of the dynamic linker.
        #[source]
        source: libloading::Error,
    },
    /// An argument cannot be passed to C.
    #[error("argument {0} holds a zero byte")]
    Argument(usize),
    /// There are more arguments than C can count.
    #[error("{0} arguments are too many")]
    TooManyArguments(usize),
    /// The library says that it failed, or the process is not ready for it.
    #[error("{0}")]
    Failed(String),
}

/// Closes every file that this process has inherited, but for standard input, output and error.
pub(super) fn close_inherited_files() {
    let list = Path::new("/dev/fd");
    let names = fs::read_dir(list).into_iter().flatten().flatten();
    let names: Vec<_> = names.map(|entry| entry.file_name()).collect();
    for name in names {
        let number = name.to_str().and_then(|name| name.parse::<i32>().ok());
        // One of them was that of the list itself, which is closed by now.
        let is_open = || fs::symlink_metadata(list.join(&name)).is_ok();
        let Some(file) = number.filter(|&file| file > 2 && is_open()) else {
            continue;
        };
        // SAFETY: called before anything in this process has opened a file that it still holds, so no
        // owner of `file` is left with a number that means nothing, or something else.
        unsafe { rustix::io::close(file) };
    }
}

/// Runs the library's command line with `args`, of which the first is the name of the program, once it is
/// loaded and `prepare` has succeeded. Returns when it ends: for an engine, when standard input closes.
///
/// # Errors
///
/// The library cannot be loaded or called, or rejects the arguments. Failures of the queries that the
/// arguments hold are written to standard error by the library itself and are no error here.
pub(super) fn host(
    path: &Path,
    args: Vec<OsString>,
    prepare: impl FnOnce() -> Result<(), String>,
) -> Result<(), Error> {
    let count = c_int::try_from(args.len()).map_err(|_| Error::TooManyArguments(args.len()))?;
    let args = args
        .into_iter()
        .enumerate()
        .map(|(index, arg)| CString::new(arg.into_vec()).map_err(|_| Error::Argument(index)));
    let mut argv: Vec<*mut c_char> = args
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .map(CString::into_raw)
        .collect();
    argv.push(ptr::null_mut());

    // SAFETY: loading runs the library's initialisers. The library is the pinned ClickHouse build or
    // one that the operator named, and the child process, which does nothing else, has one thread.
    let library = unsafe { Library::new(path) };
    // Never unloaded: the library's threads and exit handlers may outlive the call below.
    let library = ManuallyDrop::new(library.map_err(|source| load_error(path, source))?);
    let functions = Functions::find(&library).map_err(|source| load_error(path, source))?;
    prepare().map_err(Error::Failed)?;

    // SAFETY: the function stores a flag and resets crash signals to the system's default. The
    // library's own handlers keep a crashed process for minutes, which would delay its restart.
    unsafe { (functions.enable_signal_handlers)(0) };
    // SAFETY: `argv` holds `count` writable C strings, which are never freed, and a final null, as
    // for `main`. The function is called once; the thread that `prepare` may have started calls none.
    let result = unsafe { (functions.run)(count, argv.as_mut_ptr()) };
    if result.is_null() {
        return Err(Error::Failed("the library returned nothing".to_owned()));
    }
    // SAFETY: `result` is what the library returned just now, not null and not destroyed.
    let message = unsafe { (functions.result_error)(result) };
    if message.is_null() {
        return Ok(());
    }
    // SAFETY: a message that is not null is a C string owned by `result`, which is never destroyed.
    let message = unsafe { CStr::from_ptr(message) };
    Err(Error::Failed(message.to_string_lossy().into_owned()))
}

/// The functions of the library that are called.
struct Functions<'lib> {
    run: Symbol<'lib, RunCommandLine>,
    result_error: Symbol<'lib, ResultError>,
    enable_signal_handlers: Symbol<'lib, EnableSignalHandlers>,
}

impl<'lib> Functions<'lib> {
    /// Finds them by name.
    fn find(library: &'lib Library) -> Result<Self, libloading::Error> {
        // SAFETY: the type is the one that the library's header declares for this name.
        let run = unsafe { library.get(c"chdb_query_cmdline") }?;
        // SAFETY: as above.
        let result_error = unsafe { library.get(c"chdb_result_error") }?;
        // SAFETY: as above.
        let enable_signal_handlers = unsafe { library.get(c"chdb_set_signal_handlers_enabled") }?;
        Ok(Self {
            run,
            result_error,
            enable_signal_handlers,
        })
    }
}

/// An [`Error::Load`].
fn load_error(path: &Path, source: libloading::Error) -> Error {
    Error::Load {
        path: path.to_owned(),
        source,
    }
}
