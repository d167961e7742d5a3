// glovebox-check MAX_BYTES MAX_ROWS MAX_CELLS [IN_FD OUT_FD]: reads one table file, writes one answer (see CheckerWire).
// glovebox-check MAX_BYTES IN_FD OUT_FD 0: reads one LeakRequest about a file of so many bytes, and its LeakRows; writes one
// LeakVerdict.
// glovebox-check MAX_BYTES FORM LIMIT LIMIT IN_FD OUT_FD: reads a picture, model or list of numbers, writes one answer (see OpaqueWire).
//
// Exit 0: the answer is complete, table, verdict or refusal.
// Exit 1: reading or writing failed. Exit 2: usage. It opens nothing, so it runs in an empty root without /proc.
import CGloveboxCheck
import Glibc
import GloveboxTables

/// Reads the next piece of a descriptor; empty at its end, nil when that failed.
func readPiece(_ descriptor: Int32, _ buffer: inout [UInt8]) -> [UInt8]? {
    while true {
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        if count >= 0 { return Array(buffer[..<count]) }
        guard errno == EINTR else { return nil }
    }
}

/// Reads a descriptor to its end; nil when that failed, or over the limit.
func readAll(_ descriptor: Int32, limit: Int) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var all: [UInt8] = []
    while let piece = readPiece(descriptor, &buffer) {
        if piece.isEmpty { return all }
        all += piece
        if all.count > limit { return nil }
    }
    return nil
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
if numbers.count == 4 {
    guard numbers[3] == 0 else { exit(2) }
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var input = PieceReader(reading: { readPiece(Int32(numbers[1]), &buffer) })
    do {
        let verdict = try LeakScan.run(&input, maxBytes: numbers[0])
        exit(writeAll(Int32(numbers[2]), verdict.encoded) ? 0 : 1)
    } catch { exit(1) }
}
if numbers.count == 6 {
    guard let form = OpaqueFile.Form(arguments: Array(numbers[1..<4])) else { exit(2) }
    guard let bytes = readAll(Int32(numbers[4]), limit: numbers[0]) else { exit(1) }
    let answer = OpaqueWire.encode(OpaqueFile.parse(bytes, as: form, maxBytes: numbers[0]))
    exit(writeAll(Int32(numbers[5]), answer) ? 0 : 1)
}
let limits = CheckedTable.Limits(bytes: numbers[0], rows: numbers[1], cells: numbers[2])
let (input, output) = numbers.count == 5 ? (Int32(numbers[3]), Int32(numbers[4])) : (0, 1)

// Read, checked and written in pieces: what it needs does not grow with the file.
var checker = Checker(limits: limits)
var buffer = [UInt8](repeating: 0, count: 1 << 18)
var answer = CheckerWire.head
var isRecord = false
do throws(CSVFault) {
    while true {
        guard let piece = readPiece(input, &buffer) else { exit(1) }
        if piece.isEmpty { break }
        try checker.feed(piece) { CheckerWire.encode($0, &answer) }
        guard writeAll(output, answer) else { exit(1) }
        answer.removeAll(keepingCapacity: true)
    }
    try checker.finish { event in
        if case .record = event { isRecord = true }
        CheckerWire.encode(event, &answer)
    }
    if !isRecord { answer += CheckerWire.tableEnd }
} catch {
    CheckerWire.encode(error, &answer)
}
exit(writeAll(output, answer) ? 0 : 1)
