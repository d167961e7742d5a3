internal import Dispatch
internal import GloveboxCore
internal import Synchronization

/// Hands a tree on to a sink that works on a thread of its own, so that reading and digesting go on side by side.
///
/// Used only where a person's own program measures, as ``DigestLane`` is and for its reason.
struct SideSink<Next: TreeSink & Sendable>: TreeSink {
    // Enough to make a change of threads cheap, and little enough for the caches.
    private static var batchBytes: Int { 1 << 18 }
    private static var batchSteps: Int { 1 << 10 }

    private let worker: SideWorker<Next>
    private var batch = TreeBatch()

    /// Puts a thread in front of a sink.
    init(_ next: Next) { worker = SideWorker(next) }

    mutating func beginDirectory(_ path: TreePath) { add(.beginDirectory(path)) }

    mutating func endDirectory(_ path: TreePath) { add(.endDirectory(path)) }

    mutating func beginFile(_ path: TreePath, executable: Bool, size: Int64) {
        add(.beginFile(path, executable: executable, size: size))
    }

    mutating func chunk(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count < Self.batchBytes else {
            add(.large(bytes))
            return flush()
        }
        // A copy of what is small: the reader's buffer is much larger, and is used again.
        let start = batch.bytes.count
        batch.bytes += bytes
        add(.chunk(start..<batch.bytes.count))
    }

    mutating func endFile() { add(.endFile) }

    mutating func symlink(_ path: TreePath, target: [UInt8]) {
        add(.symlink(path, target: target))
    }

    /// The sink, once it has everything.
    mutating func finish() throws(GloveboxError) -> Next {
        flush()
        return try worker.settle()
    }

    private mutating func add(_ step: TreeStep) {
        batch.steps.append(step)
        if batch.steps.count >= Self.batchSteps || batch.bytes.count >= Self.batchBytes { flush() }
    }

    private mutating func flush() {
        worker.take(batch)
        batch = TreeBatch()
        batch.steps.reserveCapacity(Self.batchSteps)
        batch.bytes.reserveCapacity(2 * Self.batchBytes)
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
    private let queue = DispatchQueue(label: "glovebox.tree")
    // A few batches in flight: a slow sink holds the reader back instead of filling the memory.
    private let room = DispatchSemaphore(value: 4)
    private let state: Mutex<(next: Next, failure: GloveboxError?)>

    init(_ next: Next) { state = Mutex((next, nil)) }

    func take(_ batch: TreeBatch) {
        room.wait()
        queue.async { [self] in
            state.withLock { state in
                guard state.failure == nil else { return }
                do throws(GloveboxError) { try batch.run(on: &state.next) } catch {
                    state.failure = error
                }
            }
            room.signal()
        }
    }

    /// Waits for everything taken.
    func settle() throws(GloveboxError) -> Next {
        let (next, failure) = queue.sync { state.withLock { $0 } }
        if let failure { throw failure }
        return next
    }
}
