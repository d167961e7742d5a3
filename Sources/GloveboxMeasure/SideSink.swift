internal import Dispatch
internal import GloveboxCore
internal import Synchronization

/// Hands a tree on to a sink that works on a thread of its own, so that reading and digesting go on side by side.
///
/// Used only where a person's own program measures: a thread of the pool would keep the identity that its maker had for a
/// moment, so nothing that works under another identity may start one.
struct SideSink<Next: TreeSink & Sendable>: TreeSink {
    // Enough to make a change of threads cheap, and little enough for the caches.
    private static var batchBytes: Int { 1 << 18 }
    private static var batchSteps: Int { 1 << 10 }

    private let worker: SideWorker<Next>
    private var batch = TreeBatch()

    /// Puts a thread in front of a sink; the thread that reads looks after the sink's lanes.
    init(_ next: Next, lanes: DigestLanes = DigestLanes()) { worker = SideWorker(next, lanes) }

    mutating func beginDirectory(_ path: TreePath) throws(GloveboxError) { try add(.beginDirectory(path)) }

    mutating func endDirectory(_ path: TreePath) throws(GloveboxError) { try add(.endDirectory(path)) }

    mutating func beginFile(_ path: TreePath, executable: Bool, size: Int64) throws(GloveboxError) {
        try add(.beginFile(path, executable: executable, size: size))
    }

    mutating func chunk(_ bytes: ArraySlice<UInt8>) throws(GloveboxError) {
        guard bytes.count < DirectoryWalker.pieceBytes else {
            try add(.large(bytes))
            return try flush()
        }
        // A copy of what is small: the reader's buffer is much larger, and is used again.
        let start = batch.bytes.count
        batch.bytes += bytes
        try add(.chunk(start..<batch.bytes.count))
    }

    mutating func endFile() throws(GloveboxError) { try add(.endFile) }

    mutating func symlink(_ path: TreePath, target: [UInt8]) throws(GloveboxError) {
        try add(.symlink(path, target: target))
    }

    /// The sink, once it has everything.
    ///
    /// - Throws: what the sink refused; a call that came later may have thrown it already.
    mutating func finish() throws(GloveboxError) -> Next {
        try flush()
        return try worker.settle()
    }

    private mutating func add(_ step: TreeStep) throws(GloveboxError) {
        batch.steps.append(step)
        if batch.steps.count >= Self.batchSteps || batch.bytes.count >= Self.batchBytes { try flush() }
    }

    private mutating func flush() throws(GloveboxError) {
        try worker.take(batch)
        batch = TreeBatch()
        batch.steps.reserveCapacity(Self.batchSteps)
        batch.bytes.reserveCapacity(Self.batchBytes + (1 << 14))
    }
}

/// Calls of a ``TreeSink``, and the bytes of those that bring few.
private struct TreeBatch: Sendable {
    var steps: [TreeStep] = []
    var bytes: [UInt8] = []

    func run(on sink: inout some TreeSink) throws(GloveboxError) {
        for step in steps {
            switch step {
            case .beginDirectory(let path): try sink.beginDirectory(path)
            case .endDirectory(let path): try sink.endDirectory(path)
            case .beginFile(let path, let executable, let size):
                try sink.beginFile(path, executable: executable, size: size)
            case .chunk(let range): try sink.chunk(bytes[range])
            case .large(let bytes): try sink.chunk(bytes)
            case .endFile: try sink.endFile()
            case .symlink(let path, let target): try sink.symlink(path, target: target)
            }
        }
    }
}

/// One call of a ``TreeSink``.
private enum TreeStep: Sendable {
    case beginDirectory(TreePath)
    case endDirectory(TreePath)
    case beginFile(TreePath, executable: Bool, size: Int64)
    case chunk(Range<Int>)
    case large(ArraySlice<UInt8>)
    case endFile
    case symlink(TreePath, target: [UInt8])
}

/// The thread of a ``SideSink``, and what it works on.
private final class SideWorker<Next: TreeSink & Sendable>: Sendable {
    private static var enough: Int { 4 }
    private let queue = DispatchQueue(label: "glovebox.tree")
    private let lanes: DigestLanes
    // Batches the sink has before it: a slow one holds the reader back instead of filling the memory.
    private let inFlight = Atomic(0)
    private let isRefused = Atomic(false)
    private let state: Mutex<(next: Next, failure: GloveboxError?)>

    init(_ next: Next, _ lanes: DigestLanes) {
        state = Mutex((next, nil))
        self.lanes = lanes
    }

    func take(_ batch: TreeBatch) throws(GloveboxError) {
        wait(for: DirectoryWalker.ahead - 1)
        if isRefused.load(ordering: .relaxed) { _ = try settle() }
        inFlight.add(1, ordering: .relaxed)
        queue.async { [self] in
            state.withLock { state in
                guard state.failure == nil else { return }
                do throws(GloveboxError) { try batch.run(on: &state.next) } catch {
                    state.failure = error
                    isRefused.store(true, ordering: .relaxed)
                }
            }
            inFlight.subtract(1, ordering: .sequentiallyConsistent)
            lanes.wakeReader()
        }
    }

    /// Waits for everything taken.
    func settle() throws(GloveboxError) -> Next {
        wait(for: 0)
        let (next, failure) = state.withLock { $0 }
        if let failure { throw failure }
        return next
    }

    /// Looks after the lanes until only so many batches are in flight.
    private func wait(for count: Int) {
        while true {
            let waiting = inFlight.load(ordering: .relaxed)
            // Read ahead no further than the sink needs, and before it needs it.
            if waiting <= min(count, Self.enough) { return }
            if lanes.help() { continue }
            if waiting <= count { return }
            lanes.wait { inFlight.load(ordering: .sequentiallyConsistent) <= count }
        }
    }
}
