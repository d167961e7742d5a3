internal import Glibc
internal import GloveboxCore
internal import GloveboxLink
internal import GloveboxLinux
internal import GloveboxMeasure

/// Directories and files that go from one machine to another in pieces.
///
/// A directory goes as its Nix archive, so that the other side writes and measures what it gets by the rules for what
/// researchers hand in; one without a file goes as nothing.
enum TreeTransfer {
    private static let piece = 128 << 10
    /// Milliseconds for which a sender may say nothing.
    static let patience: Int32 = 120_000

    /// Sends a directory; its archive's digest, nil when it holds no file.
    ///
    /// - Throws: `link.*`, `code.*` for what no archive can hold.
    static func send(_ directory: Descriptor, over link: LinkSocket) throws(GloveboxError) -> Digest? {
        guard try directory.holdsFile() else {
            try link.send(.end)
            return nil
        }
        let output = PieceOutput(link)
        let measured = try CodeTree.pack(
            directory: "/proc/self/fd/\(directory.raw)",
            to: output,
            limits: .measurement
        )
        try output.finish()
        return measured.narSha256
    }

    /// Takes a directory into an empty one; its archive's digest, nil when there was nothing.
    ///
    /// - Throws: `link.*`, `worker.message`, `upload.rejected`, `code.*` for what breaks the rules or the limits.
    static func receive(
        into directory: Descriptor,
        bytes: UInt64,
        entries: UInt64,
        over link: LinkSocket
    ) throws(GloveboxError) -> Digest? {
        let input = PieceInput(link)
        guard try input.hasMore() else { return nil }
        var limits = TreeLimits.measurement
        limits.totalBytes = min(limits.totalBytes, Int64(clamping: bytes))
        limits.fileBytes = limits.totalBytes
        limits.entries = min(limits.entries, Int(clamping: entries))
        let measured = try NARUnpacker.unpack(from: input, into: directory.raw, limits: limits)
        guard try !input.hasMore() else { throw NodeMessage.unexpected }
        return measured.narSha256
    }

    /// Sends a file from its start.
    ///
    /// - Throws: `link.*`, `storage.read`.
    static func send(file: Descriptor, over link: LinkSocket) throws(GloveboxError) {
        var offset = 0
        while true {
            let bytes: [UInt8]
            do { bytes = try file.read(upTo: piece, at: offset) } catch { throw error.coded("storage.read") }
            guard !bytes.isEmpty else { break }
            try link.send(.data, bytes)
            offset += bytes.count
        }
        try link.send(.end)
    }

    /// Takes a file of at most so many bytes, piece by piece.
    ///
    /// - Throws: `link.*`, `worker.message`, and what `take` throws.
    static func receive(
        limit: UInt64,
        over link: LinkSocket,
        _ take: ([UInt8]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        var left = limit
        while true {
            let frame = try next(link)
            if frame.kind == .end { return }
            guard frame.bytes.count <= left else { throw NodeMessage.unexpected }
            left -= UInt64(frame.bytes.count)
            try take(frame.bytes)
        }
    }

    /// The next piece, or the end; a fault in its place is what the sender could not send.
    fileprivate static func next(_ link: LinkSocket) throws(GloveboxError) -> LinkFrame {
        let frame = try link.receive(milliseconds: patience)
        switch frame.kind {
        case .end, .data: return frame
        case .message:
            if case .fault(let why) = try NodeMessage(frame) { throw why }
            throw NodeMessage.unexpected
        case .out, .error: throw NodeMessage.unexpected
        }
    }

    /// Gathers small writes.
    private final class PieceOutput: ByteOutput {
        private let link: LinkSocket
        private var waiting: [UInt8] = []

        init(_ link: LinkSocket) { self.link = link }

        func write(_ bytes: ArraySlice<UInt8>) throws(GloveboxError) {
            var rest = bytes
            while !rest.isEmpty {
                let part = rest.prefix(piece - waiting.count)
                waiting += part
                rest = rest.dropFirst(part.count)
                if waiting.count == piece { try flush() }
            }
        }

        func finish() throws(GloveboxError) {
            if !waiting.isEmpty { try flush() }
            try link.send(.end)
        }

        private func flush() throws(GloveboxError) {
            try link.send(.data, waiting)
            waiting = []
        }
    }

    /// Reads pieces up to their end.
    private final class PieceInput: ByteSource {
        private let link: LinkSocket
        private var waiting: ArraySlice<UInt8> = []
        private var isOver = false

        init(_ link: LinkSocket) { self.link = link }

        /// Whether there is a byte more; waits for it.
        func hasMore() throws(GloveboxError) -> Bool {
            while waiting.isEmpty, !isOver {
                let frame = try next(link)
                if frame.kind == .end { isOver = true } else { waiting = frame.bytes[...] }
            }
            return !waiting.isEmpty
        }

        func read(into buffer: inout [UInt8]) throws(GloveboxError) -> Int {
            guard try hasMore() else { return 0 }
            let part = waiting.prefix(buffer.count)
            buffer.replaceSubrange(0..<part.count, with: part)
            waiting = waiting.dropFirst(part.count)
            return part.count
        }
    }
}

extension Descriptor {
    /// Whether there is a file somewhere below a directory; a tree without one is no tree to an archive.
    ///
    /// - Throws: `output.collect`.
    func holdsFile() throws(GloveboxError) -> Bool {
        do throws(SyscallError) { return try holdsFile(depth: 0) } catch { throw error.coded("output.collect") }
    }

    private func holdsFile(depth: Int) throws(SyscallError) -> Bool {
        guard depth < 64 else { return true }  // too deep, which the archive refuses
        for name in try names(limit: 100_000) {
            guard try FileStatus.of(name, in: self).isDirectory else { return true }
            if try openOwn(name, O_RDONLY | O_DIRECTORY).holdsFile(depth: depth + 1) { return true }
        }
        return false
    }
}
