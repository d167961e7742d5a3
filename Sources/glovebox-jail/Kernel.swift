import CGloveboxLinux

/// Kernel numbers that stand in no header the module can take.
enum Kernel {
    /// `MNT_DETACH`: take a mount away now and free it with its last user.
    static let detach = 2
    /// `O_PATH`: a name for a file, without opening it.
    static let path = Int32(0o10000000)
    /// `ADDR_NO_RANDOMIZE` of `personality`.
    static let fixedAddresses = 0x004_0000
    /// The argument of `personality` that only asks.
    static let askPersonality = 0xffff_ffff
}

/// A system call; the value, or -errno.
func call(_ number: Int32, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0, _ d: Int = 0, _ e: Int = 0) -> Int {
    glx_syscall(Int(number), a, b, c, d, e, 0)
}

/// The address of a C string, for the length of `body`.
func withText(_ bytes: [UInt8], _ body: (Int) -> Int) -> Int {
    var text = bytes
    text.append(0)
    return unsafe text.withUnsafeBufferPointer { body(Int(bitPattern: $0.baseAddress)) }
}

/// The address of a NUL-ended literal.
func address(_ text: StaticString) -> Int { unsafe Int(bitPattern: text.utf8Start) }

/// Bytes of a literal.
func bytes(_ text: StaticString) -> [UInt8] {
    var out: [UInt8] = []
    for index in 0..<text.utf8CodeUnitCount { unsafe out.append(text.utf8Start[index]) }
    return out
}

/// A number in decimal.
func decimal(_ value: UInt64) -> [UInt8] {
    var digits: [UInt8] = []
    var rest = value
    repeat {
        digits.append(UInt8(48 + rest % 10))
        rest /= 10
    } while rest > 0
    digits.reverse()
    return digits
}

/// Opens a path; a descriptor, or -errno.
func open(_ path: [UInt8], _ flags: Int32) -> Int {
    withText(path) { call(SYS_openat, Int(AT_FDCWD), $0, Int(flags | O_CLOEXEC)) }
}

func close(_ descriptor: Int) { _ = call(SYS_close, descriptor) }

/// Writes a short file in one go, as files of /proc want it; 0, or -errno.
func write(_ text: [UInt8], to path: [UInt8]) -> Int {
    let file = open(path, O_WRONLY)
    guard file >= 0 else { return file }
    defer { close(file) }
    return writeOnce(text, to: file)
}

/// Writes to an open file in one call; 0, or -errno.
func writeOnce(_ text: [UInt8], to file: Int) -> Int {
    let written = unsafe text.withUnsafeBufferPointer {
        call(SYS_write, file, Int(bitPattern: $0.baseAddress), $0.count)
    }
    return written == text.count ? 0 : written < 0 ? written : -5
}

/// Reads a file of the kernel to its end, from where it stands; nil on an error or over the limit.
///
/// Of one with `shortLines` the kernel gives all that fits, or most of a page, so that a small part is the last; before a
/// long line it stops early.
func readOn(_ descriptor: Int, limit: Int, shortLines: Bool) -> [UInt8]? {
    var out: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = unsafe chunk.withUnsafeMutableBufferPointer {
            call(SYS_read, descriptor, Int(bitPattern: $0.baseAddress), $0.count)
        }
        if count < 0 { return nil }
        if count == 0 { return out }
        out += chunk[0..<count]
        if out.count > limit { return nil }
        if shortLines, count <= 2048 { return out }
    }
}

/// Reads a file whole, whatever another process does to the offset they share; nil on an error or over the limit.
func readAll(_ descriptor: Int, limit: Int) -> [UInt8]? {
    var out: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16384)
    while true {
        let count = unsafe chunk.withUnsafeMutableBufferPointer {
            call(SYS_pread64, descriptor, Int(bitPattern: $0.baseAddress), $0.count, out.count)
        }
        if count < 0 { return nil }
        if count == 0 { return out }
        out += chunk[0..<count]
        if out.count > limit { return nil }
    }
}

/// Ends the process at once, by a trap where its filter knows no exit.
func leave(_ status: Int) -> Never {
    _ = call(SYS_exit_group, status)
    glx_trap()
}
