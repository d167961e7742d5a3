import Foundation
import GloveboxCore
import Synchronization
import Testing

@testable import GloveboxMeasure

/// Three digests of a large file that two threads take together.
@Suite struct DigestLanesTests {
    @Test func `whoever takes which piece, all three digests are of all bytes in order`() throws {
        for round in 0..<40 {
            let starts = (0..<3).map { [UInt8](repeating: UInt8($0), count: 20 * $0 + round) }
            let lanes = DigestLanes()
            let streams = starts.map { start in
                var stream = SHA256Stream()
                stream.write(start[...])
                return stream
            }
            lanes.begin(streams[0], streams[1], streams[2])
            let ended = Atomic(false)
            let isOver = DispatchSemaphore(value: 0)
            // A reader that comes late, leaves early, or is there all the time.
            let helper = Thread {
                for _ in 0..<(round * 8) where !lanes.help() { lanes.wait { ended.load(ordering: .relaxed) } }
                isOver.signal()
            }
            helper.start()
            var all: [UInt8] = []
            for piece in 0..<(round % 5 * 30) {
                // Of different lengths, so that lanes cross blocks at different places.
                let bytes = [UInt8](repeating: UInt8(piece), count: 1000 + piece * 7)
                all += bytes
                lanes.write(bytes[...])
            }
            let digests = lanes.settle().map { stream in
                var stream = stream
                return stream.finish()
            }
            #expect(digests == starts.map { SHA256Stream.digest($0 + all) })
            ended.store(true, ordering: .relaxed)
            lanes.wakeReader()
            isOver.wait()
        }
    }

    @Test func `the slowest digest is never further behind than the buffers of the reader last`() {
        let lanes = DigestLanes()
        lanes.begin(SHA256Stream(), SHA256Stream(), SHA256Stream())
        #expect(DigestLanes.depth < DirectoryWalker.ahead)
        for _ in 0..<100 {
            lanes.write([UInt8](repeating: 1, count: 64)[...])
            #expect(lanes.pieceCount <= DigestLanes.depth)
        }
        _ = lanes.settle()
        #expect(lanes.pieceCount == 0)
    }
}
