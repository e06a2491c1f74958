//! The process of a node: the ClickHouse library that the server pins, as a member of a cluster.
//!
//! `nodes` starts it from the program of the tests. The library's own entry is a command line that serves
//! one process; its code has all that replicated tables need, and lacks what only a server would set:
//!
//! 1. Nobody tells it at which address others fetch its parts: a replicated table would stay read-only.
//! 2. Nothing listens for these fetches: the HTTP interface hands them to the library's own handler.
//! 3. Nobody gives it credentials for them: fetching with an empty user, serving without any.
//! 4. It says that replicated DDL has not been started, for which databases of the engine Replicated wait.
//! 5. Nobody starts the worker of ON CLUSTER.
//! 6. No setting turns EXECUTE AS on.
//!
//! So a few places of the library are written anew before it runs. They belong to one build and are compared
//! byte for byte first: another build is refused. How to find them in the next one stands beside each.
#![expect(
    unsafe_code,
    clippy::multiple_unsafe_ops_per_block,
    reason = "the library is C++, and this calls what it has no interface for"
)]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    fs::{self, File},
    mem::transmute,
    os::unix::fs::FileExt as _,
    path::Path,
    ptr,
    sync::OnceLock,
};

use libloading::Library;

/// The library.
pub(crate) const LIBRARY: &str = "SLUICE_NODE_LIBRARY";
/// The port at which it answers, and others fetch its parts.
pub(crate) const PORT: &str = "SLUICE_NODE_PORT";
/// The arguments of its command line, one a line.
pub(crate) const ARGUMENTS: &str = "SLUICE_NODE_ARGUMENTS";

/// The first of two functions before the one that names `Parameter 'interserver_http(s)_port'`.
const GET_CREDENTIALS: usize = 0x1417_c940;
/// The second of them.
const GET_INTERSERVER_ADDRESS: usize = 0x1417_c9c0;
/// Names `InterserverIOHTTPHandler-factory`.
const MAKE_FACTORY: usize = 0x1839_5cc0;
/// Its call behind `HTTPHandler-factory`, in the command line.
const CALL_OF_MAKE_FACTORY: usize = 0x0f11_7ff6;
/// What is called before the branch to `Replicated DDL queries are disabled`.
const CAN_REPLICATE_DDL: usize = 0x1428_91c0;
/// The branch to `IMPERSONATE feature is disabled`.
const IMPERSONATE_BRANCH: usize = 0x16fb_aa83;
/// Names `CreateTablesThreadPool`; databases of the engine Replicated use it.
const CREATE_TABLES_POOL: usize = 0x0f1c_e5c0;
/// What the command line calls for every pool.
const INITIALIZE_POOL: usize = 0x0f1c_d280;
/// The library's own `operator new`.
const NEW: usize = 0x0eee_be00;
/// The constructor that names `DDLWorker is configured to use multiple threads`.
const DDL_WORKER: usize = 0x1424_3400;
/// What a database of the engine Replicated calls on it.
const DDL_WORKER_STARTUP: usize = 0x1424_5300;
/// The handler of fetches, and how much code it has.
const INTERSERVER_HANDLER: usize = 0x183d_0000;
const INTERSERVER_HANDLER_SIZE: usize = 0x1_0000;

/// Within the part that contexts share: the scheme, read by what follows [`GET_INTERSERVER_ADDRESS`].
const SHARED_SCHEME: usize = 0x170;
/// Within it too: the worker, read by what names `DDL background thread is not initialized`.
const SHARED_DDL_WORKER: usize = 0xd80;
/// Within a request: its URI.
const REQUEST_URI: usize = 0x60;
/// In the table of functions of a server: the one that returns its context.
const CONTEXT_SLOT: usize = 2;
/// In that of a factory of handlers, behind the two entries before it: the one that makes a handler.
const CREATE_SLOT: usize = 2 + 2;

/// What a text of the library has in its last byte, or in its last word, when it is not short.
const IS_LONG: u64 = 1 << 63;
const SHORT: usize = 23;

/// `std::shared_ptr`, as functions of the library return it.
#[repr(C)]
#[derive(Clone, Copy)]
struct Shared {
    object: *mut u8,
    control: *mut u8,
}

/// `std::string` of more than 22 bytes.
#[repr(C)]
struct Text {
    data: *const u8,
    size: u64,
    capacity: u64,
}

type MakeFactory =
    unsafe extern "C" fn(*mut u8, *mut u8, *mut u8, *const Text, *const [u64; 3]) -> Shared;
type CreateHandler = unsafe extern "C" fn(*mut u8, *const u8) -> *mut u8;

/// What the replaced functions need to know.
struct Node {
    base: usize,
    port: u16,
}

static NODE: OnceLock<Node> = OnceLock::new();
static CREATE_HANDLER: OnceLock<CreateHandler> = OnceLock::new();
/// The factory of the handlers of fetches.
static INTERSERVER: OnceLock<usize> = OnceLock::new();

/// Not a test: the life of a node, in the process that `nodes` starts for it.
#[test]
fn node() {
    let [Some(library), Some(port), Some(arguments)] = [LIBRARY, PORT, ARGUMENTS].map(variable)
    else {
        return;
    };
    let arguments = arguments.lines().map(|text| CString::new(text).unwrap());
    // SAFETY: this process does nothing else.
    unsafe { host(Path::new(&library), port.parse().unwrap(), arguments) }
}

#[expect(clippy::disallowed_methods, reason = "how a process of a test is told")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Runs the library until standard input closes, and ends the process.
///
/// # Safety
///
/// The library must be ClickHouse, and the process do nothing else: it changes the library's code.
unsafe fn host(path: &Path, port: u16, arguments: impl Iterator<Item = CString>) {
    // SAFETY: as the caller says.
    let library = unsafe { Library::new(path) }.unwrap();
    let base = load_address(path);
    NODE.get_or_init(|| Node { base, port });
    patch(base);
    // SAFETY: the types are those of the library's header.
    unsafe {
        type Run = unsafe extern "C" fn(c_int, *mut *mut c_char) -> *mut c_void;
        type ErrorOf = unsafe extern "C" fn(*mut c_void) -> *const c_char;
        let enable_handlers =
            library.get::<unsafe extern "C" fn(c_int)>(c"chdb_set_signal_handlers_enabled");
        enable_handlers.unwrap()(0);
        let run = library.get::<Run>(c"chdb_query_cmdline").unwrap();
        let error_of = library.get::<ErrorOf>(c"chdb_result_error").unwrap();
        let mut arguments: Vec<_> = arguments.map(CString::into_raw).collect();
        let count = c_int::try_from(arguments.len()).unwrap();
        arguments.push(ptr::null_mut());
        let result = run(count, arguments.as_mut_ptr());
        let error = error_of(result);
        if !error.is_null() {
            eprintln!("{}", CStr::from_ptr(error).to_string_lossy());
        }
        // The threads of the library are still there, and do not like to be unloaded.
        libc::_exit(c_int::from(!error.is_null()));
    }
}

/// Where the library is.
fn load_address(path: &Path) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let path = path.to_str().unwrap();
    let mut lines = maps.lines().filter(|line| line.ends_with(path));
    let (start, _) = lines.next().unwrap().split_once('-').unwrap();
    usize::from_str_radix(start, 16).unwrap()
}

/// The code of the library, as the kernel lets a process read and write its own.
struct Code {
    memory: File,
    base: usize,
}

impl Code {
    /// Ends the process unless these bytes stand at a place.
    fn expect(&self, place: usize, expected: &[u8]) {
        let mut found = vec![0; expected.len()];
        let place = u64::try_from(self.base + place).unwrap();
        let read = self.memory.read_exact_at(&mut found, place);
        assert!(
            read.is_ok() && found == expected,
            "this build of the ClickHouse library is not known here: find the places of tests/cluster/host.rs anew"
        );
    }

    fn put(&self, place: usize, bytes: &[u8]) {
        let place = u64::try_from(self.base + place).unwrap();
        self.memory.write_all_at(bytes, place).unwrap();
    }
}

/// A jump to an address: `jmp [rip]`, and the address.
fn jump(to: usize) -> Vec<u8> {
    [&[0xff, 0x25, 0, 0, 0, 0][..], &to.to_le_bytes()].concat()
}

/// Compares all places, then writes them.
fn patch(base: usize) {
    let memory = File::options()
        .read(true)
        .write(true)
        .open("/proc/self/mem");
    let code = Code {
        memory: memory.unwrap(),
        base,
    };
    // `call`, and how far.
    let distance = |from: usize, to: usize| {
        let distance = i64::try_from(to).unwrap() - i64::try_from(from).unwrap() - 5;
        let distance = i32::try_from(distance).unwrap().to_le_bytes();
        [&[0xe8][..], &distance].concat()
    };
    code.expect(
        GET_INTERSERVER_ADDRESS,
        &[0x41, 0x56, 0x53, 0x48, 0x83, 0xec, 0x48, 0x4c, 0x8b, 0x36],
    );
    code.expect(
        GET_CREDENTIALS,
        &[0x41, 0x57, 0x41, 0x56, 0x53, 0x4c, 0x8b, 0x3f],
    );
    code.expect(
        MAKE_FACTORY,
        &[0x55, 0x41, 0x57, 0x41, 0x56, 0x41, 0x55, 0x41, 0x54, 0x53],
    );
    code.expect(
        CALL_OF_MAKE_FACTORY,
        &distance(CALL_OF_MAKE_FACTORY, MAKE_FACTORY),
    );
    code.expect(
        CAN_REPLICATE_DDL,
        &[0x0f, 0xb6, 0x87, 0x10, 0x09, 0, 0, 0xc3],
    );
    code.expect(IMPERSONATE_BRANCH, &[0x0f, 0x84, 0xe9, 0x0d, 0, 0]);

    let address = jump(interserver_address as *const () as usize);
    // The rest of the replaced function is not run any more: a call reaches it, and no page of our own.
    let near = GET_INTERSERVER_ADDRESS + address.len();
    let to_make = jump(make_factory as *const () as usize);
    code.put(GET_INTERSERVER_ADDRESS, &[address, to_make].concat());
    code.put(CALL_OF_MAKE_FACTORY, &distance(CALL_OF_MAKE_FACTORY, near));
    // `mov rdi, [rsp]`: who calls.
    let credentials = jump(credentials as *const () as usize);
    let credentials = [&[0x48, 0x8b, 0x3c, 0x24][..], &credentials].concat();
    code.put(GET_CREDENTIALS, &credentials);
    // `mov eax, 1; ret`.
    code.put(CAN_REPLICATE_DDL, &[0xb8, 1, 0, 0, 0, 0xc3, 0x90, 0x90]);
    // No operation.
    code.put(IMPERSONATE_BRANCH, &[0x66, 0x0f, 0x1f, 0x44, 0, 0]);
}

fn this_node() -> &'static Node {
    NODE.get().unwrap()
}

/// Writes a text of less than 23 bytes.
unsafe fn write_short(to: *mut u8, text: &str) {
    // SAFETY: the caller has a `std::string` there.
    unsafe {
        ptr::write_bytes(to, 0, SHORT + 1);
        ptr::copy_nonoverlapping(text.as_ptr(), to, text.len());
        to.add(SHORT).write(u8::try_from(text.len()).unwrap());
    }
}

fn long(text: &'static str) -> Text {
    let size = u64::try_from(text.len()).unwrap();
    Text {
        data: text.as_ptr(),
        size,
        capacity: IS_LONG | (size + 16),
    }
}

/// In place of `Context::getInterserverIOAddress`; it also says the scheme, by which fetches go.
unsafe extern "C" fn interserver_address(out: *mut u8, context: *const *mut u8) -> *mut u8 {
    // SAFETY: the library passes room for a text and a port, and a context, which begins with its
    // shared part.
    unsafe {
        write_short((*context).add(SHARED_SCHEME), "http");
        write_short(out, "127.0.0.1");
        out.add(SHORT + 1)
            .cast::<u16>()
            .write_unaligned(this_node().port);
    }
    out
}

/// In place of `Context::getInterserverCredentials`, which would read what nobody has set: an empty user for
/// who fetches, none for who serves, so that it asks for none.
unsafe extern "C" fn credentials(caller: usize) -> Shared {
    static NOBODY: [u64; 64] = [0; 64];
    let serving = this_node().base + INTERSERVER_HANDLER;
    let serving = serving..serving + INTERSERVER_HANDLER_SIZE;
    let object = if serving.contains(&caller) {
        ptr::null_mut()
    } else {
        NOBODY.as_ptr().cast_mut().cast()
    };
    Shared {
        object,
        control: ptr::null_mut(),
    }
}

/// In place of `HTTPRequestHandlerFactory::createRequestHandler` of the HTTP interface.
unsafe extern "C" fn create_handler(own: *mut u8, request: *const u8) -> *mut u8 {
    // SAFETY: the library passes a request, whose URI is a `std::string`.
    let uri = unsafe {
        let uri = request.add(REQUEST_URI);
        let last = *uri.add(SHORT);
        if last >= 128 {
            let text = &*uri.cast::<Text>();
            std::slice::from_raw_parts(text.data, usize::try_from(text.size).unwrap())
        } else {
            std::slice::from_raw_parts(uri, usize::from(last))
        }
    };
    let is_fetch = String::from_utf8_lossy(uri).contains("endpoint=DataPartsExchange");
    let factory = if is_fetch {
        *INTERSERVER.get().unwrap() as *mut u8
    } else {
        own
    };
    // SAFETY: both factories are of one class.
    unsafe { CREATE_HANDLER.get().unwrap()(factory, request) }
}

/// In place of the factory of handlers that the command line makes for its HTTP interface.
unsafe extern "C" fn make_factory(
    server: *mut u8,
    config: *mut u8,
    metrics: *mut u8,
    name: *const Text,
    key: *const [u64; 3],
) -> Shared {
    let base = this_node().base;
    // SAFETY: functions of the library, of these types; `patch` has seen that it is this build.
    unsafe {
        let make = transmute::<usize, MakeFactory>(base + MAKE_FACTORY);
        let pool = transmute::<usize, extern "C" fn() -> *mut u8>(base + CREATE_TABLES_POOL);
        let initialize =
            transmute::<usize, extern "C" fn(*mut u8, usize, usize, usize)>(base + INITIALIZE_POOL);
        initialize(pool(), 4, 0, 4);
        start_ddl_worker(base, server);
        let http = make(server, config, metrics, name, key);
        let fetches = long("InterserverIOHTTPHandler-factory");
        let fetches = make(server, config, metrics, &raw const fetches, &[0; 3]);
        INTERSERVER.get_or_init(|| fetches.object as usize);
        // A table of functions of its own, with one of them replaced.
        let slots = *http.object.cast::<*const usize>();
        let table: &'static mut [usize; 16] = Box::leak(Box::new([0; 16]));
        ptr::copy_nonoverlapping(slots.sub(2), table.as_mut_ptr(), 8);
        let original = transmute::<usize, CreateHandler>(table[CREATE_SLOT]);
        CREATE_HANDLER.get_or_init(|| original);
        table[CREATE_SLOT] = create_handler as *const () as usize;
        http.object
            .cast::<*const usize>()
            .write(table.as_ptr().add(2));
        http
    }
}

/// Starts what carries out statements ON CLUSTER.
unsafe fn start_ddl_worker(base: usize, server: *mut u8) {
    type Construct = extern "C" fn(
        *mut u8,
        c_int,
        *const Text,
        *const Text,
        *mut u8,
        *const u8,
        *const u8,
        *const Text,
        *const Text,
        *const Text,
        *const u8,
        *const u8,
    );
    let [root, replicas, no_hosts, keeper, logger] = [
        "/clickhouse/task_queue/ddl",
        "/clickhouse/task_queue/replicas",
        "",
        "default",
        "DDLWorker",
    ]
    .map(|text| &*Box::leak(Box::new(long(text))));
    // SAFETY: as for `make_factory`; the texts and the worker stay.
    unsafe {
        let slots = *server.cast::<*const usize>();
        let context =
            transmute::<usize, extern "C" fn(*mut u8) -> Shared>(*slots.add(CONTEXT_SLOT));
        let context = context(server).object;
        let allocate = transmute::<usize, extern "C" fn(usize) -> *mut u8>(base + NEW);
        let construct = transmute::<usize, Construct>(base + DDL_WORKER);
        let startup = transmute::<usize, extern "C" fn(*mut u8)>(base + DDL_WORKER_STARTUP);
        let worker = allocate(0x400);
        construct(
            worker,
            1,
            root,
            replicas,
            context,
            ptr::null(),
            ptr::null(),
            no_hosts,
            keeper,
            logger,
            ptr::null(),
            ptr::null(),
        );
        let shared = *context.cast::<*mut u8>();
        shared
            .add(SHARED_DDL_WORKER)
            .cast::<*mut u8>()
            .write(worker);
        startup(worker);
    }
}
