//! Where ggml's messages go, and what happens to the terminal when the process dies below Rust.
//!
//! ggml aborts on what it holds to be a bug, the kernel sends SIGBUS when a mapped file was cut short, and neither
//! unwinds. So the terminal's settings are kept here, and restored by functions that are safe inside a signal handler.

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    io,
    mem::MaybeUninit,
    ptr,
    sync::{
        Once,
        atomic::{AtomicBool, AtomicPtr, Ordering},
    },
};

use llama_cpp_sys_2 as sys;

/// Bytes that bring a screen back, then the settings to give the terminal.
struct Restore {
    settings: libc::termios,
    screen: &'static [u8],
}

static RESTORE: AtomicPtr<Restore> = AtomicPtr::new(ptr::null_mut());
static ARMED: AtomicBool = AtomicBool::new(false);

/// Exit code after an abort inside ggml (`EX_SOFTWARE` of sysexits.h).
const ABORTED: c_int = 70;

/// Keeps ggml's messages off stderr, and turns its aborts into one line and exit code 70.
pub(crate) fn route_messages() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: a function with C's calling convention that lives as long as the process.
        unsafe { sys::ggml_log_set(Some(drop_message), ptr::null_mut()) };
        // SAFETY: as above, for the llama.cpp side of the library.
        unsafe { sys::llama_log_set(Some(drop_message), ptr::null_mut()) };
        // SAFETY: as above.
        unsafe { sys::ggml_set_abort_callback(Some(aborting)) };
    });
}

/// Remembers the terminal's present settings, to be restored together with `screen` (escape sequences) if the process
/// dies of a signal or of an abort in ggml. Call it before raw mode; does nothing without a terminal.
///
/// # Errors
/// If a signal handler cannot be installed.
pub fn arm_terminal(screen: &'static [u8]) -> io::Result<()> {
    let mut settings = MaybeUninit::<libc::termios>::uninit();
    // SAFETY: a valid place for the settings; without a terminal the call fails and writes nothing.
    if unsafe { libc::tcgetattr(libc::STDIN_FILENO, settings.as_mut_ptr()) } != 0 {
        return Ok(());
    }
    // SAFETY: tcgetattr succeeded, so it has filled them.
    let settings = unsafe { settings.assume_init() };
    // Leaked on purpose: a handler may be reading it at any time. One program arms once or twice.
    RESTORE.store(Box::into_raw(Box::new(Restore { settings, screen })), Ordering::SeqCst);
    ARMED.store(true, Ordering::SeqCst);
    for signal in [libc::SIGABRT, libc::SIGBUS, libc::SIGSEGV, libc::SIGILL, libc::SIGFPE] {
        // SAFETY: zeroed is a valid sigaction, which the next lines fill.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = dying as extern "C" fn(c_int) as usize;
        // After the handler the default comes back, so that raising again ends the process as the signal would have.
        action.sa_flags = libc::SA_RESETHAND | libc::SA_NODEFER;
        // SAFETY: a filled action, and no place for the old one.
        if unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// The terminal is as it was: nothing is left to restore.
pub fn disarm_terminal() {
    ARMED.store(false, Ordering::SeqCst);
}

/// Ends the process without waiting for a computation that is under way: running destructors beside it would not be safe.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: ends the process; what had to be written was flushed by the caller.
    unsafe { libc::_exit(code) }
}

/// ggml's messages are for its developers, and stderr may be the terminal that is being drawn on.
extern "C" fn drop_message(_level: sys::ggml_log_level, _text: *const c_char, _user: *mut c_void) {}

/// Restores the terminal; only calls that are allowed inside a signal handler.
fn restore() {
    if !ARMED.swap(false, Ordering::SeqCst) {
        return;
    }
    // SAFETY: null or a leaked, never changed value.
    if let Some(kept) = unsafe { RESTORE.load(Ordering::SeqCst).as_ref() } {
        write_all(libc::STDOUT_FILENO, kept.screen);
        // SAFETY: settings that tcgetattr gave; tcsetattr is async-signal-safe.
        unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSANOW, &raw const kept.settings) };
    }
}

fn write_all(fd: c_int, bytes: &[u8]) {
    // SAFETY: a readable slice; what a dying process cannot write is lost.
    let _ = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
}

extern "C" fn dying(signal: c_int) {
    restore();
    if signal == libc::SIGBUS {
        write_all(
            libc::STDERR_FILENO,
            b"error: the model file changed or its disk failed while it was in use (SIGBUS); check the file and start again\n",
        );
    }
    // SAFETY: the default action is back, so this ends the process with the signal's own status.
    unsafe { libc::raise(signal) };
}

extern "C" fn aborting(message: *const c_char) {
    restore();
    write_all(libc::STDERR_FILENO, b"error: ggml stopped: ");
    if !message.is_null() {
        // SAFETY: ggml passes a terminated string.
        write_all(libc::STDERR_FILENO, unsafe { CStr::from_ptr(message) }.to_bytes());
    }
    write_all(
        libc::STDERR_FILENO,
        b"\nThis is a bug in mexit-tui: please report it with the model's `mexit-tui info`.\n",
    );
    // SAFETY: ends the process without running anything more: the state is unknown.
    unsafe { libc::_exit(ABORTED) };
}

/// Makes ggml abort, to prove that the terminal survives it.
#[doc(hidden)]
pub fn provoke_abort() -> ! {
    route_messages();
    // SAFETY: ggml_abort never returns; file and format are terminated strings without arguments.
    unsafe { sys::ggml_abort(c"provoked".as_ptr(), 0, c"provoked for a test".as_ptr()) }
    unreachable!("ggml_abort returned")
}
