// glovebox-check MAX_BYTES MAX_ROWS MAX_CELLS [IN_FD OUT_FD]
// glovebox-check MAX_BYTES FORM LIMIT LIMIT [IN_FD OUT_FD]
//
// Reads one table file, or a picture or model (see OpaqueFile.Form), writes one answer (see CheckerWire, OpaqueWire). Exit 0: the answer is complete, table or refusal.
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
guard (3...6).contains(numbers.count), numbers.allSatisfy({ $0 >= 0 }) else { exit(2) }
let own = numbers.count.isMultiple(of: 2) ? 4 : 3
let (input, output) = numbers.count > own ? (Int32(numbers[own]), Int32(numbers[own + 1])) : (0, 1)
guard let bytes = readAll(input, limit: numbers[0]) else { exit(1) }
let answer: [UInt8]
if own == 4 {
    guard let form = OpaqueFile.Form(arguments: Array(numbers[1..<4])) else { exit(2) }
    answer = OpaqueWire.encode(OpaqueFile.parse(bytes, as: form, maxBytes: numbers[0]))
} else {
    let limits = CheckedTable.Limits(bytes: numbers[0], rows: numbers[1], cells: numbers[2])
    answer = CheckerWire.encode(Checker.parse(bytes, limits: limits))
}
exit(writeAll(output, answer) ? 0 : 1)
