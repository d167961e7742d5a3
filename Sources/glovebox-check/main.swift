// glovebox-check MAX_BYTES MAX_ROWS MAX_CELLS [IN_FD OUT_FD]: reads one table file, writes one answer (see CheckerWire).
// glovebox-check MAX_BYTES IN_FD OUT_FD 0: reads one LeakRequest, writes one LeakVerdict.
//
// Exit 0: the answer is complete, table, verdict or refusal.
// Exit 1: reading or writing failed. Exit 2: usage. It opens nothing, so it runs in an empty root without /proc.
import CGloveboxCheck
import Glibc
import GloveboxTables

/// Reads a descriptor up to its end, or up to one byte over the limit.
func readAll(_ descriptor: Int32, limit: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while bytes.count <= limit {
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        if count == 0 { return bytes }
        if count < 0 {
            if errno == EINTR { continue }
            return nil
        }
        bytes += buffer[..<count]
    }
    return bytes
}

/// Writes everything to a descriptor.
func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    var written = 0
    while written < bytes.count {
        let count = unsafe bytes[written...].withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        written += count
    }
    return true
}

// Not `CommandLine`, which needs /proc.
let numbers = (0..<glx_check_argument_count()).map { Int(glx_check_argument($0)) }
guard (3...5).contains(numbers.count), numbers.allSatisfy({ $0 >= 0 }) else { exit(2) }
if numbers.count == 4 {
    guard numbers[3] == 0, let bytes = readAll(Int32(numbers[1]), limit: numbers[0]) else { exit(1) }
    do {
        let verdict = LeakScan.run(try LeakRequest(decoding: bytes))
        exit(writeAll(Int32(numbers[2]), verdict.encoded) ? 0 : 1)
    } catch { exit(1) }
}
let limits = CheckedTable.Limits(bytes: numbers[0], rows: numbers[1], cells: numbers[2])
let (input, output) = numbers.count == 5 ? (Int32(numbers[3]), Int32(numbers[4])) : (0, 1)
guard let bytes = readAll(input, limit: limits.bytes) else { exit(1) }
exit(writeAll(output, CheckerWire.encode(Checker.parse(bytes, limits: limits))) ? 0 : 1)
