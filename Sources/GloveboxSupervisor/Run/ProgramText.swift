internal import GloveboxAPI
internal import GloveboxJail

/// Takes what one program writes while it runs, and keeps the end of it: a program that writes without end fills nothing.
final class ProgramText {
    /// The end of a stream.
    private struct Tail {
        let most: Int
        var kept: [UInt8] = []
        var total: UInt64 = 0

        var bytes: [UInt8] { Array(kept.suffix(most)) }

        mutating func add(_ bytes: [UInt8]) {
            total += UInt64(bytes.count)
            kept += bytes
            if kept.count > 2 * most { kept.removeFirst(kept.count - most) }
        }
    }

    private var out: Tail
    private var error: Tail

    /// Keeps so many bytes of each stream.
    init(out: Int, error: Int) { (self.out, self.error) = (Tail(most: out), Tail(most: error)) }

    /// Of a run of its own: 256 KiB of stdout and 64 KiB of stderr.
    static var ofRun: ProgramText { ProgramText(out: 256 << 10, error: 64 << 10) }

    /// Of one block among many: 2 KiB of each stream.
    static var ofBlock: ProgramText { ProgramText(out: 2 << 10, error: 2 << 10) }

    /// Has a run hand over what its program writes.
    func listen(_ hooks: inout JailRun.Hooks) {
        hooks.output = { bytes, isError in if isError { self.error.add(bytes) } else { self.out.add(bytes) } }
    }

    /// What was kept.
    var program: RunText.Program {
        RunText.Program(out: out.bytes, error: error.bytes, outBytes: out.total, errorBytes: error.total)
    }
}
